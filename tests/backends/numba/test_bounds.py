"""An index that is out of bounds is an error, and what is carried stays what it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp

XP = bp.namespace("numpy")
INSIDE, OUTSIDE = [0, -5, 4], ([0, 5, 1], [-6, 0, 0], [2**40, 0, 0])


def summed(pick: Any) -> Any:
    return bp.grad(lambda x, i: XP.sum(XP.square(pick(x, i))))


CASES = {
    "brackets": lambda x, i: x[i],
    "take": lambda x, i: XP.take(x, i, axis=0),
    "along": lambda x, i: XP.take_along_axis(x, i, axis=0),
    "columns": lambda x, i: XP.stack([x, x])[:, i],
    "computed": lambda x, i: x[i * 1],
    "gradient": summed(lambda x, i: x[i]),
    "gradient along": summed(lambda x, i: XP.take_along_axis(x, i, axis=0)),
    "gradient of columns": summed(lambda x, i: XP.stack([x, x])[:, i]),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("given", OUTSIDE)
def test_an_index_out_of_bounds_is_an_error(name: str, given: list[int]) -> None:
    x = np.arange(5.0)
    native = bp.compile(CASES[name], backend="numba")
    for dtype in (np.int64, np.int32) if max(given) < 100 else (np.int64,):
        wanted = CASES[name](x, np.asarray(INSIDE))
        wrong = max(given, key=abs)
        for _ in range(2):
            np.testing.assert_array_equal(native(x, np.asarray(INSIDE, dtype)), wanted)
            with pytest.raises(IndexError, match=rf"given as {wrong}, .*length 5: .*from -5 to 4"):
                native(x, np.asarray(given, dtype))


def test_one_number_as_an_index() -> None:
    native = bp.compile(lambda x, i: x[i], backend="numba")
    assert float(native(np.arange(5.0), np.asarray(-1))) == 4.0
    with pytest.raises(IndexError, match="given as 5,"):
        native(np.arange(5.0), np.asarray(5))


@pytest.mark.parametrize("index", [lambda i: i, lambda i: i + XP.zeros_like(i) * 3])
def test_what_is_carried_is_left_as_it_was(index: Any) -> None:
    """The first result is computed before the index is looked at, the second one after it."""

    def f(a: Any, b: Any, i: Any) -> Any:
        return XP.multiply(a, 2.0), b + XP.sum(XP.multiply(a, 2.0)[index(i)]), XP.sum(a)

    native = bp.compile(f, carry=2, backend="numba")
    a, b, inside = np.arange(5.0), np.zeros(3), np.asarray(INSIDE)
    for _ in range(3):
        before = [x.copy() for x in native(a, b, inside)[:2]]
        a, b, _ = native(*before, inside)
        before = [a.copy(), b.copy()]
        with pytest.raises(IndexError):
            native(a, b, np.asarray([0, 9, 0]))
        assert [a.tolist(), b.tolist()] == [x.tolist() for x in before]
        wanted = f(*before, inside)
        a, b, _ = native(a, b, inside)
        assert [a.tolist(), b.tolist()] == [x.tolist() for x in wanted[:2]]


def test_carried_indices() -> None:
    native = bp.compile(lambda i, x: (i + 2, x[i]), carry=1, backend="numba")
    i, found = np.asarray([0]), []
    for _ in range(2):
        i, y = native(i, np.arange(4.0))
        found.append(y.tolist())
    with pytest.raises(IndexError, match="given as 4,"):
        native(i, np.arange(4.0))
    assert (found, i.tolist()) == ([[0.0], [2.0]], [4])


def test_a_scan_looks_at_all_steps_first() -> None:
    native = bp.compile(lambda s, x, i: (s + x[i], s * 1.0), carry=1, backend="numba")
    s, _ = native(np.zeros(1), np.arange(3.0), np.asarray([2]))
    xs = np.stack([np.arange(3.0)] * 4)
    with pytest.raises(IndexError, match="given as 3,"):
        native.scan(s, xs, np.asarray([[0], [1], [3], [2]]))
    assert s.tolist() == [2.0]
    s, _ = native.scan(s, xs, np.asarray([[0], [1], [-1], [2]]))
    assert s.tolist() == [7.0]


def test_views_of_indices_are_looked_at_alone() -> None:
    """What a view leaves out may be anything."""
    native = bp.compile(lambda x, i: (x[i[:, 0]], x[i[::2, 1]]), backend="numba")
    i = np.asarray([[0, 1], [1, 99], [2, 0]])
    assert [y.tolist() for y in native(np.arange(3.0), i)] == [[0.0, 1.0, 2.0], [1.0, 0.0]]
    with pytest.raises(IndexError, match="given as 99,"):
        native(np.arange(3.0), i[::-1, ::-1])


def test_a_function_without_indices_does_not_look() -> None:
    native = bp.compile(lambda x: x * 2.0, backend="numba")
    assert "smax" not in native.source(np.ones(3))
    assert native(np.ones(3)).tolist() == [2.0, 2.0, 2.0]
