"""What the steps of one function have in common: stream, memory, thread, and the homes of what is carried.

The memory is used on one stream at a time: on the caller's, where graphs are launched, or on their own, where
they are captured. An event is recorded only when the one takes over from the other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import is_
from typing import Protocol

from bpcore.words.errors import MemoryExhausted, OtherThread, StreamCaptures
from bpcore.words.protocols import Array
from bpcore_cupy.capture.device import Device, Kind, Stream, kind_of
from bpcore_cupy.capture.recipe import Recipe

__all__ = ["Holder", "Homes", "memory_named"]


class Holder(Protocol):
    """One of the steps that use the homes."""

    def drop(self) -> None:
        """Free the buffers and graphs, which are made again at the next call."""


class Homes:
    """Where what is carried lies for good, whatever the batch, and who uses it.

    Parameters
    ----------
    recipe : Recipe
    device : Device

    Attributes
    ----------
    places : list of tuples of arrays
        For each turn, where what is carried is read from. Empty until the first call.
    turn : int
        Which of them holds the values now.
    adopted : set of int
        Which of the homes are the caller's own arrays.
    generation : int
        Goes up when the homes move, and what was bound to them is worth nothing.
    users : set of Holder
    stream : Stream
        Their own: what is new runs here first, and is captured here.
    last : Stream
        Where all work with this memory went to last. What another stream did comes before it.
    """

    def __init__(self, recipe: Recipe, device: Device) -> None:
        self.device = device
        self.kinds = tuple(recipe.inputs[i] for i, _ in recipe.carried)
        pairs = list(enumerate(recipe.carried))
        self.in_place = frozenset(number for number, (_, o) in pairs if o in recipe.in_place)
        self.unchanged = frozenset(number for number, (i, _) in pairs if i in recipe.unchanged)
        self.turns = 2 if recipe.in_turn else 1
        self.stream, self.pool = device.stream(), device.pool()
        self.last: Stream = self.stream
        self._passed = device.event()
        self.places: list[tuple[Array, ...]] = []
        self.adopted: set[int] = set()
        self.turn = self.generation = 0
        self.users: set[Holder] = set()
        self._thread: int | None = None

    def like(self, recipe: Recipe) -> bool:
        """Return whether another step carries the same."""
        kinds = tuple(recipe.inputs[i] for i, _ in recipe.carried)
        in_place = frozenset(number for number, (_, o) in enumerate(recipe.carried) if o in recipe.in_place)
        return (kinds, in_place) == (self.kinds, self.in_place)

    def check(self, name: str) -> None:
        """Want to be called from the thread of the first call.

        Raises
        ------
        OtherThread
        """
        here = threading.get_ident()
        if self._thread != here:
            if self._thread is not None:
                raise OtherThread(name)
            self._thread = here

    def taken(self) -> Stream:
        """Let the caller's current stream take over, and return it; raises as `callers` does."""
        caller = self.callers()
        self.follow(caller)
        return caller

    def callers(self) -> Stream:
        """Return the caller's current stream.

        Raises
        ------
        StreamCaptures
            A graph of the caller's could not move on what is carried, nor warm up.
        """
        caller = self.device.current()
        if caller.ptr and caller.is_capturing():  # the null stream cannot be captured
            raise StreamCaptures(self.device.name)
        return caller

    def follow(self, stream: Stream) -> None:
        """Let a stream take over: what it is given from here on comes after all that was done here."""
        if stream.ptr != self.last.ptr:
            self.last.record(self._passed)
            stream.wait_event(self._passed)
            self.last = stream

    def left(self, caller: Stream) -> None:
        """End a call: the caller's stream comes last, and is only remembered if it will be there."""
        self.follow(caller)
        if caller.ptr and not self.device.lasting(caller):
            self.follow(self.stream)

    @contextmanager
    def ordered(self) -> Iterator[Stream]:
        """Begin after what the caller's stream was given so far; what it is given later begins after this."""
        caller = self.taken()
        try:
            yield caller
        finally:
            self.left(caller)

    def wait(self) -> None:
        """Wait on the host until all work with this memory is done."""
        self.last.synchronize()

    def empty(self, kind: Kind) -> Array:
        """Return a buffer that stays where it is."""
        with self.pool.used(), self.stream:
            return self.device.empty(kind)

    def here(self) -> tuple[Array, ...]:
        """Return the homes that hold the values now."""
        return self.places[self.turn]

    def is_here(self, given: Sequence[Array]) -> bool:
        """Return whether the arrays given are the homes that hold the values now."""
        if not self.places:
            return False
        here = self.places[self.turn]
        return given is here or all(map(is_, given, here))

    def settle(self, given: Sequence[Array]) -> None:
        """Make the homes, where there are none, or where one is an array of the caller's that has changed."""
        if self.places and all(self.places[0][i] is given[i] for i in self.adopted):
            return
        self.forget()
        kinds, lies_as = self.kinds, self.device.lies_as
        self.adopted = {i for i in self.unchanged if lies_as(given[i], kinds[i])}
        first = [given[i] if i in self.adopted else self.empty(kind) for i, kind in enumerate(kinds)]
        places = [tuple(first)]
        if self.turns > 1:
            second = [first[i] if i in self.in_place else self.empty(kind) for i, kind in enumerate(kinds)]
            places.append(tuple(second))
        self.places = places

    def carry(self, given: Sequence[Array]) -> None:
        """Bring home the arrays given, those that are not there."""
        away = [(home, x) for home, x in zip(self.here(), given, strict=True) if home is not x]
        if away:
            safe = [(home, self.apart(x)) for home, x in away]
            for home, x in safe:
                self.device.copy(home, x, self.last)

    def apart(self, x: Array) -> Array:
        """Return `x`, or a copy where it has memory in common with a home that will be written.

        What was handed out may come back in another place, or as a view.
        """
        return self._copied(x) if self._touches(x) else x

    def kept(self, given: Sequence[Array]) -> list[tuple[Array, Array]]:
        """Return the values that were given and carried, where no step writes them, each with its home."""
        pairs = enumerate(zip(self.here(), given, strict=True))
        return [
            (home, self._copied(home) if self._touches(x) else x)
            for number, (home, x) in pairs
            if number not in self.unchanged
        ]

    def _touches(self, x: Array) -> bool:
        return any(self.device.overlap(x, home) for homes in self.places for home in homes)

    def _copied(self, x: Array) -> Array:
        copy = self.empty(kind_of(x))
        self.device.copy(copy, x, self.last)
        return copy

    def restore(self, kept: Sequence[tuple[Array, Array]]) -> None:
        """Bring copies home."""
        for home, x in kept:
            self.device.copy(home, x, self.last)

    def forget(self) -> None:
        """Give up the homes; those that the caller holds stay as they are."""
        self.places, self.adopted, self.turn = [], set(), 0
        self.generation += 1

    def release(self) -> None:
        """Free the memory, when the device has done what it was given."""
        try:
            self.wait()
        finally:
            self.forget()
            self.pool.free()


@contextmanager
def memory_named(device: Device, name: str) -> Iterator[None]:
    """Within, the device's error of exhausted memory becomes bpcore's, with the bytes.

    Raises
    ------
    MemoryExhausted
    """
    try:
        yield
    except MemoryExhausted:
        raise
    except Exception as error:
        wanted = device.exhausted(error)
        if wanted is None:
            raise
        free, total = device.free_bytes()
        raise MemoryExhausted(name, device.name, wanted, free, total) from error
