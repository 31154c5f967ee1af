"""Functions of the extension ``linalg`` whose tolerance JAX takes otherwise than the standard has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

__all__ = ["ALGEBRA"]


def _tolerance(x: Any, rtol: Any) -> Any:
    return max(x.shape[-2:]) * float(jnp.finfo(x.dtype).eps) if rtol is None else rtol


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """Return how many singular values exceed `rtol` times the greatest; JAX takes `rtol` as absolute."""
    s = jnp.linalg.svdvals(x)
    limit = jnp.asarray(_tolerance(x, rtol))[..., None] * jnp.max(s, axis=-1, keepdims=True)
    return jnp.count_nonzero(s > limit, axis=-1)


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """Return the pseudo-inverse; None stands for the standard's tolerance, of which JAX takes tenfold."""
    return jnp.linalg.pinv(x, rtol=_tolerance(x, rtol))


ALGEBRA: dict[str, Callable[..., Any]] = {"linalg.matrix_rank": matrix_rank, "linalg.pinv": pinv}
