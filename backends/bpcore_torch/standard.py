"""Functions of the standard that PyTorch lacks, or has with another signature or dtype of the result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from array_api_compat import torch as careful

__all__ = ["STANDARD"]


class UniqueAll(NamedTuple):
    """The result of `unique_all`."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


def unique_all(x: Any, /) -> UniqueAll:
    """Return the unique elements, where each is first, and how often; PyTorch does not say where.

    A stable sort puts equal elements side by side, the first of them foremost. NaNs are all different.
    """
    flat = torch.reshape(x, (-1,))
    ordered, order = torch.sort(flat, stable=True)
    fresh = torch.ones(flat.shape, dtype=torch.bool, device=x.device)
    fresh[1:] = ordered[1:] != ordered[:-1]
    starts = torch.nonzero(fresh)[:, 0]
    inverse = torch.empty_like(order).scatter_(0, order, torch.cumsum(fresh, 0) - 1)
    counts = torch.diff(starts, append=starts.new_full((1,), flat.numel()))
    return UniqueAll(ordered[starts], order[starts], torch.reshape(inverse, x.shape), counts)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Clamp, in the dtype of `x` whatever that of the bounds."""
    y = careful.clip(x, min, max)
    return y if y.dtype is x.dtype else y.to(x.dtype)


def _places(x: Any, indices: Any, axis: int) -> Any:
    """Return the indices counted from the front, in the dtype that PyTorch wants."""
    indices = indices.long()
    return torch.where(indices < 0, indices + x.shape[axis], indices)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """Take elements along one axis, each row by its own indices."""
    return torch.take_along_dim(x, _places(x, indices, axis), dim=axis)


def add_along_axis(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    """Add elements to those of `x` along one axis; a place may come twice.

    On CUDA the order of the additions is not fixed, so that float results may differ in their last bits
    from run to run.
    """
    return torch.scatter_add(x, axis, _places(x, indices, axis), source)


STANDARD: dict[str, Callable[..., Any]] = {
    kernel.__name__: kernel for kernel in (add_along_axis, clip, take_along_axis, unique_all)
}
