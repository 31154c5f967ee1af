"""Elements of one array or of another on NumPy: filled, put, or chosen by their bits; always the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore_numpy.lowering.choosing import BLOCK, FEW

XP = bp.namespace("numpy")
DTYPES = ("float16", "float32", "float64", "int32", "int64", "uint8", "bool", "complex64", "complex128")
SHAPES = ((), (1,), (0,), (7,), (64, 10), (3, FEW), (FEW + 1,), (2, BLOCK + 5))
SPECIAL = np.asarray([0.0, -0.0, 1.5, -2.0, np.inf, -np.inf, np.nan])


def values(shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    draw = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "fc":
        return np.asarray(draw.choice(SPECIAL, shape) if seed % 2 else draw.normal(size=shape)).astype(dtype)
    return np.asarray(draw.integers(0, 2 if dtype == "bool" else 100, shape)).astype(dtype)


def same_bits(got: Any, wanted: Any) -> None:
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    assert got.tobytes() == wanted.tobytes()


KINDS = ("array", "number", "constant", "row", "turned", "other dtype", "Python's")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DTYPES), st.sampled_from(SHAPES), st.sampled_from(KINDS), st.sampled_from(KINDS))
def test_the_bits_are_those_of_where(dtype: str, shape: tuple[int, ...], one: str, other: str) -> None:
    x, y = values(shape, dtype, 1), values(shape, dtype, 2)
    uniform = np.full(shape, values((), dtype, 3))
    wider = {"float32": XP.float64, "int32": XP.int64, "complex64": XP.complex128}

    def taken(kind: str, z: Any, c: Any) -> Any:
        made = XP.where(c, z, uniform)  # an array of the Program's own
        if kind == "number":
            return made[(0,) * made.ndim] if made.size else made
        if kind == "constant":
            return uniform
        if kind == "Python's" and kind != one:  # one of the two is an array
            return 0 if dtype[0] in "ui" else False if dtype == "bool" else -0.0
        if kind == "row" and made.ndim and made.size:
            return made[:1]
        if kind == "turned" and made.ndim > 1:
            return XP.matrix_transpose(XP.flip(XP.matrix_transpose(made)))
        return XP.astype(made, wider[dtype]) if kind == "other dtype" and dtype in wider else made

    def f(x: Any, y: Any, c: Any) -> Any:
        found = XP.where(XP.logical_and(c, c), taken(one, x, c), taken(other, y, c))
        return XP.flip(found), XP.where(c, found, XP.flip(found))

    c = values(shape, "bool", 4)
    for got, wanted in zip(bp.compile(f)(x, y, c), f(x, y, c), strict=True):
        same_bits(got, np.asarray(wanted))


def chosen(n: int, dtype: str = "float32") -> str:
    """Return the text of a choice between two vectors of `n` elements."""

    def f(x: Any, y: Any) -> Any:
        return XP.where(x * 1.0 > 0.0, x * 2.0, y * 3.0) + 1.0

    return bp.compile(f).source(np.ones(n, dtype), np.ones(n, dtype))


def test_few_are_put_and_many_chosen_by_their_bits() -> None:
    assert "putmask(" in chosen(FEW)
    assert "choose_float32(" in chosen(FEW + 1)
    assert "choose_float64(" in chosen(FEW + 1, "float64")
    assert "same_kind" in chosen(FEW + 1, "float16")  # no whole numbers of two bytes: as before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_equal_numbers_are_filled_in(dtype: str) -> None:
    nothing = np.zeros((64, 10), dtype)
    text = bp.compile(lambda x: XP.where(x * 1.0 > 0.0, x * 2.0, nothing) + 1.0).source(nothing)
    assert ".fill(" in text


def test_a_choice_allocates_nothing_that_grows() -> None:
    import tracemalloc

    step = bp.compile(lambda s, x: (XP.where(s > x, s * 0.5, s + 1.0), XP.sum(s)), carry=1)
    x = np.linspace(-1.0, 1.0, 300_000)
    s, _ = step(x, x)
    s, _ = step(s, x)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    s, _ = step(s, x)
    grown = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert grown < 20_000
