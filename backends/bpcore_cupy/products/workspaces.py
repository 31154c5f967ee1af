"""Memory that algorithms work in: one piece for each stream, as large as those want that were chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpcore_cupy.products.failures import ProductFailed

__all__ = ["Workspaces"]

ALIGNMENT = 256


class Workspaces:
    """What each stream has; streams never share.

    Where a product that is prepared later wants more, the stream gets a larger piece, and keeps the smaller
    one: graphs that were captured hold its address.

    Parameters
    ----------
    allocate : callable
        ``allocate(nbytes)`` returns memory whose ``ptr`` is the address.
    """

    def __init__(self, allocate: Callable[[int], Any]) -> None:
        self._allocate, self._least = allocate, 0
        self._sizes: dict[int, int] = {}
        self._pieces: dict[int, list[Any]] = {}

    def least(self, nbytes: int) -> None:
        """Make what is allocated from now on as large as that, at least."""
        self._least = max(self._least, nbytes)

    def __call__(self, stream: int, nbytes: int) -> int:
        """Return the address of a stream's workspace of that many bytes or more; 0 where none is wanted."""
        if max(nbytes, self._least) == 0:
            return 0
        if stream not in self._sizes or self._sizes[stream] < nbytes:
            size = max(nbytes, self._least)
            self._pieces.setdefault(stream, []).append(self._allocate(size))
            self._sizes[stream] = size
        address = int(self._pieces[stream][-1].ptr)
        if address % ALIGNMENT:
            why = f"allocate= gave a workspace at {address:#x}, which is not a multiple of {ALIGNMENT}"
            raise ProductFailed("of any shape", why)
        return address

    def drop(self, stream: int) -> None:
        """Drop what a stream has."""
        self._sizes.pop(stream, None)
        self._pieces.pop(stream, None)

    def clear(self) -> None:
        """Drop what all have."""
        self._sizes.clear()
        self._pieces.clear()
