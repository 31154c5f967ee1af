"""The Program: a straight-line list of equations, with shapes and dtypes.

A tape with its values forgotten. Everything that wants to know what a function does reads this: the
backends compile it, the listing prints it. Passes are plain functions from Program to Program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bpcore.program.equation import ArrayType, Equation, Slot
from bpcore.program.listing import listing
from bpcore.program.source import as_function
from bpcore.words.protocols import Array, Namespace
from bpcore.words.trees import Structure

__all__ = ["Program"]


@dataclass(frozen=True, eq=False)
class Program:
    """Equations between arrays.

    Attributes
    ----------
    inputs : tuple of Slot
        Where the arguments' leaves go, in order.
    equations : tuple of Equation
        Each reads slots that are inputs or outputs of earlier ones, and writes a slot once.
    outputs : tuple
        A `Slot`, or the name of a constant, for each leaf that is returned.
    constants : mapping of str to array
        Arrays that the function took from elsewhere than its arguments.
    types : mapping of Slot to ArrayType
    structure : Structure
        The tree that the outputs make.
    """

    inputs: tuple[Slot, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[Slot | str, ...]
    constants: Mapping[str, Array]
    types: Mapping[Slot, ArrayType]
    structure: Structure

    def __post_init__(self) -> None:
        object.__setattr__(self, "constants", MappingProxyType(dict(self.constants)))
        object.__setattr__(self, "types", MappingProxyType(dict(self.types)))

    def __str__(self) -> str:
        return listing(self)

    def __repr__(self) -> str:
        return f"<Program of {len(self.equations)} equations>"

    def function(self, xp: Namespace) -> Callable[..., Sequence[Array]]:
        """Return the Program as a plain Python function over `xp`; its text is at ``.source``."""
        return as_function(self, xp)
