"""Products on a CUDA device: values, epilogues, captures, kept algorithms. Skipped where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bpcore_cupy.products import Handle, Operand, Plan, plan_of
from tests.backends.cupy.products.interpreter import gelu, gelu_slope

Axis = Any
pytestmark = [pytest.mark.axes("cupy"), pytest.mark.gpu]

NEAR = {"float32": 1e-5, "float64": 1e-13, "float16": 4e-3, "tf32": 2e-3, "bfloat16": 1.6e-2}
"""What a sum of products may err by, as a part of the largest."""

WIDTHS = [(128, 784, 512), (128, 512, 10), (4096, 1024, 256), (200, 2, 16)]


@pytest.fixture
def handle(backend: Axis) -> Iterator[Handle]:
    import cupy

    with Handle(cupy.cuda.alloc) as handle:
        yield handle
        cupy.cuda.Device().synchronize()


def numbers(seed: int, *shape: int, dtype: str = "float32") -> Any:
    import cupy

    return cupy.asarray(np.random.default_rng(seed).standard_normal(shape).astype(dtype))


def operand(x: Any) -> Operand:
    strides = tuple(stride // x.itemsize for stride in x.strides)
    lowest = x.data.ptr & -x.data.ptr
    return Operand(x.shape, strides, x.dtype.name, min(lowest, 256))


def enqueue(handle: Handle, plan: Plan, *arrays: Any, **named: Any) -> None:
    """Enqueue a product on the current stream, or skip the test with the library's own reason."""
    import cupy

    prepared = handle.prepare(plan)
    if prepared is None:
        pytest.skip(f"{plan.text}: {handle.refused[plan]}")
    addresses = {name: array.data.ptr for name, array in named.items()}
    prepared(cupy.cuda.get_current_stream().ptr, *(x.data.ptr for x in arrays), **addresses)


def near(found: Any, expected: Any, kind: str) -> None:
    scale = max(float(np.abs(expected).max()), 1.0)
    np.testing.assert_allclose(found.get().astype("f8"), expected, rtol=0, atol=NEAR[kind] * scale)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("turned", ["", "a", "b", "c", "ab"])
@pytest.mark.parametrize("shape", WIDTHS)
def test_values(handle: Handle, dtype: str, turned: str, shape: tuple[int, int, int]) -> None:
    m, k, n = shape
    a = numbers(1, k, m, dtype=dtype).T if "a" in turned else numbers(1, m, k, dtype=dtype)
    b = numbers(2, n, k, dtype=dtype).T if "b" in turned else numbers(2, k, n, dtype=dtype)
    c = numbers(3, n, m, dtype=dtype).T if "c" in turned else numbers(3, m, n, dtype=dtype)
    enqueue(handle, plan_of(operand(a), operand(b), operand(c)), a, b, c)
    near(c, a.get().astype("f8") @ b.get().astype("f8"), dtype)


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16", "float16"])
def test_precisions_err_as_they_say(handle: Handle, precision: str) -> None:
    a, b, c = numbers(1, 512, 512), numbers(2, 512, 512), numbers(3, 512, 512)
    enqueue(handle, plan_of(operand(a), operand(b), operand(c), precision=precision), a, b, c)
    expected = a.get().astype("f8") @ b.get().astype("f8")
    near(c, expected, precision)
    if precision == "float32":  # TF32 would err by about 1e-3 of the largest
        assert np.abs(c.get() - expected).max() < 1e-5 * np.abs(expected).max()


def test_stacks_and_repeated_matrices(handle: Handle) -> None:
    a, b, c = numbers(1, 6, 32, 24), numbers(2, 24, 40), numbers(3, 6, 32, 40)
    enqueue(handle, plan_of(operand(a), operand(b), operand(c)), a, b, c)
    near(c, a.get().astype("f8") @ b.get().astype("f8"), "float32")
    one = numbers(4, 32, 24)
    b = numbers(5, 6, 24, 40)
    enqueue(handle, plan_of(operand(one), operand(b), operand(c)), one, b, c)
    near(c, one.get().astype("f8") @ b.get().astype("f8"), "float32")


@pytest.mark.parametrize("precision", ["float32", "tf32"])
@pytest.mark.parametrize("shape", WIDTHS)
@pytest.mark.parametrize("epilogue", ["bias", "relu_bias", "gelu_bias"])
def test_a_bias_and_what_follows(
    handle: Handle, epilogue: str, shape: tuple[int, int, int], precision: str
) -> None:
    m, k, n = shape
    a, b, bias, c = numbers(1, m, k), numbers(2, k, n), numbers(3, n), numbers(4, m, n)
    plan = plan_of(operand(a), operand(b), operand(c), epilogue=epilogue, precision=precision)
    enqueue(handle, plan, a, b, c, bias=bias)
    expected = a.get().astype("f8") @ b.get().astype("f8") + bias.get()
    expected = np.maximum(expected, 0) if "relu" in epilogue else expected
    near(c, gelu(expected) if "gelu" in epilogue else expected, precision)


@pytest.mark.parametrize("which", ["relu", "gelu"])
@pytest.mark.parametrize("sums", ["", "_bgrad"])
@pytest.mark.parametrize(("m", "n"), [(128, 512), (200, 16), (33, 130)])
def test_forward_and_back(handle: Handle, which: str, sums: str, m: int, n: int) -> None:
    import cupy

    x, w, bias, h = numbers(1, m, 24), numbers(2, 24, n), numbers(3, n), numbers(4, m, n)
    forward = plan_of(operand(x), operand(w), operand(h), epilogue=f"{which}_aux_bias")
    assert forward.aux
    kept = cupy.zeros(forward.aux.nbytes, "uint8")
    enqueue(handle, forward, x, w, h, bias=bias, aux=kept)
    g, v, dz, db = numbers(5, m, 40), numbers(6, n, 40), numbers(7, m, n), numbers(8, n)
    back = plan_of(operand(g), operand(v.T), operand(dz), epilogue=f"d{which}{sums}")
    enqueue(handle, back, g, v, dz, aux=kept, **({"bias": db} if sums else {}))
    before = x.get().astype("f8") @ w.get().astype("f8") + bias.get()
    slope = (before > 0) if which == "relu" else gelu_slope(before)
    expected = (g.get().astype("f8") @ v.get().astype("f8").T) * slope
    near(h, np.maximum(before, 0) if which == "relu" else gelu(before), "float32")
    near(dz, expected, "float32")
    if sums:
        near(db, expected.sum(axis=0), "float32")


def test_nothing_comes_back_through_a_sum_of_zero(handle: Handle) -> None:
    """Whether a mask's bit is ``z > 0`` or ``z >= 0`` is seen only here: a sample of zeros, and no bias."""
    import cupy

    x, w, bias, h = (
        cupy.zeros((128, 24), "float32"),
        numbers(1, 24, 64),
        cupy.zeros(64, "float32"),
        numbers(2, 128, 64),
    )
    forward = plan_of(operand(x), operand(w), operand(h), epilogue="relu_aux_bias")
    assert forward.aux
    kept = cupy.zeros(forward.aux.nbytes, "uint8")
    enqueue(handle, forward, x, w, h, bias=bias, aux=kept)
    g, v, dz = numbers(3, 128, 40), numbers(4, 64, 40), numbers(5, 128, 64)
    enqueue(handle, plan_of(operand(g), operand(v.T), operand(dz), epilogue="drelu"), g, v, dz, aux=kept)
    assert not dz.get().any()


def test_relu_hands_on_what_is_not_a_number(handle: Handle) -> None:
    a, b, bias, c = numbers(1, 64, 32), numbers(2, 32, 48), numbers(3, 48), numbers(4, 64, 48)
    a[7, 3] = float("nan")
    enqueue(handle, plan_of(operand(a), operand(b), operand(c), epilogue="relu_bias"), a, b, c, bias=bias)
    assert np.isnan(c.get()[7]).all()


@pytest.mark.parametrize("epilogue", ["bgrad_a", "bgrad_b"])
def test_a_gradient_of_weights_with_that_of_the_bias(handle: Handle, epilogue: str) -> None:
    x, g, dw = numbers(1, 128, 784), numbers(2, 128, 512), numbers(3, 784, 512)
    a, length = x.T, 784 if epilogue == "bgrad_a" else 512
    db = numbers(4, length)
    enqueue(handle, plan_of(operand(a), operand(g), operand(dw), epilogue=epilogue), a, g, dw, bias=db)
    near(dw, a.get().astype("f8") @ g.get().astype("f8"), "float32")
    near(db, (x if epilogue == "bgrad_a" else g).get().astype("f8").sum(axis=0), "float32")


def test_a_bias_that_lies_anywhere(handle: Handle) -> None:
    """Parts of a flat vector begin at any element: the alignment that a plan is told is what is asked for."""
    a, b, c, flat = numbers(1, 64, 32), numbers(2, 32, 48), numbers(3, 64, 48), numbers(4, 60)
    bias = flat[1:49]
    plan = plan_of(operand(a), operand(b), operand(c), epilogue="relu_bias", bias_alignment=4)
    enqueue(handle, plan, a, b, c, bias=bias)
    near(c, np.maximum(a.get().astype("f8") @ b.get().astype("f8") + bias.get(), 0), "float32")


def test_a_weight_that_lies_anywhere(handle: Handle) -> None:
    flat, a, c = numbers(1, 3 + 32 * 48), numbers(2, 64, 32), numbers(3, 64, 48)
    b = flat[3:].reshape(32, 48)
    enqueue(handle, plan_of(operand(a), replace(operand(b), alignment=4), operand(c)), a, b, c)
    near(c, a.get().astype("f8") @ b.get().astype("f8"), "float32")


def test_a_capture_replays_the_same_bits(handle: Handle) -> None:
    import cupy

    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        a, b, bias, c = numbers(1, 128, 784), numbers(2, 784, 512), numbers(3, 512), numbers(4, 128, 512)
        plan = plan_of(operand(a), operand(b), operand(c), epilogue="relu_bias", precision="tf32")
        enqueue(handle, plan, a, b, c, bias=bias)
        eager = c.get()
        c[...] = 0
        stream.begin_capture()
        enqueue(handle, plan, a, b, c, bias=bias)
        graph = stream.end_capture()
        for _ in range(3):
            c[...] = 0
            graph.launch(stream)
            np.testing.assert_array_equal(c.get(), eager)
        a[...] = -a
        graph.launch(stream)
        changed = c.get()
        enqueue(handle, plan, a, b, c, bias=bias)
        np.testing.assert_array_equal(c.get(), changed)
        stream.synchronize()


def test_an_algorithm_that_was_kept_gives_the_same_bits(handle: Handle) -> None:
    import cupy

    a, b, c = numbers(1, 256, 784), numbers(2, 784, 512), numbers(3, 256, 512)
    plan = plan_of(operand(a), operand(b), operand(c))
    enqueue(handle, plan, a, b, c)
    first = c.get()
    with Handle(cupy.cuda.alloc, kept=handle.chosen) as again:
        enqueue(again, plan, a, b, c)
        np.testing.assert_array_equal(c.get(), first)
        assert again.chosen == handle.chosen


def test_every_algorithm_that_is_offered_computes_it(handle: Handle) -> None:
    import cupy

    a, b, c = numbers(1, 128, 512), numbers(2, 512, 512), numbers(3, 128, 512)
    plan = plan_of(operand(a), operand(b), operand(c), precision="tf32")
    offered = handle.algorithms(plan)
    assert offered
    for algorithm in offered:
        prepared = handle.prepare(plan, algorithm=algorithm)
        assert prepared
        c[...] = 0
        prepared(cupy.cuda.get_current_stream().ptr, a.data.ptr, b.data.ptr, c.data.ptr)
        near(c, a.get().astype("f8") @ b.get().astype("f8"), "tf32")
