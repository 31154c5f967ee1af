"""What a lowered Program is made of: pieces of work on places in memory, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpcore.program.equation import Constant, Equation, Slot
from bpcore_cupy.elements import SCRATCH, Kernel
from bpcore_cupy.lowering.places import Memory, Place
from bpcore_cupy.products import Plan

__all__ = ["Function", "Launch", "Multiply", "Small", "Step", "spare"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Step:
    """One piece of work.

    Attributes
    ----------
    name : str
        The function that users know.
    equation : Equation
        What it computes.
    operands : sequence
        For each input of the equation its place, or what is no array.
    outputs : sequence of Place
        For each output of the equation where it is written.
    """

    name: str
    equation: Equation
    operands: Sequence[Any]
    outputs: Sequence[Place]

    @property
    def reads(self) -> list[Place]:
        """Where numbers come from."""
        return [x for x in self.operands if isinstance(x, Place)]

    @property
    def writes(self) -> list[Place]:
        """Where they go to, and what is spoilt on the way."""
        return list(self.outputs)

    def may_share(self, read: Place, written: Place) -> bool:
        """Return whether an operand and an output may be one memory."""
        return False


@dataclass(frozen=True, eq=False, kw_only=True)
class Launch(Step):
    """A kernel of ours.

    Attributes
    ----------
    kernel : Kernel
    places : mapping of Slot or Constant to Place
        Of the arguments of the kernel and of its later stages.
    scratch : Place or None
    """

    kernel: Kernel
    places: Mapping[Slot | Constant, Place]
    scratch: Place | None = None

    @property
    def reads(self) -> list[Place]:
        """Where numbers come from."""
        written = {id(x) for x in self.outputs}
        return [x for x in self.places.values() if id(x) not in written]

    @property
    def writes(self) -> list[Place]:
        """Where they go to, and scratch memory."""
        return [*self.outputs, *([] if self.scratch is None else [self.scratch])]

    @property
    def pointers(self) -> list[Place]:
        """The places of the arguments of all stages, in the order of `places`; without scratch memory."""
        return list(self.places.values())

    def may_share(self, read: Place, written: Place) -> bool:
        """Return whether the kernel says so, of every argument that lies there."""
        if self.kernel.then is not None:
            return False
        pointers = [None if x is SCRATCH else self.places[x] for x in self.kernel.arguments]
        ins = [i for i, x in enumerate(pointers) if x is read]
        outs = [i for i, x in enumerate(pointers) if x is written]
        shares = self.kernel.shares
        return bool(ins and outs) and all((i, j) in shares for i in ins for j in outs)


@dataclass(frozen=True, eq=False, kw_only=True)
class Multiply(Step):
    """A product by cuBLASLt.

    Attributes
    ----------
    plan : Plan
    a, b, c : Place
    bias : Place or None
        The vector of the epilogue, read or written.
    aux : Place or None
        What the epilogue keeps for the way back, read or written.
    """

    plan: Plan
    a: Place
    b: Place
    c: Place
    bias: Place | None = None
    aux: Place | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Small(Launch):
    """A product by a kernel of ours: its fields are those of both."""

    plan: Plan
    a: Place
    b: Place
    c: Place
    bias: Place | None = None
    aux: Place | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Function(Step):
    """A function of CuPy, whose result is copied where it belongs."""


def spare(memory: Memory) -> Place:
    """Return memory as a place of bytes."""
    return Place((memory.size,), (1,), memory=memory, dtype="uint8")
