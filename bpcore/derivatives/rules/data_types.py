"""Data types and devices: the cotangent goes back to the dtype and the device that its input came from."""

from __future__ import annotations

from bpcore.derivatives.rules.function import linear
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["FUNCTIONS"]


def _uncast(xp: Namespace, g: Array, y: Array, x: Array, dtype: Dtype) -> Array | None:
    """Leave it to the walker to cast the cotangent. Whole numbers have none."""
    return g if all(xp.isdtype(z.dtype, ("real floating", "complex floating")) for z in (x, y)) else None


def to_device(xp: Namespace, x: Array, device: object, /) -> Array:
    """Return `x` on `device`."""
    return x.to_device(device)


def copy(xp: Namespace, x: Array, /) -> Array:
    """Return a copy of `x`, in memory of its own."""
    return xp.asarray(x, copy=True)


FUNCTIONS = (
    linear("astype", _uncast, None),
    linear("copy", lambda xp, g, y, x: g, compute=copy),
    linear("to_device", lambda xp, g, y, x, device: xp.to_device(g, x.device), None, compute=to_device),
)
