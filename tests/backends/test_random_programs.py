"""Functions that nobody wrote: compiled, they compute what they compute uncompiled, natively too."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.trees import leaves
from tests.program.passes.random_programs import NUMBERS, STEPS

XP = bp.namespace("numpy")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled code goes to a folder of the run's own."""
    pytest.importorskip("llvmlite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BPCORE_CACHE", str(tmp_path_factory.mktemp("native")))
        yield


def _flat(x: Any) -> Any:
    return XP.reshape(x, (-1,))


def _joined(a: Any, b: Any, n: int) -> Any:
    """Return one array, or two, or one with an empty one before or after it, as one."""
    a, b = _flat(a), _flat(b)
    return XP.concat([[a], [a, b], [a[:0], a], [a, b[:0]], [a, a]][n % 5])


def _joined_twice(a: Any, b: Any, n: int) -> Any:
    """Return what is made of an array that is computed, and is a part of two."""
    made = XP.multiply(_flat(a), 0.5)
    longer = XP.concat([made, XP.square(_flat(b))])
    return XP.subtract(_joined(made, b, n), XP.sum(longer))


def _axes(a: Any, n: int) -> Any:
    return None if n % 3 == 0 else tuple(range(a.ndim))[n % 2 :]


def _inverse(a: Any) -> Any:
    """Return the inverse of a matrix that has a good one; NumPy may raise there."""
    column = XP.reshape(XP.tanh(a), (-1, 1))
    return XP.linalg.inv(XP.matmul(column, XP.matrix_transpose(column)) + 2.0 * np.eye(a.size))


MORE: dict[str, Callable[[Any, Any, int], Any]] = {
    "divide": lambda a, b, n: STEPS["divide"](a, XP.square(b) + 1.0, n),
    "over": lambda a, b, n: XP.divide(a, NUMBERS[n % len(NUMBERS)] or 3.0),
    "joined": _joined,
    "joined twice": _joined_twice,
    "empty": lambda a, b, n: _flat(a)[:0],
    "sum of axes": lambda a, b, n: XP.sum(a, axis=_axes(a, n), keepdims=n % 2 == 0),
    "mean of axes": lambda a, b, n: XP.mean(a, axis=_axes(a, n), keepdims=n % 2 == 0),
    "taken": lambda a, b, n: XP.take(_flat(a), np.asarray([0, -1, 0]), axis=0),
    "inverse": lambda a, b, n: _inverse(a) if a.size < 7 else a,
    "turned round": lambda a, b, n: XP.flip(a),
}
WANT_ELEMENTS = {"logsumexp", "max", "mean", "mean of axes", "pick", "several", "taken", "inverse"}
ALL = STEPS | MORE
NAME = st.one_of(*(st.sampled_from(sorted(names)) for names in (ALL, MORE)))
STEP = st.tuples(NAME, st.integers(0, 30), st.integers(0, 30), st.integers(0, 11))
SHAPES = [(), (1,), (0,), (3,), (2, 3)]
LARGEST = 200


class Drawn(NamedTuple):
    """A function of arrays of some shapes, how many of which it carries, and what it computed on the way."""

    f: Any
    shapes: list[Any]
    carry: int
    there: list[Any]


@st.composite
def functions(draw: Any) -> Drawn:
    """Return a function; its first results are the next values of what it carries."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=4))
    carry = draw(st.integers(0, len(shapes) - 1))
    steps = draw(st.lists(STEP, min_size=1, max_size=14))
    ends = draw(st.lists(st.integers(0, 30), min_size=len(shapes), max_size=len(shapes) + 1))
    there: list[Any] = []

    def f(*given_: Any) -> Any:
        there[:] = given_
        for name, i, j, n in steps:
            a, b = there[-1 - i % len(there)], there[-1 - j % len(there)]
            if a.size or name not in WANT_ELEMENTS:
                made = ALL[name](a, b, n)
                there.extend([made] if made.size <= LARGEST and made.ndim < 4 else [])
        fitting = [[x for x in there if x.shape == shape] for shape in shapes[:carry]]
        homes = [xs[-1 - i % len(xs)] for xs, i in zip(fitting, ends, strict=False)]
        return (*homes, *(there[-1 - i % len(there)] for i in ends[carry:]))

    return Drawn(f, shapes, carry, there)


def _arguments(shapes: list[Any], seed: int) -> list[Any]:
    random = np.random.default_rng(seed)
    return [np.asarray(random.normal(size=shape)) for shape in shapes]


def _near(got: Any, wanted: Any, size: float) -> None:
    for one, other in zip(got, wanted, strict=True):
        assert (one.shape, one.dtype) == (np.shape(other), other.dtype)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12 * size)


def _eager(drawn: Drawn, args: list[Any]) -> tuple[list[Any], float]:
    """Return the results, and the largest number on the way: what it is right to."""
    results = [np.array(y) for y in drawn.f(*args)]
    sizes = [np.max(np.abs(x), initial=1.0, where=np.isfinite(x)) for x in drawn.there]
    return results, float(max(sizes))


def is_what_it_is(drawn: Drawn, backend: str) -> None:
    """Compare three calls, then three steps of a scan, with the function itself."""
    f, shapes, carry, _ = drawn
    compiled = bp.compile(f, carry=carry, backend=backend)
    start = _arguments(shapes, 0)[:carry]
    others = [_arguments(shapes, seed)[carry:] for seed in range(3)]
    eager, carried, size = start, start, 1.0
    reports: list[Any] = []
    for args in others:
        wanted, here = _eager(drawn, [*eager, *args])
        size = max(size, here)
        got = compiled(*carried, *args)
        reports.append((got[carry:], wanted[carry:]))
        eager, carried = wanted[:carry], got[:carry]
        _near(got, wanted, size)
    for got, wanted in reports:  # what is not carried stays as it was returned
        _near(got, wanted, size)
    if carry:
        stacked = [np.stack(column) for column in zip(*others, strict=True)]
        found = compiled.scan(*start, *stacked)
        _near(found[:carry], eager, size)
        for i, column in enumerate(found[carry:]):
            _near(column, [wanted[i] for _, wanted in reports], size)


@settings(max_examples=300, deadline=None)
@given(functions())
def test_compiled_a_function_is_what_it_is(drawn: Any) -> None:
    with np.errstate(all="ignore"):
        is_what_it_is(drawn, "numpy")


@settings(max_examples=100, deadline=None)
@given(functions())
@pytest.mark.usefixtures("cache")
def test_natively_too(drawn: Any) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy runs what there is no native code for
        is_what_it_is(drawn, "numba")


def near(got: Any, wanted: Any, digits: float = 1e-13) -> None:
    for a, b in zip(leaves(got), leaves(wanted), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=digits, atol=digits)


UNARY = (XP.tanh, XP.exp, XP.square, XP.negative, lambda x: x * 0.5, lambda x: 1.0 - x, XP.abs)
BINARY = (XP.add, XP.subtract, XP.multiply, XP.maximum, lambda a, b: XP.where(a > b, a, b))


@st.composite
def carriers(draw: Any) -> Any:
    """Return a function that carries three arrays, some of which are made of each other, and a report."""
    steps = draw(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 20), st.integers(0, 20)), max_size=12))
    ends = draw(st.lists(st.integers(0, 20), min_size=5, max_size=5))

    def f(carried: Any, x: Any) -> Any:
        values = [*carried, x]
        for which, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            new = UNARY[which](a) if which < len(UNARY) else BINARY[which - len(UNARY)](a, b)
            values.append(XP.clip(new, -3.0, 3.0) if which == 1 else new)
            if which == 6:
                values.append(values[-1][::-1])
                values.append(XP.concat([a[:2], b[2:]]))
        chosen = [values[i % len(values)] for i in ends]
        return tuple(chosen[:3]), (chosen[3], XP.sum(chosen[4]))

    return f


def same_as_not_carried(f: Any) -> None:
    """Compare three steps with those of the function itself."""
    compiled = bp.compile(f, carry=1)
    eager: Any = tuple(np.sin(np.arange(4.0) + k) for k in range(3))
    carried = eager
    for number in range(3):
        x = np.cos(np.arange(4.0) * (number + 1))
        eager, wanted = f(eager, x)
        carried, reported = compiled(carried, x)
        near(reported, wanted, 1e-12)
        near(carried, eager, 1e-12)


@settings(max_examples=150, deadline=None)
@given(carriers())
def test_whatever_is_carried_it_is_as_if_it_were_not(f: Any) -> None:
    same_as_not_carried(f)


REDUCTIONS = {
    "sum": (XP.sum, np.sum),
    "mean": (XP.mean, np.mean),
    "max": (XP.max, np.max),
    "min": (XP.min, np.min),
}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_reductions_of_every_axis(data: Any) -> None:
    ours, theirs = REDUCTIONS[data.draw(st.sampled_from(sorted(REDUCTIONS)))]
    shape = tuple(data.draw(st.lists(st.sampled_from((1, 2, 3, 33, 40)), max_size=3)))
    axes = st.sets(st.integers(0, len(shape) - 1)) if shape else st.just(())
    axis = data.draw(st.one_of(st.none(), axes.map(tuple)))
    keepdims, dtype = data.draw(st.booleans()), data.draw(st.sampled_from((np.float32, np.float64, np.int64)))
    if ours is XP.mean and dtype is np.int64:
        dtype = np.float64
    x = (np.sin(np.arange(1.0, 1.0 + np.prod(shape))) * 100).reshape(shape).astype(dtype)

    def f(x: Any) -> Any:
        negative = XP.negative(x)
        found = ours(negative, axis=axis, keepdims=keepdims)
        return found, found * 2, XP.sum(found)

    found = bp.compile(f)(x)
    first = theirs(-x, axis=axis, keepdims=keepdims)
    for got, wanted in zip(found, (first, first * 2, np.sum(first)), strict=True):
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(got, wanted, rtol=100 * np.finfo(np.float32).eps, atol=1e-3)
        if got.dtype == np.float64:
            np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-10)
