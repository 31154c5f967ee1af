"""The tape: what was called while a function was traced, in order.

A tape's slots are numbered: first its inputs, then one slot for the output of each call. Each traced
array points at its tape; the tape never points at a traced array, so no ring keeps big arrays alive.

Traces nest: inside a gradient another one may be taken. Every tape has a serial number, and a tape that
is started inside another has the larger one. A call belongs to the newest tape among its inputs; what it
computes on are the values one level down, which may themselves be traced by an older tape. Example, with
``grad(lambda x: grad(lambda y: x * y)(x))``: the outer tape 1 gives ``x1``; the inner tape 2 takes
``x1`` as a value and gives ``y2``; ``x1 * y2`` belongs to tape 2, its value ``x1 * x1`` to tape 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.rules.function import Function
from bpcore.words.errors import EscapedTrace, InPlace
from bpcore.words.protocols import Array, Static

if TYPE_CHECKING:
    from bpcore.derivatives.arrays.traced import Traced

__all__ = ["INNERMOST", "STALE", "Call", "Stale", "Tape"]

_serials = count(1)


class Call(NamedTuple):
    """One function call, with its values.

    Attributes
    ----------
    function : Function
    slots : tuple of int or None
        For each input the slot it was read from; None for an input that this tape does not trace.
    inputs : tuple
        The inputs' values, one level down.
    static : dict
        The keyword arguments.
    output : array
        The output's value, one level down; a tuple where the function returns several.
    """

    function: Function
    slots: tuple[int | None, ...]
    inputs: tuple[Array, ...]
    static: dict[str, Static]
    output: Array


class Tape:
    """A list of calls that grows while a function is traced.

    It also knows, in `views`, which arrays in use may share memory, as pairs of the array and its view; and,
    in `assigned`, whether any array was assigned to.

    Parameters
    ----------
    space : Space
        The backend's functions, plain and traced.
    inputs : int
        How many slots are the function's inputs.
    sealed : bool
        Whether reading a traced value (``if x:``, ``float(x)``) is an error, as in a recording.
    """

    __slots__ = (*("append", "assigned", "calls", "inputs", "nested", "sealed", "serial", "space", "views"),)

    append: Callable[[Call], None]
    serial: float

    def __init__(self, space: Space, inputs: int, *, sealed: bool = False) -> None:
        self.serial = next(_serials)
        self.space = space
        self.inputs = inputs
        self.sealed = sealed
        self.nested = False
        self.calls: list[Call] = []
        self.append = self.calls.append
        self.assigned = False
        self.views: list[tuple[ref[Traced], ref[Traced]]] = []

    def carries_gradient(self, slot: int) -> bool:
        """Return whether a slot holds an input, or a floating output of a function that has rules."""
        if slot < self.inputs:
            return True
        call = self.calls[slot - self.inputs]
        return call.function.backward is not None and self.space.is_floating(call.output.dtype)

    def close(self) -> None:
        """End the trace: from here on a call with one of its arrays is an error."""
        self.append = _escaped


INNERMOST: ContextVar[tuple[Tape | None, object]] = ContextVar("innermost", default=(None, None))
"""The tape of the function that is being traced just now, and an array that is where its arguments are."""


def _escaped(call: Call) -> None:
    raise EscapedTrace


class Stale(Tape):
    """What an array is on that shared memory with one that was assigned to: whatever uses it is refused.

    Its serial number is the largest, so that it is asked first.

    Parameters
    ----------
    tape : Tape
        The tape that the array was on.
    cause : Traced
        The array that was assigned to.
    slot : int
        Its slot before.
    """

    __slots__ = ("cause", "slot", "tape")

    def __init__(self, tape: Tape, cause: Traced, slot: int) -> None:
        super().__init__(tape.space, 0, sealed=True)
        self.tape, self.cause, self.slot = tape, ref(cause), slot
        self.serial = math.inf
        self.append = _stale


def _stale(call: Call) -> None:
    raise InPlace(STALE)


STALE = (
    "an array was used that shares memory with one that was assigned to, x[...] = v or x += v, after it "
    "was made: whether the library changes it along is not fixed; make it again after the assignment, or "
    "copy it before, with xp.asarray(x, copy=True)."
)
