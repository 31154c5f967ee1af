"""Data types and devices: the cotangent goes back to the dtype and the device that its input came from."""

from __future__ import annotations

from bpcore.derivatives.rules.function import linear
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["FUNCTIONS"]


def _uncast(
    xp: Namespace, g: Array, y: Array, x: Array, dtype: Dtype, *, copy: bool = True, device: object = None
) -> Array | None:
    """Bring the cotangent back to the device; the walker casts it. Whole numbers have none."""
    if g is None or not all(xp.isdtype(z.dtype, ("real floating", "complex floating")) for z in (x, y)):
        return None
    return g if device is None else xp.to_device(g, x.device)


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
