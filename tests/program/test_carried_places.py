"""Carried results in every order, given twice, and passed as data: each ends where it belongs."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from bpcore.program.compiled import compile as compile_

START = ([10.0, 20.0], [2.0, 0.5], [3.0, 0.25])


def same(backend: Any, found: Any, wanted: Any) -> None:
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(
            backend.host(a), backend.host(b), rtol=100 * backend.eps, atol=10 * backend.eps
        )


@pytest.mark.parametrize("order", [*permutations(range(3)), (0, 1, 1), (0, 0, 0), (2, 1, 2)])
def test_adams_formulas_in_every_order(backend: Any, order: tuple[int, ...]) -> None:
    """PyTorch has one call for them, which writes each result over its own operand."""
    xp = backend.xp

    def step(p: Any, m: Any, v: Any, g: Any, rate: Any, small: Any) -> Any:
        m = m * 0.9 + g * 0.1
        v = v * 0.999 + xp.square(g) * 0.001
        results = (p - (m * rate) / (xp.sqrt(v) + small), m, v)
        return tuple(results[i] for i in order)

    compiled = compile_(step, carry=3)
    eager = carried = [backend.array(values) for values in START]
    for number in range(3):
        more = backend.array([5.0, number + 1.0]), backend.array(0.1), backend.array(1e-6)
        eager = step(*eager, *more)
        carried = compiled(*carried, *more)
        same(backend, carried, eager)


def test_a_carried_array_is_data_too(backend: Any) -> None:
    compiled = compile_(lambda s, x: (s + x, s * x), carry=1)
    s, _ = compiled(backend.array([0.5, 1.0]), backend.array([1.0, 1.0]))
    s, squares = compiled(s, s)
    assert backend.host(s).tolist() == [3.0, 4.0]
    assert backend.host(squares).tolist() == [2.25, 4.0]
    s, rows = compiled.scan(s[:1], backend.xp.expand_dims(s, axis=1))
    assert backend.host(s).tolist() == [10.0]
    assert backend.host(rows).tolist() == [[9.0], [24.0]]


@pytest.mark.axes("numpy", "torch")
def test_the_text_is_there_before_the_first_call(backend: Any) -> None:
    compiled = compile_(lambda s, x: (s + x, s * x), carry=1)
    s, x = backend.array([0.5, 1.0]), backend.array([1.0, 1.0])
    text = compiled.source(s, x)
    assert text.startswith("def program(")
    s, _ = compiled(s, x)
    assert backend.host(s).tolist() == [1.5, 2.0]
    assert compiled.source(s, x) == text
