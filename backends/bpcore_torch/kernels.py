"""PyTorch's functions as the standard wants them called, bound cheaply, and its native ones beyond it.

PyTorch refuses a Python scalar in many places, and lets an array of no axes lose its dtype to another.
array-api-compat mends both, at some 2 to 10 us a call. Here the common cases, two tensors of one dtype or a
tensor and a scalar, go to PyTorch's own function at once, and the rest to array-api-compat's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from array_api_compat import torch as careful
from torch.nn import functional

from bpcore_torch.special import KERNELS as SPECIAL
from bpcore_torch.standard import STANDARD

__all__ = ["kernels"]

Kernel = Callable[..., Any]

SCALARS = (float, int, bool, complex)
BOTH_SIDES = (
    *("add", "subtract", "multiply", "divide", "pow", "remainder", "floor_divide"),
    *("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"),
)
"""PyTorch takes a scalar on either side."""
MIRRORED = {
    "equal": (torch.eq, torch.eq),
    "not_equal": (torch.ne, torch.ne),
    "less": (torch.lt, torch.gt),
    "less_equal": (torch.le, torch.ge),
    "greater": (torch.gt, torch.lt),
    "greater_equal": (torch.ge, torch.le),
    "maximum": (torch.maximum, torch.maximum),
    "minimum": (torch.minimum, torch.minimum),
}
"""PyTorch takes a scalar on the right: for one on the left, the function with its sides changed."""
NO_SCALARS = (
    "atan2",
    "copysign",
    "hypot",
    "logaddexp",
    "nextafter",
    "logical_and",
    "logical_or",
    "logical_xor",
)
"""PyTorch takes tensors only."""


def _both_sides(name: str) -> Kernel:
    native, slow = getattr(torch, name), getattr(careful, name)

    def call(a: Any, b: Any, /) -> Any:
        if type(a) in SCALARS or type(b) in SCALARS or a.dtype is b.dtype:
            return native(a, b)
        return slow(a, b)

    return call


def _mirrored(name: str) -> Kernel:
    native, mirror = MIRRORED[name]
    slow = getattr(careful, name)
    # clamp takes the scalar as it is; maximum and minimum want a tensor
    right = {"maximum": torch.clamp_min, "minimum": torch.clamp_max}.get(name, native)
    left = {"maximum": torch.clamp_min, "minimum": torch.clamp_max}.get(name, mirror)

    def call(a: Any, b: Any, /) -> Any:
        if type(b) in SCALARS:
            return right(a, b)
        if type(a) in SCALARS:
            return left(b, a)
        return native(a, b) if a.dtype is b.dtype else slow(a, b)

    return call


def _no_scalars(name: str) -> Kernel:
    native, slow = getattr(torch, name), getattr(careful, name)

    def call(a: Any, b: Any, /) -> Any:
        if type(a) in SCALARS:
            a = b.new_full((), a)
        elif type(b) in SCALARS:
            b = a.new_full((), b)
        return native(a, b) if a.dtype is b.dtype else slow(a, b)

    return call


def where(condition: Any, a: Any, b: Any, /) -> Any:
    """Take `a` where the condition holds, else `b`."""
    if type(a) in SCALARS or type(b) in SCALARS or a.dtype is b.dtype:
        return torch.where(condition, a, b)
    return careful.where(condition, a, b)


def matmul(a: Any, b: Any, /) -> Any:
    """Multiply matrices."""
    return torch.matmul(a, b) if a.dtype is b.dtype else careful.matmul(a, b)


def matrix_transpose(x: Any, /) -> Any:
    """Transpose the last two axes."""
    return x.mT


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Cast."""
    return x.to(device=device, dtype=dtype, copy=copy)


def to_device(x: Any, device: Any, /) -> Any:
    """Bring a tensor to a device."""
    return x.to(device)


def softplus(x: Any, /) -> Any:
    """Return ``log(1 + exp(x))``; from 40 on that is x, to the last bit of a float64."""
    return functional.softplus(x, threshold=40.0)


def logsumexp(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ``log(sum(exp(x)))`` over `axis`."""
    return torch.logsumexp(x, tuple(range(x.ndim)) if axis is None else axis, keepdim=keepdims)


def softmax(x: Any, /, *, axis: int = -1) -> Any:
    """Return ``exp(x) / sum(exp(x))`` over `axis`."""
    return torch.softmax(x, axis)


def log_softmax(x: Any, /, *, axis: int = -1) -> Any:
    """Return ``x - logsumexp(x)`` over `axis`."""
    return torch.log_softmax(x, axis)


def _from_the_front(indices: Any, length: int) -> Any:
    """Return indices counted from the front, as PyTorch wants them; those beyond the axis it refuses."""
    return torch.where(indices < 0, indices + length, indices)


def take(x: Any, indices: Any, /, *, axis: int = 0) -> Any:
    """Return the slices of `x` at `indices`."""
    return torch.index_select(x, axis, _from_the_front(indices, x.shape[axis]))


def index_add(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    """Add the slices of `source` to those of `x`; an index may come twice.

    On CUDA the order of the additions is not fixed, so that float results may differ in their last bits
    from run to run.
    """
    return torch.index_add(x, axis, _from_the_front(indices, x.shape[axis]), source)


def own(x: Any, /) -> Any:
    """Return `x` without PyTorch's graph: itself if it has its memory for itself, else a copy."""
    if x._base is not None or not x.is_contiguous():  # noqa: SLF001, the only way to see a view
        x = x.clone(memory_format=torch.contiguous_format)
    return x.detach() if x.requires_grad else x


def kernels() -> dict[str, Kernel]:
    """Return the functions by their names in the standard, or in bpcore's table."""
    table = {name: _both_sides(name) for name in BOTH_SIDES}
    table |= {name: _mirrored(name) for name in MIRRORED}
    table |= {name: _no_scalars(name) for name in NO_SCALARS}
    named = (where, matmul, matrix_transpose, astype, to_device, softplus, logsumexp, softmax, log_softmax)
    table |= {kernel.__name__: kernel for kernel in (*named, take, index_add, own)}
    return table | STANDARD | SPECIAL | {"erf": torch.erf, "expit": torch.sigmoid, "relu": torch.relu}
