"""NumPy's products of float16, which compiled steps make by way of float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore_numpy.halves import widened

A = np.random.default_rng(0).standard_normal((8, 40)).astype("f2")
B = np.random.default_rng(1).standard_normal((40, 5)).astype("f2")


def products(a: Any, b: Any) -> Any:
    xp = bp.array_namespace(a)
    c = xp.matmul(a, b)
    return c, xp.matmul(xp.matrix_transpose(c), xp.multiply(a, 2.0))


def test_they_are_made_in_float32_and_rounded_once() -> None:
    c, d = bp.compile(products)(A, B)
    assert (c.dtype, d.dtype) == (np.float16, np.float16)
    exact = A.astype("f8") @ B.astype("f8")
    assert np.array_equal(c, (A.astype("f4") @ B.astype("f4")).astype("f2"))
    assert np.abs(c - exact).max() <= 0.51 * np.spacing(np.abs(c).max())
    assert d == pytest.approx(c.astype("f8").T @ (2 * A.astype("f8")), rel=1e-3, abs=0.02)


def test_each_operand_is_cast_once() -> None:
    program = bp.record(products, A, B)
    new = widened(program)
    kinds = {str(new.types[x].dtype) for e in new.equations if e.function.name == "matmul" for x in e.inputs}
    assert kinds == {"float32"}
    assert [e.function.name for e in new.equations].count("astype") == 6
    again = bp.record(lambda a: bp.array_namespace(a).matmul(a, a), np.ones((3, 3), "f2"))
    assert [e.function.name for e in widened(again).equations] == ["astype", "matmul", "astype"]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_other_programs_stay_as_they_are(dtype: str) -> None:
    program = bp.record(products, A.astype(dtype), B.astype(dtype))
    assert widened(program) is program


def test_a_loop_is_the_same_memory() -> None:
    step = bp.compile(
        lambda s, a: (bp.array_namespace(a).add(s, bp.array_namespace(a).matmul(a, a)), s), carry=1
    )
    start, a = np.zeros((3, 3), "f2"), np.full((3, 3), 0.5, "f2")
    one, _ = step(start.copy(), a)
    assert one.tolist() == [[0.75] * 3] * 3
    many, _ = step.scan(start.copy(), np.stack([a] * 3))
    assert many.tolist() == [[2.25] * 3] * 3
