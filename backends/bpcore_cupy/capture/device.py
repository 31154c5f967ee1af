"""What a captured step needs of a device: streams, events, graphs, memory and copies.

CuPy's is in ``bpcore_cupy.cuda_device``. The protocol is as narrow as it is so that another device can stand
in for it, which refuses all that CUDA refuses.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from bpcore.words.protocols import Array, Shape

__all__ = ["Device", "Event", "Graph", "Kind", "Pool", "Stream", "kind_of"]


class Kind(NamedTuple):
    """An array's shape, and the name of its dtype."""

    shape: Shape
    dtype: str


NAMES: dict[object, str] = {}
"""Names of dtypes that were met: to make one takes NumPy and CuPy several microseconds."""


def kind_of(x: Array) -> Kind:
    """Return an array's shape and the name of its dtype."""
    name = NAMES.get(x.dtype)
    if name is None:
        name = NAMES[x.dtype] = str(x.dtype)
    return Kind(tuple(x.shape), name)


class Event(Protocol):
    """A mark in a stream. One that was never recorded counts as passed."""

    def synchronize(self) -> object:
        """Wait on the host until the stream has passed it."""


class Graph(Protocol):
    """What was captured, ready to be launched."""

    def upload(self, stream: Stream, /) -> object:
        """Bring it to the device, so that the first launch takes no longer than the others."""

    def launch(self, stream: Stream, /) -> object:
        """Enqueue all of it."""


class Stream(Protocol):
    """A queue of work; that of two streams is ordered by events alone. Within it, the library enqueues here.

    It speaks CuPy's words, so that CuPy's streams are streams as they are.

    Attributes
    ----------
    ptr : int
        The address that CUDA's libraries know it by.
    """

    ptr: int

    def __enter__(self) -> object: ...

    def __exit__(self, *exception: object) -> object: ...

    def record(self, event: Event, /) -> object:
        """Enqueue a mark."""

    def wait_event(self, event: Event, /) -> object:
        """Let what is enqueued from here on wait for a mark; the host does not."""

    def begin_capture(self) -> object:
        """Begin to write work down instead of doing it; in CUDA's relaxed mode, which lets memory grow."""

    def end_capture(self) -> Graph:
        """End the capture. Raises where something spoilt it; then too the stream works as before."""

    def is_capturing(self) -> bool:
        """Return whether work is written down here; not to be asked of the null stream."""

    def synchronize(self) -> object:
        """Wait on the host until all work is done."""


class Pool(Protocol):
    """Memory that nobody else is given."""

    def used(self) -> AbstractContextManager[object]:
        """Within, the library allocates from here; in this thread."""

    @property
    def bytes(self) -> int:
        """How much it holds of the device's memory, in use or not."""

    @property
    def taken(self) -> int:
        """How often it took memory from the device so far."""

    def free(self) -> None:
        """Give back all that no array lies in."""


class Device(Protocol):
    """One device of one library.

    Arrays that it makes are its library's own, C-contiguous, and begin at a multiple of 256 bytes. Of those
    that callers give only `here` is asked before they are copied.
    """

    @property
    def name(self) -> str:
        """As the backend is called: ``"cupy:0"``."""

    def entered(self) -> AbstractContextManager[object]:
        """Within, it is the library's current device."""

    def stream(self) -> Stream:
        """Return a new stream, which does not wait for the null stream."""

    def current(self) -> Stream:
        """Return the stream that the caller's own work goes to."""

    def lasting(self, stream: Stream, /) -> bool:
        """Return whether a stream is one that cannot be gone, and is the same for every thread."""

    def event(self) -> Event:
        """Return a new event, without timing."""

    def pool(self) -> Pool:
        """Return a new pool."""

    def empty(self, kind: Kind, /) -> Array:
        """Return an array from the pool that is used here, without values."""

    def pinned(self, kind: Kind, /) -> Array:
        """Return an array in memory of the host that the device copies from by itself."""

    def fill(self, pinned: Array, data: Array, /) -> None:
        """Write host data into a pinned array; at once, by the host."""

    def upload(self, target: Array, pinned: Array, stream: Stream, /) -> None:
        """Enqueue a copy of a pinned array, which must not change until it is done."""

    def copy(self, target: Array, source: Array, stream: Stream, /) -> None:
        """Enqueue a copy between arrays of the device; `source` may have any strides."""

    def here(self, x: Array, /) -> bool:
        """Return whether `x` is an array on this device."""

    def lies_as(self, x: Array, kind: Kind, /) -> bool:
        """Return whether `x` could be one of the device's own: here, of that kind, contiguous, aligned."""

    def overlap(self, x: Array, y: Array, /) -> bool:
        """Return whether two arrays may have memory in common; by their bounds, no value is read."""

    def take_row(self, target: Array, stack: Array, counter: Array, stream: Stream, /) -> None:
        """Enqueue ``target[...] = stack[counter[0]]``, the counter read when it is done. Capturable."""

    def put_row(self, stack: Array, source: Array, counter: Array, stream: Stream, /) -> None:
        """Enqueue ``stack[counter[0]] = source``. Capturable."""

    def put_last_row(self, stack: Array, source: Array, counter: Array, stream: Stream, /) -> None:
        """Enqueue `put_row`, then `advance`. Capturable."""

    def advance(self, counter: Array, stream: Stream, /) -> None:
        """Enqueue ``counter[0] += 1``; an array (1,) of int32. Capturable."""

    def zero(self, x: Array, stream: Stream, /) -> None:
        """Enqueue ``x[...] = 0``. Capturable."""

    def free_bytes(self) -> tuple[int, int]:
        """Return how many bytes of the device are free, and how many it has."""

    def exhausted(self, error: BaseException, /) -> int | None:
        """Return how many bytes were wanted, where the error says that memory is exhausted; else None."""
