"""Numbers of a lesson as arrays: in 64 bits wherever the device has them."""

from __future__ import annotations

from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Static

__all__ = ["wide"]


def wide(backend: Backend, numbers: Static) -> Array:
    """Return numbers as an array of the backend's widest real floating dtype."""
    return backend.asarray(numbers, dtype=backend.dtype("float64") if backend.float64 else None)
