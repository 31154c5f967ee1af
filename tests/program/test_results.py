"""What compiled functions return beside arrays, at the first call and at those that go on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bpcore as bp


def three_calls(backend: Any, f: Any, library: str | None = None) -> list[list[Any]]:
    """Return the results of three calls, each with what the last one carried; arrays as lists."""
    compiled = bp.compile(f, carry=1, backend=library)
    state, x, found = backend.array([0.0, 0.0]), backend.array([1.0, 2.0]), []
    for _ in range(3):
        results = compiled(state, x)
        state = results[0]
        found.append([backend.host(y).tolist() if hasattr(y, "shape") else y for y in results])
    return found


def test_a_number_beside_what_is_carried(backend: Any) -> None:
    found = three_calls(backend, lambda s, x: (s + x, 7))
    assert found == [[[1.0, 2.0], 7], [[2.0, 4.0], 7], [[3.0, 6.0], 7]]


def test_a_tree_of_arrays_and_values(backend: Any) -> None:
    compiled = bp.compile(lambda s, x: (s + x, {"n": 3, "twice": s * 2.0, "text": "so"}, None, x), carry=1)
    s, x = backend.array([0.0, 0.0]), backend.array([1.0, 2.0])
    for turn in range(3):
        s, tree, nothing, same = compiled(s, x)
        assert backend.host(s).tolist() == [turn + 1.0, 2.0 * (turn + 1)]
        assert backend.host(tree["twice"]).tolist() == [2.0 * turn, 4.0 * turn]
        assert (tree["n"], tree["text"], nothing) == (3, "so", None)
        assert backend.host(same).tolist() == [1.0, 2.0]


def test_a_result_given_twice_and_an_argument_returned(backend: Any) -> None:
    def f(s: Any, x: Any) -> Any:
        y = s * x
        return s + x, y, y, x, s

    for turn, results in enumerate(three_calls(backend, f)):
        old = [1.0 * turn, 2.0 * turn]
        y = [1.0 * turn, 4.0 * turn]
        assert results == [[1.0 + old[0], 2.0 + old[1]], y, y, [1.0, 2.0], old]


@pytest.mark.axes("numpy", "numpy:readonly")
def test_native_code_returns_values_too(
    backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite")
    monkeypatch.setenv("BPCORE_CACHE", str(tmp_path))
    found = three_calls(backend, lambda s, x: (s + x, 7, s * 2.0, s * 2.0, x), "numba")
    assert found[2] == [[3.0, 6.0], 7, [4.0, 8.0], [4.0, 8.0], [1.0, 2.0]]


@pytest.mark.axes("numpy", "torch")
def test_results_share_no_memory(backend: Any) -> None:
    compiled = bp.compile(lambda s, x: (s + x, 7, x, x, s), carry=1)
    s, x = backend.array([0.0, 0.0]), backend.array([1.0, 2.0])
    for _ in range(3):
        s, _, first, second, old = compiled(s, x)
        before = [backend.host(y).tolist() for y in (s, x, second, old)]
        first[0] = 99.0
        assert [backend.host(y).tolist() for y in (s, x, second, old)] == before


@pytest.mark.axes("numpy")
def test_a_scan_stacks_the_values_away(backend: Any) -> None:
    """Of each step a value is the same: it comes back once."""
    compiled = bp.compile(lambda s, x: (s + x, 7, s * x), carry=1)
    s, number, y = compiled.scan(backend.array([0.0]), backend.array([[1.0], [2.0], [3.0]]))
    assert (backend.host(s).tolist(), number, backend.host(y).tolist()) == ([6.0], 7, [[0.0], [2.0], [9.0]])


@pytest.mark.axes("numpy", "torch")
def test_the_text_is_there_beside_values(backend: Any) -> None:
    s, x = backend.array([0.0]), backend.array([1.0])
    compiled = bp.compile(lambda s, x: (s + x, 7, x), carry=1)
    compiled(s, x)
    assert "def program" in compiled.source(s, x)
