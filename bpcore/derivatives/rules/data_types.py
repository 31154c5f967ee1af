"""Data types and devices: the cotangent goes back to the dtype and the device that its input came from."""

from __future__ import annotations

from bpcore.derivatives.rules.function import function
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["FUNCTIONS"]


def _uncast(
    xp: Namespace, g: Array, y: Array, x: Array, dtype: Dtype, *, copy: bool = True, device: object = None
) -> Array | None:
    both = all(xp.isdtype(z.dtype, "real floating") for z in (x, y))
    return xp.astype(g, x.dtype) if both else None


def to_device(xp: Namespace, x: Array, device: object, /) -> Array:
    """Return `x` on `device`."""
    return x.to_device(device)


FUNCTIONS = (
    function("astype", _uncast),
    function("to_device", lambda xp, g, y, x, device: xp.to_device(g, x.device), compute=to_device),
)
