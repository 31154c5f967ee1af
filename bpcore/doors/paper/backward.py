"""The way back: the derivative of the result by everything before it, group by group."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from bpcore.doors.paper.arithmetic import EVERYWHERE, Arithmetic
from bpcore.doors.paper.line import GRADIENT, SLOPE, Line, derivative, updated
from bpcore.doors.paper.simplest import call, recognized, renamed
from bpcore.doors.paper.slopes import pulled_back, slopes
from bpcore.doors.paper.terms import ONE, ZERO, Call, Number, Symbol, Term, symbols_of
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from bpcore.doors.paper.plan import Plan

__all__ = ["Backward"]


class Backward:
    """The way back, group by group."""

    def __init__(self, plan: Plan, values: dict[Symbol, Static], arithmetic: Arithmetic) -> None:
        self.plan, self.sheet = plan, plan.sheet
        self.values, self.arithmetic = values, arithmetic
        self.made = {quantity.symbol: quantity for quantity in self.sheet.quantities}
        self.known: dict[Term, Symbol] = {
            q.term: q.symbol for q in self.sheet.quantities if isinstance(q.term, Call)
        }
        self.readers: dict[Symbol, list[Symbol]] = {}
        for quantity in self.sheet.quantities:
            for symbol in symbols_of(quantity.term):
                self.readers.setdefault(symbol, []).append(quantity.symbol)
        self.wanted = self._wanted()
        self.totals: dict[Symbol, Term] = {self.sheet.result: ONE}
        self.slopes: dict[tuple[Symbol, Symbol], Term] = {}
        self.chains: dict[Symbol, tuple[Symbol, ...]] = {}
        self.new: dict[Symbol, Term] = {}

    def _wanted(self) -> set[Symbol]:
        """Return what lies on a way from something to differentiate by to the result."""
        moving = set(self.plan.by)
        for quantity in self.sheet.quantities:
            if moving & set(symbols_of(quantity.term)):
                moving.add(quantity.symbol)
        leading = {self.sheet.result}
        for quantity in reversed(self.sheet.quantities):
            if quantity.symbol in leading:
                leading |= set(symbols_of(quantity.term))
        return moving & leading

    def lines(self) -> Iterator[Line]:
        """Yield the lines, from the result back to what was given."""
        open_ones = [symbol for symbol in self.plan.by if symbol in self.wanted]
        for group in reversed(self.sheet.groups):
            for quantity in group:
                if quantity.symbol in self.wanted and quantity.symbol != self.sheet.result:
                    yield from self._total(quantity.symbol)
            ready = [s for s in open_ones if all(r in self.totals for r in self._readers(s))]
            open_ones = [s for s in open_ones if s not in ready]
            for symbol in ready:
                yield from self._total(symbol)
            if self.plan.sequential and self.plan.rate:
                yield from self._updates(ready)
        for symbol in self.plan.by:
            if symbol not in self.wanted:
                yield self._without_effect(symbol)
        for of, by in () if self.sheet.matrices else self.plan.also:
            yield from self._composed(of, by)
        if self.plan.rate:
            yield from self._updates(symbol for symbol in self.plan.learned if symbol not in self.new)

    def _updates(self, symbols: Iterable[Symbol]) -> Iterator[Line]:
        for symbol in symbols:
            if symbol in self.plan.learned:
                yield self._kept(self.plan.update(symbol))
                self.new[symbol] = updated(symbol)

    def _without_effect(self, symbol: Symbol) -> Line:
        """Return the derivative by what the result does not depend on: 0."""
        name = derivative(self.sheet.result, symbol)
        return self._kept(
            Line(symbol=self.plan.named(name), kind=GRADIENT, term=self._shaped(ZERO, symbol), means=name)
        )

    def _shaped(self, term: Term, symbol: Symbol) -> Term:
        """Return a number in every place of an array, where the quantity is one."""
        whole = self.sheet.matrices and getattr(self.values[symbol], "shape", ()) != ()
        return Call(EVERYWHERE, (term, symbol)) if whole and not symbols_of(term) else term

    def _readers(self, symbol: Symbol) -> list[Symbol]:
        return [reader for reader in self.readers.get(symbol, ()) if reader in self.wanted]

    def _total(self, symbol: Symbol) -> Iterator[Line]:
        """Yield the lines that lead to the derivative of the result by this quantity."""
        readers = self._readers(symbol)
        contributions: list[Term] = []
        for reader in readers:
            if self.sheet.matrices:
                contributions.append(self._brought_back(reader, symbol))
                continue
            slope = self._slope(reader, symbol)
            total = self.totals[reader]
            if not isinstance(slope, Number) and (total != ONE or len(readers) > 1):
                named = self.plan.named(derivative(reader, symbol))
                yield self._kept(Line(symbol=named, kind=SLOPE, term=slope, means=derivative(reader, symbol)))
                slope = named
            contributions.append(call("multiply", total, slope))
        if len(readers) > 1 and not self.sheet.matrices:
            contributions = yield from self._apart(symbol, readers, contributions)
        term = reduce(lambda a, b: call("add", a, b), contributions)
        name = derivative(self.sheet.result, symbol)
        if term == ONE and symbol not in self.plan.by:
            self.totals[symbol] = ONE
            return
        self.totals[symbol] = self.plan.named(name)
        self.chains[symbol] = self._chain(symbol, readers, term)
        yield self._kept(
            Line(
                symbol=self.plan.named(name), kind=GRADIENT, term=term, chain=self.chains[symbol], means=name
            )
        )

    def _kept(self, line: Line) -> Line:
        """Keep the line's number: later lines read it."""
        if line.term is not None:
            self.values[line.symbol] = self.arithmetic.value(line.term, self.values)
        return line

    def _apart(
        self, symbol: Symbol, readers: Sequence[Symbol], contributions: list[Term]
    ) -> Generator[Line, None, list[Term]]:
        """Yield each contribution by itself; return their symbols."""
        found: list[Term] = []
        for reader, term in zip(readers, contributions, strict=True):
            name = f"{derivative(self.sheet.result, symbol)} through {reader.name}"
            if isinstance(term, Symbol | Number):
                found.append(term)
                continue
            line = Line(symbol=self.plan.named(name), kind=GRADIENT, term=term, means=name)
            yield self._kept(line)
            found.append(line.symbol)
        return found

    def _chain(self, symbol: Symbol, readers: Sequence[Symbol], term: Term) -> tuple[Symbol, ...]:
        """Return the factors back to the result, or to where several ways meet."""
        if len(readers) != 1 or self.sheet.matrices or term == ONE:
            return ()
        (reader,) = readers
        total = self.totals[reader]
        last = [one for one in symbols_of(term) if one != total]
        if len(last) != 1 or not isinstance(total, Symbol):
            return ()
        before = self.chains.get(reader) or (total,)
        return (*before, *last)

    def _slope(self, of: Symbol, by: Symbol) -> Term:
        """Return the local derivative; in the sequential order, in what has been updated so far."""
        if (of, by) not in self.slopes:
            parents = [one for one in symbols_of(self.made[of].term) if one in self.wanted]
            found = slopes(self.made[of], parents, self.values, self.arithmetic)
            self.slopes |= {(of, one): recognized(slope, self.known) for one, slope in found.items()}
        return renamed(self.slopes[of, by], self.new)

    def _brought_back(self, reader: Symbol, symbol: Symbol) -> Term:
        total = self.totals[reader]
        cotangent = total if isinstance(total, Symbol) else None
        for plain in (False, True):  # the simplest form may lose a shape: then as it was computed
            found = pulled_back(self.made[reader], symbol, cotangent, self.values, plain=plain)
            if not plain:
                found = recognized(found, self.known)
            term = self._shaped(renamed(found, self.new, plain=plain), symbol)
            if plain or self._has_its_shape(term, symbol):
                break
        return term

    def _has_its_shape(self, term: Term, symbol: Symbol) -> bool:
        try:
            value = self.arithmetic.value(term, self.values)
        except (TypeError, ValueError, AttributeError, IndexError, RuntimeError):
            return False
        wanted = tuple(getattr(self.values[symbol], "shape", ()))
        return tuple(getattr(value, "shape", ())) == wanted

    def _composed(self, of: Symbol, by: Symbol) -> Iterator[Line]:
        """Yield the derivative of one quantity by another, over all ways between them."""
        memo: dict[Symbol, Term] = {of: ONE}

        def found(symbol: Symbol) -> Term:
            if symbol not in memo:
                terms = [
                    call("multiply", found(reader), self._slope(reader, symbol))
                    for reader in self._readers(symbol)
                    if reader in self.made
                ]
                memo[symbol] = reduce(lambda a, b: call("add", a, b), terms) if terms else Number(0.0)
            return memo[symbol]

        name = derivative(of, by)
        yield Line(symbol=self.plan.named(name), kind=SLOPE, term=found(by), means=name)
