"""What cannot be a kernel, and why."""

from __future__ import annotations

__all__ = ["Refused"]


class Refused(Exception):
    """An equation cannot be one of our kernels; the text says why, in a few words."""
