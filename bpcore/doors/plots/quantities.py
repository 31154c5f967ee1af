"""What a drawing needs of an explanation: its quantities as nodes, and the gradients that are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bpcore.doors.paper.line import FORWARD, GIVEN, GRADIENT, SLOPE, UPDATE, Line, updated
from bpcore.doors.paper.terms import symbols_of
from bpcore.words.errors import OptionError, PaperError, did_you_mean
from bpcore.words.protocols import Static

__all__ = ["Explained", "Quantities", "in_short"]

DIGITS = 4
"""Of a number in a drawing."""


class Explained(Protocol):
    """Anything with lines, as an `Explanation`."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines, in the order in which they are computed."""


@dataclass(frozen=True)
class Quantities:
    """The quantities that lead to the result.

    Attributes
    ----------
    lines : mapping of str to Line
        What was given and what was computed forward, by name; the result is the last.
    parents : mapping of str to tuple of str
        What each is made of.
    derivatives : mapping of str to Line
        Slopes and gradients, by their systematic names, as ``dE/dw5``.
    updates : frozenset of str
        The names of quantities after the step, as ``w5+``; none where there is no step.
    """

    lines: Mapping[str, Line]
    parents: Mapping[str, tuple[str, ...]]
    derivatives: Mapping[str, Line]
    updates: frozenset[str]

    @classmethod
    def of(cls, explanation: Explained) -> Quantities:
        """Return the quantities of an explanation.

        Raises
        ------
        PaperError
            When it computes nothing.
        """
        lines = {one.symbol.name: one for one in explanation.lines if one.kind in (GIVEN, FORWARD)}
        parents = {
            name: tuple(symbol.name for symbol in symbols_of(line.term)) if line.term is not None else ()
            for name, line in lines.items()
        }
        computed = [name for name, line in lines.items() if line.kind == FORWARD]
        if not computed:
            raise PaperError("the explanation computes nothing", "There is no graph to draw.")
        leading = _leading(computed[-1], parents)
        derivatives = {
            line.means or line.symbol.name: line
            for line in explanation.lines
            if line.kind in (SLOPE, GRADIENT)
        }
        return cls(
            {name: line for name, line in lines.items() if name in leading},
            {name: its for name, its in parents.items() if name in leading},
            derivatives,
            frozenset(line.symbol.name for line in explanation.lines if line.kind == UPDATE),
        )

    @property
    def result(self) -> str:
        """The name of what was computed last."""
        return tuple(self.lines)[-1]

    def gradient(self, name: str) -> str:
        """Return the derivative of the result by a quantity, as it is written in a drawing, or nothing."""
        return self._written(self.result, name)

    def slope(self, of: str, by: str) -> str:
        """Return the derivative of a quantity by one that it is made of, as a number, or nothing."""
        return self._written(of, by).rpartition("= ")[2]

    def _written(self, of: str, by: str) -> str:
        line = self.derivatives.get(f"d{of}/d{by}")
        return "" if line is None else f"d{of}/d{by} = {in_short(line.value)}"

    def is_parameter(self, name: str) -> bool:
        """Return whether a quantity was given, and the result differentiated by it."""
        return self.lines[name].kind == GIVEN and f"d{self.result}/d{name}" in self.derivatives

    def learns(self, name: str) -> bool:
        """Return whether the step changes a quantity; where there is no step, whether it is a parameter."""
        if self.updates:
            return updated(self.lines[name].symbol).name in self.updates
        return self.is_parameter(name)

    def path(self, name: str | None) -> frozenset[str]:
        """Return the names between a quantity and the result, with both; nothing for None.

        Raises
        ------
        OptionError
            When there is no quantity of that name; with the near one.
        """
        if name is None:
            return frozenset()
        if name not in self.lines:
            wanted = f"a quantity that leads to {self.result}"
            raise OptionError("path", name, wanted, did_you_mean(str(name), self.lines).strip())
        following = {name}
        for child, its in self.parents.items():
            if following & set(its):
                following.add(child)
        return frozenset(following)


def _leading(result: str, parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return what the result is made of, and itself."""
    found = {result}
    for name in reversed(tuple(parents)):
        if name in found:
            found |= set(parents[name])
    return found


def in_short(value: Static) -> str:
    """Return a number with a few digits; of an array its shape."""
    shape = getattr(value, "shape", ())
    if value is None:
        return ""
    return " x ".join(map(str, shape)) if shape else f"{float(value):.{DIGITS}g}"
