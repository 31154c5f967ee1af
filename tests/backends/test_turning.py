"""Matrices around large transposed products lie in columns: faster, and the same to everybody who looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.machine.step import make_step
from bpcore.program.compiled import compile as compile_
from bpcore.words.trees import leaves

XP = bp.namespace("numpy")
Move = Callable[[Any, Any, dict[str, Any]], Any]

N = 5
MOVES: dict[str, Move] = {
    "product": lambda a, b, p: XP.matmul(a, p["weight"]),
    "turned product": lambda a, b, p: XP.matmul(a, XP.matrix_transpose(p["weight"])),
    "from the left": lambda a, b, p: XP.matmul(XP.matrix_transpose(p["other"]), a),
    "of both": lambda a, b, p: XP.matmul(XP.matrix_transpose(a), b),
    "row": lambda a, b, p: XP.add(a, p["bias"]),
    "flat row": lambda a, b, p: XP.multiply(XP.expand_dims(p["bias"], axis=0), a),
    "column": lambda a, b, p: XP.subtract(a, XP.expand_dims(p["bias"], axis=1)),
    "two": lambda a, b, p: XP.add(a, b),
    "cut": lambda a, b, p: XP.maximum(a, 0.0),
    "whole number": lambda a, b, p: XP.multiply(a, 3),
    "slot's number": lambda a, b, p: XP.minimum(XP.multiply(a, 8), 7),
    "mask": lambda a, b, p: XP.multiply(a, XP.astype(XP.greater(b, 0.0), b.dtype)),
    "choice": lambda a, b, p: XP.where(XP.greater(a, b), a, XP.negative(b)),
    "tanh": lambda a, b, p: XP.tanh(a),
    "constant": lambda a, b, p: XP.add(a, np.arange(N, dtype=np.float32)),
    "matrix of constants": lambda a, b, p: XP.add(a, np.eye(N, dtype=np.float32)),
    "means": lambda a, b, p: XP.subtract(a, XP.mean(b, axis=1, keepdims=True)),
    "extremes": lambda a, b, p: XP.subtract(a, XP.max(b, axis=0)),
    "transposed": lambda a, b, p: XP.matrix_transpose(a),
    "reshaped": lambda a, b, p: XP.reshape(XP.reshape(a, (-1,)), (N, N)),
    "slice": lambda a, b, p: XP.concat([a[1:], b[:1]]),
}


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bpcore_numpy.lowering.turning.LARGE", 0)


def _made(seed: int) -> tuple[dict[str, Any], Any]:
    draw = np.random.default_rng(seed)
    arrays = [draw.normal(size=shape).astype(np.float32) for shape in [(N, N), (N, N), (N,), (N, N)]]
    return dict(zip(("weight", "other", "bias"), arrays, strict=False)), arrays[-1]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 2), st.integers(0, 2)), max_size=9),
    st.integers(0, 5),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from(["with x", "apart"]),
)
def test_any_function_of_matrices(
    steps: list[tuple[str, int, int]], seed: int, dtype: str, among: str
) -> None:
    params, x = _made(seed)
    apart, wide = among == "apart", dtype == "float64"

    def f(params: Any, x: Any) -> Any:
        found = [XP.matmul(x, XP.matrix_transpose(params["other"]))]
        for name, i, j in steps:
            found.append(
                MOVES[name](
                    found[-1 - i % len(found)], (found if apart else [*found, x])[-1 - j % len(found)], params
                )
            )
            found[-1] = XP.clip(found[-1], -9.0, 9.0) if name in ("product", "of both") else found[-1]
        total = XP.matmul(found[-1], XP.matrix_transpose(params["weight"]))
        slopes = XP.matmul(XP.matrix_transpose(found[-1]), total)
        more = () if apart else found[len(found) // 2]
        return {**params, "weight": slopes}, total, XP.sum(total, axis=0), more

    if wide:
        params, x = {name: value.astype(np.float64) for name, value in params.items()}, x.astype(np.float64)
    wanted = f(params, x)
    found = compile_(f, carry=1)(params, x)
    for a, b in zip(leaves(found), leaves(wanted), strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        scale = 1.0 + np.abs(b).max()
        np.testing.assert_allclose(a / scale, b / scale, rtol=0, atol=1e-12 if wide else 2e-5)


def test_a_step_of_two_hidden_layers_is_turned_and_trains_alike() -> None:
    draw = np.random.default_rng(0)
    batch = draw.normal(size=(8, 6)).astype(np.float32), draw.integers(0, 3, 8)
    net, optimizer = bp.MLP([6, 9, 9, 3]), bp.Adam(0.01)
    params = net.init(bp.key(0), (6,), dtype=np.dtype("float32"))
    step = make_step(net, bp.CrossEntropy(), optimizer)
    compiled, eager = compile_(step, carry=2), [params, optimizer.init(params)]
    carried = list(eager)
    assert compiled.source(*carried, batch).count("matrix_transpose") == 2  # of the batch, twice
    for _ in range(10):
        *eager, wanted = step(*eager, batch)
        *carried, report = compiled(*carried, batch)
        np.testing.assert_allclose(report["loss"], wanted["loss"], rtol=1e-5)
    for a, b in zip(leaves(carried), leaves(eager), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_double_precision_and_other_functions_keep_their_rows() -> None:
    params, x = _made(0)

    def f(params: Any, x: Any) -> Any:
        return XP.cumulative_sum(XP.matmul(x, XP.matrix_transpose(params["weight"])), axis=1)

    double = {name: value.astype(np.float64) for name, value in params.items()}
    for given_, array in ((params, x), (double, x.astype(np.float64))):
        np.testing.assert_array_equal(bp.compile(f)(given_, array), f(given_, array))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("number", [0.0, -0.0, 1.5, float("nan"), float("inf")])
def test_extremes_of_many_elements_and_a_number_keep_their_bits(dtype: str, number: float) -> None:
    x = np.random.default_rng(0).normal(size=(40, 50)).astype(dtype)
    x[0, :4] = 0.0, -0.0, np.nan, -np.inf

    def f(x: Any) -> Any:
        return XP.maximum(x * 2.0, number) * 1.0, XP.minimum(number, x * 2.0) * 1.0

    for got, wanted in zip(bp.compile(f)(x), f(x), strict=True):
        np.testing.assert_array_equal(got.view(np.uint8), wanted.view(np.uint8))


def test_a_small_transposed_matrix_is_copied_once() -> None:
    w = np.sin(np.arange(64.0 * 40)).reshape(64, 40)
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(8, 40)), draw.normal(size=(8, 40))

    def f(w: Any, x: Any, y: Any) -> Any:
        turned = XP.matrix_transpose(w * 1.0)
        return XP.matmul(x, turned) + XP.matmul(y, turned)

    assert bp.compile(f).source(w, x, y).count('"unsafe"') == 1
    np.testing.assert_array_equal(bp.compile(f)(w, x, y), f(w, x, y))
