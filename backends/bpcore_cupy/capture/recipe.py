"""What a step is made of, as the lowering hands it over: calls on buffers that stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bpcore.words.protocols import Array
from bpcore_cupy.capture.device import Kind

__all__ = ["Buffers", "Call", "Recipe"]


class Call(NamedTuple):
    """One piece of a step's work.

    Attributes
    ----------
    name : str
        What a warning calls it, the function that users know: ``"linalg.solve"``.
    enqueue : function ``(stream_pointer)``
        Hands the work to the stream, which is the library's current one as well. It is called again and
        again when the step runs eagerly, and once or a few times when it is captured.
    """

    name: str
    enqueue: Callable[[int], object]


class Buffers(NamedTuple):
    """Where a step reads and writes; none of these arrays moves while its calls are used.

    Attributes
    ----------
    inputs : tuple of arrays
        In the order of the recipe's kinds.
    outputs : tuple of arrays
        Likewise; one that is written in place is the input's array itself.
    work : array (work_bytes,), uint8
        For everything between; its values are not kept from one step to the next.
    """

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    work: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Recipe:
    """A step, before it has memory.

    Attributes
    ----------
    name : str
        Of the function, for messages.
    inputs, outputs : tuple of Kind
        Of the arrays that go in and out. What is no array is the caller's affair.
    carried : tuple of pairs (input, output)
        Which input's successor each output is.
    in_place : frozenset of int
        Carried outputs that the calls write where their input lies. If all carried ones are, one graph does;
        if not there are two, from the first home of what is carried to the second and back.
    unchanged : frozenset of int
        Carried inputs that come back as they are; their outputs are among `in_place`. No call writes them,
        and the caller's own array may serve as their buffer.
    work_bytes : int
        What `Buffers.work` has room for.
    bind : function ``(buffers) -> sequence of Call``
        Makes views and arguments once; the calls that it returns keep what they need alive. Buffers that
        the calls need of their own, as constants, are made here, from the pool that is in use.
    """

    name: str
    inputs: tuple[Kind, ...]
    outputs: tuple[Kind, ...]
    carried: tuple[tuple[int, int], ...] = ()
    in_place: frozenset[int] = field(default_factory=frozenset)
    unchanged: frozenset[int] = field(default_factory=frozenset)
    work_bytes: int = 0
    bind: Callable[[Buffers], Sequence[Call]]

    @property
    def in_turn(self) -> bool:
        """Whether what is carried goes to and fro between two homes."""
        return any(output not in self.in_place for _, output in self.carried)
