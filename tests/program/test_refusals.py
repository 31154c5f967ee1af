"""A step that cannot be recorded says in one line where, what was done, and what to write instead."""

# ruff: noqa: PLW0108 - a lambda is the user's own line

from __future__ import annotations

import functools
import heapq
import math
import statistics
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import EscapedTrace, InPlace, NotDifferentiable, OptionError, RecordError

XP = bp.namespace("numpy")
X, N = np.asarray([1.0, 2.0, -3.0]), np.asarray(2)
CLOSED = np.zeros(3)


def assigns_outside(x: Any) -> Any:
    CLOSED[0] = x[0]
    return x


def loops(x: Any) -> Any:
    while x[0] > 0:
        x = x - 1
    return x


def scipy_inside(x: Any) -> Any:
    optimize = pytest.importorskip("scipy.optimize")
    return optimize.minimize(lambda t: 0.0, x)


READING: dict[str, tuple[Any, Any, str, str]] = {
    "float": (lambda x: x * float(x[0]), X, "float()", "keep the number an array"),
    "int": (lambda x: x * int(x[0]), X, "int()", "keep the number an array"),
    "complex": (lambda x: complex(x[0]), X, "complex()", "keep the number an array"),
    "bool": (lambda x: x * bool(x[0]), X, "bool()", "use where() for the branch"),
    "if": (lambda x: x if x[0] > 0 else -x, X, "bool()", "use where()"),
    "while": (loops, X, "bool()", "use where()"),
    "and": (lambda x: (x > 0) and (x < 2), X, "bool()", "use where()"),
    "chain": (lambda x: 0 < x[0] < 1, X, "bool()", "use where()"),
    "in": (lambda x: 1.0 in x, X, "bool()", "use where()"),
    "sorted": (lambda x: sorted(x), X, "bool()", "use where()"),
    "max": (lambda x: max(x[0], x[1]), X, "bool()", "use where()"),
    "reduce": (lambda x: functools.reduce(max, [x[0], x[1]]), X, "bool()", "use where()"),
    "heap": (lambda x: heapq.nlargest(1, x), X, "bool()", "use where()"),
    "item": (lambda x: x * x[0].item(), X, "item()", "keep it an array"),
    "tolist": (lambda x: x.tolist(), X, "tolist()", "keep it an array"),
    "round": (lambda x: round(x[0]), X, "round()", "keep it an array"),
    "format": (lambda x: f"{x[0]:.3f}", X, "format()", "print what is returned"),
    "percent": (lambda x: "%.3f" % x[0], X, "float()", "keep the number"),  # noqa: UP031
    "hash": (lambda x: {x: 1}, X, "hash()", "make keys of numbers or words"),
    "asarray": (lambda x: np.asarray(x), X, "an array of NumPy's", "own namespace"),
    "NumPy's ufunc": (lambda x: np.sqrt(x), X, "a function of NumPy's own", "own namespace"),
    "NumPy's function": (lambda x: np.sum(x), X, "numpy.sum", "own namespace"),
    "math": (lambda x: math.sqrt(x[0]), X, "float()", "keep the number"),
    "statistics": (lambda x: statistics.mean(x), X, "an operation that these arrays have not", "namespace"),
    "SciPy": (scipy_inside, X, "an array of NumPy's", "own namespace"),
    "nonzero": (lambda x: XP.nonzero(x)[0], X, "nonzero()", "keep the shape"),
    "unique": (lambda x: XP.unique_values(x), X, "unique_all()", "keep the shape"),
    "mask": (lambda x: x[x > 0], X, "a mask as an index", "keep the shape"),
    "slice": (lambda n: X[:n], N, "index()", "index with take()"),
    "range": (lambda n: list(range(n)), N, "index()", "bind a length as a number"),
    "reshape": (lambda n: XP.reshape(XP.ones(4), (n, 2)), N, "index()", "bind a length"),
    "closed over": (assigns_outside, X, "an assignment into an array of NumPy's", "zeros_like"),
}


@pytest.mark.parametrize("way", READING)
def test_what_reads_a_value_is_told_with_its_line(way: str) -> None:
    f, x, reader, do = READING[way]
    with pytest.raises(RecordError) as caught:
        bp.compile(f)(x)
    told = str(caught.value)
    assert "\n" not in told
    assert told.startswith(reader)
    assert do in told
    file, _, line = caught.value.where.rpartition(":")
    first = f.__code__.co_firstlineno
    assert file == __file__
    assert first <= int(line) <= first + 3
    assert caught.value.text
    assert f"({caught.value.text})" in told


def test_a_function_without_a_file_has_a_line_and_no_text() -> None:
    names: dict[str, Any] = {}
    exec("def step(x):\n    if x[0] > 0:\n        return x\n    return -x\n", names)  # noqa: S102
    with pytest.raises(RecordError) as caught:
        bp.compile(names["step"])(X)
    assert (caught.value.where, caught.value.text) == ("<string>:2", "")


def test_a_long_line_is_cut() -> None:
    with pytest.raises(RecordError) as caught:
        bp.record(lambda x: x * float(x[0]) + float(x[1]) + float(x[2]) + float(x[0]) + float(x[1]), X)
    assert caught.value.text.endswith("...")
    assert len(caught.value.text) == 83


def _writes(x: Any) -> Any:
    x[0] = 1.0
    return x


OTHERS: dict[str, tuple[Any, Any, type[Exception], str]] = {
    "an argument is written": (_writes, X, InPlace, "x[0] = 1.0"),
    "a method": (lambda x: x.sum(), X, AttributeError, r"write xp\.sum\(x\)"),
    "a length": (lambda n: XP.arange(n), N, NotDifferentiable, "its length would depend on values"),
    "an option": (lambda n: XP.sum(XP.ones((2, 2)), axis=n), N, NotDifferentiable, "options as numbers"),
    "no axes": (lambda x: list(x), np.asarray(2.0), TypeError, "no axes"),
}


@pytest.mark.parametrize("way", OTHERS)
def test_other_errors_are_told_their_line(way: str) -> None:
    f, x, kind, told = OTHERS[way]
    with pytest.raises(kind, match="while the function is recorded") as caught:
        bp.compile(f)(x)
    assert told.replace("\\", "") in str(caught.value)
    assert str(caught.value).count(f" At {__file__}:") == 1


def test_an_array_that_leaked_is_refused_where_it_is_used() -> None:
    leaked: list[Any] = []

    def leaks(x: Any) -> Any:
        leaked.append(x * 2)
        return x

    bp.compile(leaks)(X)
    with pytest.raises(EscapedTrace, match=rf"ended: .* At {__file__}:"):
        bp.compile(lambda x: x + leaked[0])(X)


def test_what_is_returned_that_makes_arrays_later() -> None:
    with pytest.raises(OptionError, match="must be arrays in dicts, lists and tuples, was given 'generator'"):
        bp.compile(lambda x: (y for y in x))(X)
    with pytest.raises(OptionError, match=r"returns at 1 must be .* was given 'map'\. Make a list"):
        bp.compile(lambda x: (x, map(abs, x)))(X)


def test_an_error_of_the_users_own_stays_as_it_is() -> None:
    def f(x: Any) -> Any:
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        bp.record(f, X)


def test_shapes_and_lengths_may_be_read() -> None:
    f = bp.compile(lambda x: [x * x.shape[0], x * len(x), None, "word", str(x.dtype)])
    result = f(X)
    assert result[0].tolist() == [3.0, 6.0, -9.0]
    assert result[2:] == [None, "word", "float64"]
