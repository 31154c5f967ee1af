"""PyTorch's own functions beyond the standard, where they are as exact as bpcore's bodies.

Not taken from PyTorch 2.13, for what was measured on the CPU in float64: ``ndtr``, which is 0 from -8.3 on,
where there are 1e-16 of the distribution left; ``log_ndtr``, wrong by 900 units in the last place at 28;
``erfcx``, by 400 at -23; ``logit``, which has no digits near 1/2; ``digamma``, which has none near its zero;
``polygamma``, whose order 1 has ten of sixteen.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from array_api_compat import torch as careful
from torch.nn import functional

from bpcore.derivatives.rules.special import convolution
from bpcore.derivatives.rules.special.convolution import windows_and_groups
from bpcore.derivatives.rules.special.ranking import TopK, check_count
from bpcore.derivatives.rules.special.windows import Windows

__all__ = ["KERNELS"]

Kernel = Callable[..., Any]


def top_k(x: Any, k: int, /, *, axis: int = -1, largest: bool = True) -> TopK:
    """Return the first `k` in order, and their places; which of equal values is taken is not fixed."""
    check_count(x, k, axis)
    return TopK(*torch.topk(x, k, dim=axis, largest=largest))


def einsum(subscripts: str, /, *operands: Any) -> Any:
    """Sum products of the operands as the letters say; operands of several dtypes are promoted first."""
    dtype = operands[0].dtype
    for x in operands[1:]:
        dtype = torch.promote_types(dtype, x.dtype)
    y = torch.einsum(subscripts, *(x.to(dtype) for x in operands))
    return y if len(operands) > 1 else y.clone()  # of one operand it may be a view


NATIVE_AXES = 3
"""PyTorch's convolutions have up to three spatial axes; more are left to bpcore's own bodies."""


def _pad(x: Any, pairs: Any, /) -> Any:
    return functional.pad(x, [width for pair in reversed(pairs) for width in pair])


def _slice_scatter(x: Any, /, *, key: Any, shape: Any) -> Any:
    y = x.new_zeros(shape)
    y[key] = x
    return y


_BODY = SimpleNamespace(
    pad=_pad,
    slice_scatter=_slice_scatter,
    **{
        name: getattr(careful, name)
        for name in ("add", "matmul", "matrix_transpose", "permute_dims", "reshape", "stack")
    },
)
"""What bpcore's bodies are written with."""


def _even(x: Any, windows: Windows) -> tuple[Any, tuple[int, ...]]:
    """Return an input and its padding, the same at both ends: PyTorch knows no other."""
    if all(before == after for before, after in windows.padding):
        return x, tuple(before for before, _ in windows.padding)
    return _pad(x, ((0, 0), (0, 0), *windows.padding)), (0,) * len(windows.padding)


def _promoted(a: Any, b: Any) -> tuple[Any, Any]:
    dtype = torch.promote_types(a.dtype, b.dtype)
    return a.to(dtype), b.to(dtype)


def conv(x: Any, w: Any, /, **how: Any) -> Any:
    """Multiply what each window sees with the weights."""
    windows, groups = windows_and_groups(x.shape, w.shape, **how)
    x, w = _promoted(x, w)
    if len(windows.out) > NATIVE_AXES:
        return convolution.conv(_BODY, x, w, **how)
    x, zeros = _even(x, windows)
    return torch.convolution(
        x, w, None, windows.stride, zeros, windows.dilation, False, (0,) * len(zeros), groups
    )


def _backward(g: Any, x: Any, w: Any, windows: Windows, zeros: Any, groups: int, mask: list[bool]) -> Any:
    return torch.ops.aten.convolution_backward(
        g, x, w, None, windows.stride, zeros, windows.dilation, False, [0] * len(zeros), groups, mask
    )


def conv_input(g: Any, w: Any, /, *, shape: Any, **how: Any) -> Any:
    """Return, of that shape, the transpose of `conv` by its input."""
    windows, groups = windows_and_groups(shape, w.shape, **how)
    g, w = _promoted(g, w)
    if len(windows.out) > NATIVE_AXES:
        return convolution.conv_input(_BODY, g, w, shape=shape, **how)
    x, zeros = _even(g.new_empty((1,)).expand(tuple(shape)), windows)
    dx = _backward(g, x, w, windows, zeros, groups, [True, False, False])[0]
    return dx if tuple(dx.shape) == tuple(shape) else dx[(slice(None), slice(None), *windows.inner)]


def conv_weight(g: Any, x: Any, /, *, shape: Any, **how: Any) -> Any:
    """Return, of that shape, the transpose of `conv` by its weights."""
    windows, groups = windows_and_groups(x.shape, shape, **how)
    g, x = _promoted(g, x)
    if len(windows.out) > NATIVE_AXES:
        return convolution.conv_weight(_BODY, g, x, shape=shape, **how)
    x, zeros = _even(x, windows)
    w = g.new_empty((1,)).expand(tuple(shape))
    return _backward(g, x, w, windows, zeros, groups, [False, True, False])[1]


def _with_numbers(native: Kernel) -> Kernel:
    """Return a function of two arrays that takes a number for one, and arrays of two dtypes."""

    def call(a: Any, b: Any, /) -> Any:
        if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
            a, b = _promoted(a, b)
        return native(a, b)

    return call


KERNELS: dict[str, Kernel] = {
    "erfc": torch.special.erfc,
    "log_expit": functional.logsigmoid,
    "gammaln": torch.lgamma,
    "xlogy": _with_numbers(torch.special.xlogy),
    "einsum": einsum,
    "top_k": top_k,
    "conv": conv,
    "conv_input": conv_input,
    "conv_weight": conv_weight,
}
