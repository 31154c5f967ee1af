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

from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from bpcore.derivatives.rules.function import Function
from bpcore.derivatives.space import Space
from bpcore.words.errors import EscapedTrace
from bpcore.words.protocols import Array, Static

__all__ = ["Call", "Tape"]

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

    Parameters
    ----------
    space : Space
        The backend's functions, plain and traced.
    inputs : int
        How many slots are the function's inputs.
    sealed : bool
        Whether reading a traced value (``if x:``, ``float(x)``) is an error, as in a recording.
    """

    __slots__ = ("append", "calls", "inputs", "nested", "sealed", "serial", "space")

    append: Callable[[Call], None]

    def __init__(self, space: Space, inputs: int, *, sealed: bool = False) -> None:
        self.serial = next(_serials)
        self.space = space
        self.inputs = inputs
        self.sealed = sealed
        self.nested = False
        self.calls: list[Call] = []
        self.append = self.calls.append

    def carries_gradient(self, slot: int) -> bool:
        """Return whether a slot holds an input, or a floating output of a function that has rules."""
        if slot < self.inputs:
            return True
        call = self.calls[slot - self.inputs]
        return call.function.backward is not None and self.space.is_floating(call.output.dtype)

    def close(self) -> None:
        """End the trace: from here on a call with one of its arrays is an error."""
        self.append = _escaped


def _escaped(call: Call) -> None:
    raise EscapedTrace
