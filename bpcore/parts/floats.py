"""Floats of 16 bits beside those of 32: casts that leave alone what need not be cast."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.words.protocols import Array, Dtype

__all__ = ["as_floats", "as_given", "widened"]


def as_floats(x: Array, dtype: Dtype, /) -> Array:
    """Return floats in a dtype, and what is no float as it is."""
    xp = array_namespace(x)
    return x if x.dtype == dtype or not xp.isdtype(x.dtype, "real floating") else xp.astype(x, dtype)


def widened(x: Array, /) -> Array:
    """Return floats of 16 bits in float32, and all else as it is."""
    xp = array_namespace(x)
    return x if x.dtype in (xp.float32, xp.float64) else as_floats(x, xp.float32)


def as_given(y: Array, /, *given: Array) -> Array:
    """Return floats in the dtype of what they come from, where that is one dtype; else as they are."""
    first, *others = given
    return as_floats(y, first.dtype) if all(x.dtype == first.dtype for x in others) else y
