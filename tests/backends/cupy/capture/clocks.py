"""Who knows of whose work: vector clocks of the host and of streams, so that a race is seen whenever it ran.

L. Lamport (1978), "Time, clocks, and the ordering of events in a distributed system".
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HOST", "Access", "Clock", "Clocks", "Race", "checked"]

HOST = -1

Clock = dict[int, int]


class Race(AssertionError):
    """Two uses of one piece of memory, one of them a write, that no event orders."""


class Access(NamedTuple):
    """One use of a piece of memory."""

    low: int
    high: int
    writes: bool
    actor: int
    time: int
    what: str


class Clocks:
    """What each actor, the host or a stream, knows of the others' work."""

    def __init__(self) -> None:
        self.known: dict[int, Clock] = {}

    def tick(self, actor: int) -> int:
        """Return the time of one more piece of work."""
        own = self.known.setdefault(actor, {})
        own[actor] = own.get(actor, 0) + 1
        return own[actor]

    def seen(self, actor: int) -> Clock:
        """Return what an actor knows now."""
        return dict(self.known.setdefault(actor, {}))

    def learn(self, actor: int, clock: Clock) -> None:
        """Let an actor go on after what is known there."""
        own = self.known.setdefault(actor, {})
        for other, time in clock.items():
            own[other] = max(own.get(other, 0), time)


def checked(log: list[Access], new: Access, clocks: Clocks) -> list[Access]:
    """Return a log with one more access.

    Raises
    ------
    Race
    """
    knows = clocks.known.setdefault(new.actor, {})
    kept = []
    for old in log:
        overlap = old.low < new.high and new.low < old.high
        ordered = knows.get(old.actor, 0) >= old.time
        if overlap and (old.writes or new.writes) and not ordered:
            raise Race(f"{new.what} {'writes' if new.writes else 'reads'} what {old.what} may still use")
        covered = new.low <= old.low and old.high <= new.high and (new.writes or not old.writes)
        if not (covered and ordered):
            kept.append(old)
    return [*kept, new]
