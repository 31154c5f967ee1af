"""What cannot be made native code, and how it is said."""

from __future__ import annotations

__all__ = ["NotNative", "Refused"]


class Refused(Exception):
    """The native code cannot express something.

    Attributes
    ----------
    what : str
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(what)


class NotNative(RuntimeWarning):
    """A compiled function runs on the NumPy backend, because it needs what the native one has not."""
