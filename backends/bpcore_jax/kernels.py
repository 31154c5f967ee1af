"""JAX's own functions beyond the standard, and the two that would otherwise write into an array.

Each but `slice_scatter`, whose key cannot be named to the compiler, is one compiled call, where bpcore's
body is several; eager JAX compiles each of those anew for each shape, and pays some 10 us whenever it runs.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from bpcore.derivatives.rules.indexing import filled

__all__ = ["KERNELS"]


def slice_scatter(x: Any, /, *, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` with `x` at `key`."""
    return jnp.zeros(shape, dtype=x.dtype).at[key].set(x)


def scatter_add(x: Any, /, *arrays: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of `shape` with `x` added at `key`; a place may come twice."""
    return jnp.zeros(shape, dtype=x.dtype).at[filled(key, arrays)].add(x)


def assign(x: Any, value: Any, /, *, key: Any) -> Any:
    """Return `x` with `value` at `key`."""
    return x.at[key].set(value)


def assign_at(x: Any, value: Any, /, *arrays: Any, key: Any) -> Any:
    """Return `x` with `value` at `key`, which holds arrays."""
    return x.at[filled(key, arrays)].set(value)


@partial(jax.jit, static_argnames="axis")
def index_add(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
    """Add the slices of `source` to those of `x` at `indices`; an index may come twice."""
    return x.at[(slice(None),) * (axis % x.ndim) + (indices,)].add(source)


def expit(x: Any, /) -> Any:
    """Return the logistic function."""
    return jax.nn.sigmoid(x)


def erf(x: Any, /) -> Any:
    """Return the error function."""
    return jax.scipy.special.erf(x)


@partial(jax.jit, static_argnames=("axis", "keepdims"))
def logsumexp(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ``log(sum(exp(x)))`` over `axis`."""
    return jax.nn.logsumexp(x, axis=axis, keepdims=keepdims)


def softmax(x: Any, /, *, axis: int = -1) -> Any:
    """Return ``exp(x) / sum(exp(x))`` over `axis`."""
    return jax.nn.softmax(x, axis=axis)


def log_softmax(x: Any, /, *, axis: int = -1) -> Any:
    """Return ``x - logsumexp(x)`` over `axis`."""
    return jax.nn.log_softmax(x, axis=axis)


KERNELS = {
    kernel.__name__: kernel
    for kernel in (
        assign,
        assign_at,
        scatter_add,
        erf,
        expit,
        index_add,
        log_softmax,
        logsumexp,
        slice_scatter,
        softmax,
    )
}
