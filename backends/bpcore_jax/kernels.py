"""JAX's functions beyond the standard, and those that must not write into an array."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["KERNELS"]


def slice_scatter(x: Any, /, *, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` with `x` at `key`."""
    return jnp.zeros(shape, dtype=x.dtype).at[key].set(x)


def index_add(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    """Add the slices of `source` to those of `x`; an index may come twice."""
    return x.at[(slice(None),) * (axis % x.ndim) + (indices,)].add(source)


KERNELS = {
    "slice_scatter": slice_scatter,
    "index_add": index_add,
    "erf": jax.scipy.special.erf,
    "expit": jax.scipy.special.expit,
}
