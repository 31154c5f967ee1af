"""Functions that nobody wrote, compiled on the stand-in device: calls, carried arrays and loops are right."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore_cupy.compiling import NotCaptured
from tests.backends.cupy.lowering.outside import OnStandIn
from tests.backends.test_random_programs import BINARY, UNARY, XP, carriers, functions, is_what_it_is, near


@settings(max_examples=60, deadline=None)
@given(functions())
def test_compiled_a_function_is_what_it_is(drawn: Any) -> None:
    stand_in = OnStandIn()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCaptured)
        is_what_it_is(drawn, stand_in.backend(gathers=False))
    assert not stand_in.products.library.wrong


@settings(max_examples=60, deadline=None)
@given(carriers())
def test_whatever_is_carried_it_is_as_if_it_were_not(f: Any) -> None:
    stand_in = OnStandIn()
    compiled = bp.compile(f, carry=1, backend=stand_in.backend(gathers=False))
    eager: Any = tuple(np.sin(np.arange(4.0) + k) for k in range(3))
    carried = eager
    for number in range(4):
        x = np.cos(np.arange(4.0) * (number + 1))
        eager, wanted = f(eager, x)
        carried, reported = compiled(carried, x)
        near(reported, wanted, 1e-12)
        near(carried, eager, 1e-12)


N = 32
"""Elements of float64 that end at a multiple of 256 bytes, so that arrays of them may lie side by side."""


@st.composite
def side_by_side(draw: Any) -> Any:
    """Return a function that carries four arrays, joins and cuts arrays, and multiplies them as matrices."""
    step = st.tuples(st.integers(0, 14), st.integers(0, 20), st.integers(0, 20))
    steps = draw(st.lists(step, max_size=14))
    ends = draw(st.lists(st.integers(0, 20), min_size=6, max_size=6))

    def f(carried: Any, x: Any) -> Any:
        values = [*carried, x]
        for which, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            if which < len(UNARY):
                values.append(XP.clip(UNARY[which](a), -3.0, 3.0))
            elif which < len(UNARY) + len(BINARY):
                values.append(BINARY[which - len(UNARY)](a, b))
            elif which == 12:
                joined = XP.concat([a, b])
                values += [XP.tanh(joined)[:N], XP.sin(joined)[N:]]
            elif which == 13:
                values.append(XP.sum(XP.stack([a, b, a]), axis=0))
            else:
                m = XP.reshape(a, (4, 8))
                product = XP.matmul(m, XP.matmul(XP.matrix_transpose(m), XP.reshape(b, (4, 8))))
                values.append(XP.reshape(XP.tanh(product), (N,)))
        chosen = [values[i % len(values)] for i in ends]
        return tuple(chosen[:4]), (chosen[4], XP.sum(chosen[5]))

    return f


@settings(max_examples=50, deadline=None)
@given(side_by_side())
def test_arrays_that_lie_side_by_side_are_each_their_own(f: Any) -> None:
    compiled = bp.compile(f, carry=1, backend=OnStandIn().backend(gathers=False))
    first: Any = tuple(np.sin(np.arange(float(N)) + k) for k in range(4))
    xs = [np.cos(np.arange(float(N)) * (number + 1)) for number in range(4)]
    eager = carried = first
    for x in xs:
        eager, wanted = f(eager, x)
        carried, reported = compiled(carried, x)
        near(reported, wanted, 1e-10)
        near(carried, eager, 1e-10)
    near(compiled.scan(first, np.stack(xs))[0], eager, 1e-10)
