"""The Program: a straight-line list of equations, with shapes and dtypes.

A tape with its values forgotten. Everything that wants to know what a function does reads this: the
backends compile it, the listing prints it. Passes are plain functions from Program to Program.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bpcore.program.equation import Equations
from bpcore.program.listing import listing
from bpcore.program.source import as_function
from bpcore.words.protocols import Array, Namespace

__all__ = ["Program"]


@dataclass(frozen=True, eq=False)
class Program(Equations):
    """Equations that can be printed and run.

    Its fields are those of `Equations`.
    """

    def __str__(self) -> str:
        return listing(self)

    def __repr__(self) -> str:
        return f"<Program of {len(self.equations)} equations>"

    def function(self, xp: Namespace) -> Callable[..., Sequence[Array]]:
        """Return the Program as a plain Python function over `xp`; its text is at ``.source``."""
        return as_function(self, xp)
