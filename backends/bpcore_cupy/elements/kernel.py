"""A kernel as text: what is compiled, what it is launched with, and on what."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from bpcore.program.equation import Constant, Slot

__all__ = ["SCRATCH", "Argument", "Kernel", "Layout", "Scratch", "named"]


class Scratch(Enum):
    """The place among a kernel's arguments where its scratch memory is wanted."""

    SCRATCH = "scratch"


SCRATCH = Scratch.SCRATCH

Argument = Slot | Constant | Scratch


class Layout(NamedTuple):
    """How an array lies in its memory, counted in elements.

    Attributes
    ----------
    strides : tuple of int
        Zero where an axis is broadcast, below zero where it runs backwards.
    offset : int
        From the pointer that the kernel is given to the element of index zero.
    """

    strides: tuple[int, ...]
    offset: int = 0


@dataclass(frozen=True)
class Kernel:
    """One launch, and the one after it where there are two stages.

    Attributes
    ----------
    name : str
        The function's name in the source (``extern "C"``), made of the source's hash: equal kernels have
        one name.
    source : str
        CUDA C++ that NVRTC compiles without any header, with ``--fmad=false``.
    arguments : tuple
        What each argument points to, in order, inputs before outputs: a `Slot`, a `Constant`, or `SCRATCH`.
        All arguments are pointers. Outputs of an equation that has several are the slots of its items.
    grid, block : int
        Blocks of the launch, and threads of a block; `grid` is zero where there is nothing to compute.
    shared_bytes : int
        Shared memory that the launch asks for.
    scratch_bytes : int
        Memory that must be there from before this launch to after the last stage, aligned to 256 bytes. It
        need not be cleared.
    shares : tuple of pairs (int, int)
        Places of an input and of an output among `arguments` that may be the same memory: the element at
        an index is read before the one at that index is written, by the same thread. Any other output
        must not overlap any input.
    then : Kernel or None
        The launch that must follow on the same stream, with the same scratch memory; what it writes counts
        as written by this kernel.
    """

    name: str
    source: str
    arguments: tuple[Argument, ...]
    grid: int
    block: int
    shared_bytes: int = 0
    scratch_bytes: int = 0
    shares: tuple[tuple[int, int], ...] = ()
    then: Kernel | None = None

    @property
    def stages(self) -> tuple[Kernel, ...]:
        """The launches, in order."""
        return (self,) if self.then is None else (self, *self.then.stages)


NAME = "bp_kernel"
"""What stands for the name in a text that has none yet."""


def named(text: str) -> tuple[str, str]:
    """Return a kernel's name, by the hash of its text, and the text with the name in it."""
    name = f"bp_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    return name, text.replace(NAME, name)
