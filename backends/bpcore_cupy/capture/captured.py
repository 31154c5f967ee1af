"""`Captured`: a step that is warmed up, captured at its first call, and replayed at the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from bpcore.words.protocols import Array
from bpcore_cupy.capture.device import Device
from bpcore_cupy.capture.recipe import Recipe

__all__ = ["Captured"]


class Captured:
    """A step on one device, for one signature.

    Parameters
    ----------
    recipe : Recipe
    device : Device
    warm_ups : int >= 1
        Eager runs before the capture, so that kernels, handles and memory are there.
    at_once : int >= 1
        Steps in one launch of `loop`.

    Notes
    -----
    Of one thread: that of its first call. Host arrays and arrays of the device are taken; carried arrays
    that the last call returned are recognised, and are not copied. What is carried is handed out as the
    buffers themselves, overwritten by a later call; the other outputs are fresh.
    """

    def __init__(self, recipe: Recipe, device: Device, *, warm_ups: int = 2, at_once: int = 1) -> None:
        raise NotImplementedError

    def __call__(self, *inputs: Array) -> Sequence[Array]:
        """Make a step; return all outputs in the recipe's order."""
        raise NotImplementedError

    def again(self, *others: Array) -> Sequence[Array]:
        """Make a step with what the last one carried; take and return what is not carried."""
        raise NotImplementedError

    def loop(self, length: int, /, *inputs: Array) -> Sequence[Array]:
        """Make `length` steps; inputs and outputs that are not carried are stacked along a first axis."""
        raise NotImplementedError

    def close(self) -> None:
        """Free graphs, memory, pinned memory and events; a later call raises one clear line."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()
