"""What is PyTorch's own: its graph, its host memory, its devices, and scalars where it wants tensors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bpcore import grad, value_and_grad
from bpcore.ground.registry import backend as open_backend
from bpcore.words.errors import BackendUnusable, MixedArrays

Axis = Any
pytestmark = pytest.mark.axes("torch")


def test_a_tensor_with_a_graph_gives_gradients_without_one(backend: Axis) -> None:
    x = backend.array([1.0, 2.0]).requires_grad_()
    value, gradient = value_and_grad(lambda x: backend.xp.sum(x**3))(x)
    assert value.item() == 9.0
    assert gradient.tolist() == [3.0, 12.0]
    assert not gradient.requires_grad
    assert x.grad is None


def test_data_with_a_graph_comes_in_without_it(backend: Axis) -> None:
    x = backend.array([1.0]).requires_grad_()
    assert not backend.backend.asarray(x).requires_grad
    assert backend.host(x * 2).tolist() == [2.0]


def test_reshaped_gradients_of_a_graph_are_ones_own_too(backend: Axis) -> None:
    x = backend.array([[1.0, 2.0]]).requires_grad_()
    gradient = grad(lambda x: backend.xp.sum(backend.xp.permute_dims(x, (1, 0))))(x)
    gradient[0, 0] = 5.0
    assert gradient.tolist() == [[5.0, 1.0]]


def test_bfloat16_goes_out_as_float32(backend: Axis) -> None:
    x = backend.backend.asarray([1.5], dtype=backend.backend.namespace.bfloat16)
    assert backend.host(x).dtype == np.float32


def test_a_scalar_does_not_widen_and_dtypes_meet_as_in_the_standard(backend: Axis) -> None:
    xp, narrow, wide = backend.functions, backend.array([1.0], "float32"), backend.array(2.0, "float64")
    for name in ("add", "atan2", "maximum", "hypot", "logaddexp", "pow", "copysign"):
        function = getattr(xp, name)
        assert function(narrow, 2.0).dtype == function(2.0, narrow).dtype == narrow.dtype
        assert (
            function(narrow, wide).dtype == function(wide, narrow).dtype == wide.dtype
        )  # no axes, and counts
    assert xp.where(backend.array([True], "bool"), narrow, wide).dtype == wide.dtype
    assert xp.less(wide, narrow).tolist() == [False]
    matrix = backend.array([[1.0]], "float64")
    assert xp.matmul(narrow, matrix).dtype == wide.dtype


def test_numpy_arrays_are_not_taken_for_tensors(backend: Axis) -> None:
    with pytest.raises(MixedArrays, match="multiply was given arrays of torch and numpy"):
        grad(lambda x: backend.xp.sum(backend.xp.multiply(x, np.ones(2))))(backend.array([1.0, 2.0]))


@pytest.mark.parametrize("name", ["torch:tpu", "torch:cuda:99", "torch:0"])
def test_a_device_that_is_not_there_is_refused(backend: Axis, name: str) -> None:
    with pytest.raises(BackendUnusable, match=r"torch:cpu|Name one of them|It has cpu"):
        open_backend(name)


def stand_in(**fields: Any) -> Any:
    """Return a PyTorch that says other things of CUDA."""
    cuda = {"built": True, "count": 1} | fields
    return SimpleNamespace(
        __version__="9",
        backends=SimpleNamespace(cuda=SimpleNamespace(is_built=lambda: cuda["built"])),
    )


@pytest.mark.parametrize(
    ("fields", "devices", "why"),
    [
        ({"built": False}, ("cpu",), "PyTorch 9 was built without CUDA"),
        ({}, ("cpu",), "PyTorch 9 finds no CUDA device"),
        ({}, ("cpu", "cuda:0"), "PyTorch finds no cuda:1. It has cpu, cuda:0."),
    ],
)
def test_each_way_of_having_no_cuda_has_its_sentence(
    backend: Axis, fields: dict[str, bool], devices: tuple[str, ...], why: str
) -> None:
    from bpcore_torch.plugin import _no_device

    assert why in str(_no_device(stand_in(**fields), "torch:cuda:1", "cuda:1", devices))


def test_a_device_that_cannot_compute_is_unusable(backend: Axis) -> None:
    from bpcore_torch.plugin import _prove

    def no_kernel(*args: Any, **named: Any) -> Any:
        raise RuntimeError("CUDA error: no kernel image is available\nmore")

    with pytest.raises(BackendUnusable, match=r"cannot compute \(RuntimeError: CUDA error: no kernel image"):
        _prove(SimpleNamespace(ones=no_kernel), "torch:cuda:0", "cuda:0")
    import torch

    assert _prove(torch, "torch:cpu", torch.device("cpu")) is None
    wrong = SimpleNamespace(ones=torch.ones, full=torch.full, equal=torch.equal, matmul=lambda a, b: a)
    with pytest.raises(BackendUnusable, match="computed a wrong product"):
        _prove(wrong, "torch:cpu", torch.device("cpu"))
