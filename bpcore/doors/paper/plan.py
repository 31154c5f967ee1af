"""The plan of a step: its lines, forward, backward, update and forward again, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bpcore.doors.paper.arithmetic import Arithmetic
from bpcore.doors.paper.backward import Backward
from bpcore.doors.paper.line import AFTER, FORWARD, GIVEN, RATE, UPDATE, Line, derivative, updated
from bpcore.doors.paper.sheet import Sheet
from bpcore.doors.paper.simplest import call, renamed
from bpcore.doors.paper.slopes import decided
from bpcore.doors.paper.terms import Symbol, Term
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Static

__all__ = ["Plan", "evaluated_lines"]


@dataclass(kw_only=True)
class Plan:
    """What is to be written of a sheet.

    Attributes
    ----------
    sheet : Sheet
    by : tuple of Symbol
        The given ones that the result is differentiated by.
    learned : tuple of Symbol
        Those of them that are updated.
    rate : bool
        Whether there is an update at all.
    sequential : bool
        Whether a layer is updated before the layer below it gets its gradient.
    aliases : mapping of str to str
        The reader's names of derivatives, by the systematic ones.
    also : tuple of pairs of Symbol
        Derivatives of one quantity by another that are written as well.
    """

    sheet: Sheet
    by: tuple[Symbol, ...]
    learned: tuple[Symbol, ...] = ()
    rate: bool = False
    sequential: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)
    also: tuple[tuple[Symbol, Symbol], ...] = ()

    def lines(self, values: Mapping[Symbol, Static], arithmetic: Arithmetic) -> tuple[Line, ...]:
        """Return the lines, without values.

        Parameters
        ----------
        values : mapping of Symbol to array
            Of what was given.
        arithmetic : Arithmetic
            On the arrays' backend: what a formula with branches comes to is asked there.
        """
        given = [Line(symbol=symbol, kind=GIVEN) for symbol in self.sheet.given]
        if self.rate:
            given.append(Line(symbol=RATE, kind=GIVEN))
        known = dict(values)
        if not self.sheet.matrices:
            self.sheet = _settled(self.sheet, known, arithmetic)
        for quantity in self.sheet.quantities:
            known[quantity.symbol] = arithmetic.value(quantity.term, known)
        forward = [Line(symbol=q.symbol, kind=FORWARD, term=q.term) for q in self.sheet.quantities]
        backward = list(Backward(self, known, arithmetic).lines())
        lines = (*given, *forward, *backward, *self._after())
        _check_different(lines)
        return lines

    def update(self, symbol: Symbol) -> Line:
        """Return the line of a parameter's update."""
        gradient = self.named(derivative(self.sheet.result, symbol))
        step = call("multiply", RATE, gradient)
        return Line(symbol=updated(symbol), kind=UPDATE, term=call("subtract", symbol, step))

    def named(self, systematic: str) -> Symbol:
        """Return the reader's name of a derivative."""
        return Symbol(self.aliases.get(systematic, systematic))

    def _after(self) -> Iterator[Line]:
        if not self.rate:
            return
        names: dict[Symbol, Term] = {symbol: updated(symbol) for symbol in self.learned}
        for quantity in self.sheet.quantities:
            term = renamed(quantity.term, names)
            if term != quantity.term:
                names[quantity.symbol] = updated(quantity.symbol)
                yield Line(symbol=updated(quantity.symbol), kind=AFTER, term=term)


def _check_different(lines: Sequence[Line]) -> None:
    """Want one line for each name: the rate's and those with a plus at the end among them."""
    seen: set[Symbol] = set()
    for line in lines:
        if line.symbol in seen:
            do = "Two quantities bear that one; eta is the rate, and a plus at the end says after the step."
            raise OptionError("names", line.symbol.name, "different for what is different", do)
        seen.add(line.symbol)


def _settled(sheet: Sheet, values: Mapping[Symbol, Static], arithmetic: Arithmetic) -> Sheet:
    """Return the sheet with the branches that the numbers take."""
    known = dict(values)
    groups = []
    for group in sheet.groups:
        settled = []
        for quantity in group:
            term = decided(quantity.term, known, arithmetic, extremes=False)
            known[quantity.symbol] = arithmetic.value(term, known)
            settled.append(replace(quantity, term=term))
        groups.append(tuple(settled))
    return replace(sheet, groups=tuple(groups))


def evaluated_lines(
    lines: Iterable[Line], given: Mapping[Symbol, Static], arithmetic: Arithmetic
) -> tuple[Line, ...]:
    """Return the lines with their values, one after the other."""
    values: dict[Symbol, Static] = {}
    done = []
    for line in lines:
        if line.term is None:
            values[line.symbol] = arithmetic.given(given[line.symbol])
        else:
            values[line.symbol] = arithmetic.value(line.term, values)
        done.append(replace(line, value=values[line.symbol]))
    return tuple(done)
