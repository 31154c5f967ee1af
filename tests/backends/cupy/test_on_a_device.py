"""The CuPy plugin on a CUDA device: what the conformance suite does not ask of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore import compile as compiled
from bpcore import grad, value_and_grad
from bpcore.ground.registry import backend as open_backend

Axis = Any
pytestmark = [pytest.mark.axes("cupy"), pytest.mark.gpu]


def test_results_stay_on_the_device(backend: Axis) -> None:
    import cupy

    xp, x = backend.xp, backend.array([[1.0, 2.0], [3.0, 4.0]])
    value, gradient = value_and_grad(lambda x: xp.mean(xp.logsumexp(xp.matmul(x, x), axis=-1)))(x)
    assert isinstance(value, cupy.ndarray)
    assert isinstance(gradient, cupy.ndarray)
    assert value.shape == ()


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint32"])
def test_slices_are_added_where_an_index_comes_twice(backend: Axis, dtype: str) -> None:
    x = backend.array([[1, 2], [3, 4]], dtype)
    source = backend.array([[10, 20], [1, 2], [5, 7]], dtype)
    y = backend.functions.index_add(x, backend.array([1, 0, 1], "int64"), source, axis=0)
    assert backend.host(y).tolist() == [[2, 4], [18, 31]]
    assert y.dtype == x.dtype
    assert backend.host(x).tolist() == [[1, 2], [3, 4]]


def test_float32_products_are_of_full_precision(backend: Axis) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((256, 256)).astype("float32") for _ in range(2))
    found = backend.host(backend.functions.matmul(backend.array(a, "float32"), backend.array(b, "float32")))
    np.testing.assert_allclose(
        found, a.astype(float) @ b.astype(float), rtol=0, atol=1e-4
    )  # TF32 errs by 1e-2


def test_a_broadcast_gradient_can_be_written(backend: Axis) -> None:
    gradient = grad(backend.xp.sum)(backend.array([[1.0, 2.0], [3.0, 4.0]]))
    gradient[0, 0] = 5.0
    assert backend.host(gradient).tolist() == [[5.0, 1.0], [1.0, 1.0]]


def test_infinities_are_reduced_as_in_the_standard(backend: Axis) -> None:
    inf = float("inf")
    x = backend.array([[-inf, -inf], [inf, 1.0]])
    assert backend.host(backend.functions.max(x, axis=1)).tolist() == [-inf, inf]
    assert backend.host(backend.functions.argmax(x, axis=1)).tolist() == [0, 0]


def test_a_compiled_step_stays_on_the_device_and_agrees(backend: Axis) -> None:
    xp, x = backend.xp, backend.array([0.5, -2.0])
    slope = grad(lambda x: xp.sum(xp.tanh(xp.multiply(x, x))))
    np.testing.assert_allclose(backend.host(compiled(slope)(x)), backend.host(slope(x)), rtol=1e-14)


def test_the_second_device_is_used_when_it_is_named(backend: Axis) -> None:
    if len(backend.backend.devices) < 2:
        pytest.skip("there is one CUDA device here")
    second = open_backend("cupy:1")
    x = second.asarray([1.0, 2.0])
    assert x.device.id == 1
    assert grad(lambda x: backend.xp.sum(backend.xp.exp(x)))(x).device.id == 1
    assert second.asarray(backend.array([1.0])).device.id == 1


def test_bfloat16_stays_bfloat16(backend: Axis) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    from bpcore_cupy.brain import BESIDE

    if "bfloat16" not in backend.backend.precisions:
        pytest.skip("this device multiplies no bfloat16")
    short, f = np.dtype(ml_dtypes.bfloat16), backend.functions
    host = np.random.default_rng(0).uniform(0.5, 2.0, (2, 8, 8)).astype(short)
    x, wide = backend.backend.asarray(host), host.astype("f4")
    np.testing.assert_array_equal(backend.host(f.astype(x, f.float32)), wide)
    for name in BESIDE:
        for args in ((x, 0.7), (0.7, x), (x, x)):
            assert getattr(f, name)(*args).dtype == short, name
    assert f.where(f.greater(x, 1.0), x, 0.3).dtype == short
    for a, b in ((x[0], x[1]), (x, x), (x, x[0])):
        y = f.matmul(a, b)
        assert y.dtype == short
        wanted = np.matmul(backend.host(a).astype("f4"), backend.host(b).astype("f4"))
        np.testing.assert_allclose(backend.host(y).astype("f4"), wanted, rtol=1e-2)
    for name in ("erf", "expit", "softplus", "exp", "tanh", "sum", "mean", "max", "sign"):
        assert getattr(f, name)(x).dtype == short, name
    assert f.clip(x, 0.6, 1.5).dtype == short
    assert f.index_add(x, backend.array([1, 1], "int64"), x, axis=0).dtype == short
