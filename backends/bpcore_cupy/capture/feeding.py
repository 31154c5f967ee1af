"""Batches from the host, one ahead of the step: pinned memory, a stream for copies, and events.

Batch by batch, with two slots of buffers in turn:

- the host waits until the slot's last copy is done, and writes the batch into the slot's pinned memory;
- the stream for copies waits until the step that read the slot is done, and copies; the host does not wait;
- the caller's stream waits for that copy when it is given the batch; by then the next one is on its way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bpcore.words.protocols import Array
from bpcore_cupy.capture.device import Device, Kind, kind_of
from bpcore_cupy.capture.homes import memory_named

__all__ = ["Feed", "fed"]

SLOTS = 2

SIZES = 4
"""Shapes of batches whose buffers are kept."""

Batch = tuple[Array, ...]


class _Slot:
    """Buffers for one batch, on both sides."""

    def __init__(self, device: Device, kinds: Sequence[Kind]) -> None:
        self.pinned = tuple(device.pinned(kind) for kind in kinds)
        self.arrays = tuple(device.empty(kind) for kind in kinds)
        self.copied, self.read = device.event(), device.event()


class Feed:
    """What brings batches to a device.

    Parameters
    ----------
    device : Device
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        with device.entered():
            self._stream, self._pool = device.stream(), device.pool()
        self._slots: dict[tuple[Kind, ...], list[_Slot]] = {}

    def __call__(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches as arrays of the device, each while the one after it is being copied.

        Parameters
        ----------
        batches : iterable of tuples of host arrays
            They may be changed as soon as the next one is asked for.

        Yields
        ------
        tuple of arrays
            Overwritten after the next one was asked for: steps are enqueued before, copies are made of what
            is kept.
        """
        ahead: _Slot | None = None
        for number, batch in enumerate(batches):
            slot = self._sent(batch, number % SLOTS)
            if ahead is not None:
                yield from self._lent(ahead)
            ahead = slot
        if ahead is not None:
            yield from self._lent(ahead)

    def _sent(self, batch: Batch, turn: int) -> _Slot:
        """Start the copies of a batch."""
        device, stream = self.device, self._stream
        with device.entered(), memory_named(device, "batches on their way"):
            slot = self._slots_for(tuple(map(kind_of, batch)))[turn]
            slot.copied.synchronize()
            for pinned, x in zip(slot.pinned, batch, strict=True):
                device.fill(pinned, x)
            stream.wait_event(slot.read)
            for array, pinned in zip(slot.arrays, slot.pinned, strict=True):
                device.upload(array, pinned, stream)
            stream.record(slot.copied)
        return slot

    def _lent(self, slot: _Slot) -> Iterator[Batch]:
        """Yield a batch; what the caller's stream is given until the next is asked for may read it."""
        with self.device.entered():
            reader = self.device.current()
            reader.wait_event(slot.copied)
        try:
            yield slot.arrays
        finally:
            with self.device.entered():
                reader.record(slot.read)
                now = self.device.current()
                if now.ptr != reader.ptr:  # who changed the stream meanwhile may have read on both
                    now.wait_event(slot.read)
                    now.record(slot.read)

    def _slots_for(self, kinds: tuple[Kind, ...]) -> list[_Slot]:
        """Return the two slots for batches of these shapes, the last to be given up."""
        slots = self._slots.pop(kinds, None)
        if slots is None:
            if len(self._slots) == SIZES:
                self._quiet(self._slots.pop(next(iter(self._slots))))
            with self._pool.used(), self._stream:
                slots = [_Slot(self.device, kinds) for _ in range(SLOTS)]
        self._slots[kinds] = slots
        return slots

    def _quiet(self, slots: list[_Slot]) -> None:
        """Wait until nobody uses the slots, and drop them."""
        while slots:
            slot = slots.pop()
            slot.copied.synchronize()
            slot.read.synchronize()

    def close(self) -> None:
        """Free pinned memory, buffers and events, when the copies and the steps that read them are done."""
        with self.device.entered():
            while self._slots:
                self._quiet(self._slots.popitem()[1])
            self._pool.free()


def fed(device: Device, batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield batches as arrays of the device, as `Feed` does, and free its memory after the last."""
    feed = Feed(device)
    try:
        yield from feed(batches)
    finally:
        feed.close()
