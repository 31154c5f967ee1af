"""Functions that JAX has with another signature than the standard, or another kind or dtype of result."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["STANDARD"]


@partial(jax.jit, static_argnames="axis")
def add_along_axis(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    """Add elements to those of `x` along one axis; a place may come twice."""
    places = list(jnp.indices(indices.shape, sparse=True))
    places[axis] = indices
    return x.at[tuple(places)].add(source)


def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """Broadcast arrays against one another."""
    return tuple(jnp.broadcast_arrays(*arrays))


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Clamp, in the dtype of `x` whatever that of the bounds."""
    return jnp.clip(x, min, max).astype(x.dtype)


def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Spread vectors over a grid, each along an axis of its own."""
    return tuple(jnp.meshgrid(*arrays, indexing=indexing))


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    """Permute the axes, which may be counted from the end."""
    return jnp.permute_dims(x, tuple(axis % x.ndim for axis in axes))


STANDARD: dict[str, Callable[..., Any]] = {
    kernel.__name__: kernel for kernel in (add_along_axis, broadcast_arrays, clip, meshgrid, permute_dims)
}
