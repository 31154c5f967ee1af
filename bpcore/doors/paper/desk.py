"""The desk: the right numbers of every line, those that somebody wrote, and what follows from a change."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bpcore.doors.paper.arithmetic import Arithmetic, Floats, OnArrays
from bpcore.doors.paper.figures import decimal_of
from bpcore.doors.paper.line import Line
from bpcore.doors.paper.terms import Symbol, Term, symbols_of
from bpcore.ground.registry import backend as find_backend
from bpcore.words.errors import BpcoreError
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from bpcore.doors.paper.explanation import Explanation

__all__ = ["Desk", "element"]

FAILURES = (ArithmeticError, AttributeError, BpcoreError, IndexError, KeyError, TypeError, ValueError)
"""What a formula may end in that was changed at will."""


class Desk:
    """The lines of an explanation with numbers that can be changed.

    Attributes
    ----------
    right : mapping of Symbol to number or array
        Computed anew from what was given, in 64 bits.
    own : dict
        The same, with the numbers that somebody wrote in their place.
    answered : set of Symbol
        The lines that somebody wrote a number for.
    """

    def __init__(self, explanation: Explanation) -> None:
        self.lines = explanation.lines
        self.order = {line.symbol: place for place, line in enumerate(self.lines)}
        self.made_of = {line.symbol: _made_of(line.term) for line in self.lines}
        self.arithmetic = self._arithmetic()
        self.right = self._all()
        self.own = dict(self.right)
        self.answered: set[Symbol] = set()

    def _arithmetic(self) -> Arithmetic:
        """Return floats where every line has one; else arrays of NumPy."""
        arrays = OnArrays(find_backend("numpy"))
        if any(getattr(line.value, "shape", ()) != () for line in self.lines):
            return arrays
        floats = Floats()
        values: dict[Symbol, Static] = {}
        try:
            for line in self.lines:
                values[line.symbol] = (
                    float(decimal_of(line.value)) if line.term is None else floats.value(line.term, values)
                )
        except FAILURES:
            return arrays
        return floats

    def _all(self) -> dict[Symbol, Static]:
        values: dict[Symbol, Static] = {}
        for line in self.lines:
            if line.term is not None:
                values[line.symbol] = self.arithmetic.value(line.term, values)
            elif getattr(line.value, "shape", ()) != ():
                values[line.symbol] = find_backend("numpy").namespace.asarray(line.value, dtype="float64")
            else:
                values[line.symbol] = self.arithmetic.given(float(decimal_of(line.value)))
        return values

    def way(self, line: Line) -> list[Line]:
        """Return the lines without answers that a line is made of, and the line itself, in order."""
        found: dict[Symbol, Line] = {line.symbol: line}
        waiting = [line]
        while waiting:
            for symbol in self.made_of[waiting.pop().symbol]:
                at = self.lines[self.order[symbol]]
                if symbol not in found and symbol not in self.answered and at.term is not None:
                    found[symbol] = at
                    waiting.append(at)
        return sorted(found.values(), key=lambda one: self.order[one.symbol])

    def reads(self, line: Line) -> set[Symbol]:
        """Return the answers that a line is made of."""
        return {symbol for one in self.way(line) for symbol in self.made_of[one.symbol]} & self.answered

    def after(
        self,
        way: list[Line],
        base: Mapping[Symbol, Static],
        changed: Mapping[Symbol, Term],
        *,
        kept: Callable[[Static], Static] | None = None,
    ) -> Static:
        """Return the number of the last line of a way.

        Parameters
        ----------
        way : list of Line
            From `way`.
        base : mapping
            The numbers to start from.
        changed : mapping of Symbol to Term
            Formulas in place of the lines' own.
        kept : function or None
            What is written down of each line's number, as one that rounds.

        Returns
        -------
        number or array, or None
            None where a changed formula cannot be computed.
        """
        values = dict(base)
        moved: set[Symbol] = set()
        for line in way:
            symbol = line.symbol
            if changed and symbol not in changed and moved.isdisjoint(self.made_of[symbol]):
                continue
            term = changed.get(symbol, line.term)
            if term is None:
                continue
            try:
                value = self.arithmetic.value(term, values)
                values[symbol] = value if kept is None else kept(value)
            except FAILURES:
                return None
            moved.add(symbol)
        return values[way[-1].symbol] if moved else None


def _made_of(term: Term | None) -> frozenset[Symbol]:
    return frozenset() if term is None else frozenset(symbols_of(term))


def element(value: Static, place: tuple[int, ...]) -> float | None:
    """Return one number of a line's value; None where there is none, or none that is finite."""
    if value is None:
        return None
    try:
        number = float(value[place] if place else value)
    except (TypeError, IndexError, ValueError):
        return None
    return number if math.isfinite(number) else None
