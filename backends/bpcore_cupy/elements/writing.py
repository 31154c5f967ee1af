"""Lines of a kernel's body, in which each number has a name of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bpcore_cupy.elements.kinds import ctype, is_half, literal
from bpcore_cupy.elements.prelude import with_needs

__all__ = ["Code", "Value"]


class Value(NamedTuple):
    """A number in a register: its text, and its dtype.

    Attributes
    ----------
    text : str
    kind : str
    """

    text: str
    kind: str

    @property
    def dtype(self) -> Any:
        """What bodies of composed functions ask for."""
        return self.kind if self.kind == "bfloat16" else np.dtype(self.kind)


class Code:
    """Lines that are written one after the other.

    Attributes
    ----------
    lines : list of str
    needs : set of str
        Names in the prelude.
    """

    def __init__(self, prefix: str = "t", needs: set[str] | None = None) -> None:
        self.lines: list[str] = []
        self.needs: set[str] = set() if needs is None else needs
        self.prefix = prefix
        self._count = 0

    def let(self, kind: str, text: str) -> Value:
        """Return the name of an expression's value."""
        name = f"{self.prefix}{self._count}"
        self._count += 1
        if is_half(kind):
            text = f"{self.need(f'bp_round_{kind}')}({text})"
        self.lines.append(f"const {ctype(kind)} {name} = {text};")
        return Value(name, kind)

    def need(self, name: str) -> str:
        """Return the name of a function of the prelude, which is then written above."""
        self.needs.add(name)
        return name

    def number(self, kind: str, number: float) -> Value:
        """Return a number that is known."""
        return Value(literal(kind, number), kind)

    @property
    def prelude(self) -> str:
        """What the lines need above them."""
        return with_needs(self.needs)
