"""Functions that nobody wrote, compiled on the stand-in device: calls, carried arrays and loops are right."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from hypothesis import given, settings

import bpcore as bp
from bpcore_cupy.compiling import NotCaptured
from tests.backends.cupy.lowering.outside import OnStandIn
from tests.backends.test_random_programs import _check, carriers, functions, near


@settings(max_examples=60, deadline=None)
@given(functions())
def test_compiled_a_function_is_what_it_is(drawn: Any) -> None:
    stand_in = OnStandIn()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", NotCaptured)
        _check(drawn, stand_in.backend(gathers=False))
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
