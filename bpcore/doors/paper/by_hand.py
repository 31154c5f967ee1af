"""A reader's own numbers against the lines: the first wrong one, and what was likely done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, NamedTuple

from bpcore.doors.paper.answer import Answer
from bpcore.doors.paper.arithmetic import Arithmetic, Exact, OnArrays
from bpcore.doors.paper.figures import decimal_of, figure
from bpcore.doors.paper.lines import GIVEN, Line
from bpcore.doors.paper.mistakes import KINDS, Mistake, mistakes, throughout
from bpcore.doors.paper.terms import Symbol, symbols_of
from bpcore.ground.registry import backend as find_backend
from bpcore.words.errors import BpcoreError, OptionError
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from bpcore.doors.paper.explanation import Explanation

__all__ = ["COARSE", "FOLLOWS", "RIGHT", "ROUNDED", "WRONG", "Checked", "Finding", "checked"]

RIGHT, ROUNDED = "right", "right by your own rounding"
FOLLOWS, WRONG = "follows from the wrong line", "wrong"
COARSE = "too few digits to tell"
UPSTREAM = 10
"""How many kinds likelier a mistake is in the line itself than in one that it is made of."""

DIGITS = 4
"""Digits of an answer at least, when they are said to have slipped, or a mistake is sought in other lines."""

FEWEST = 3
"""Digits of an answer at least, when a mistake need not give it exactly."""


@dataclass(frozen=True)
class Finding:
    """What is to be said of one answer.

    Attributes
    ----------
    name : str
    given : str
    value : number
        What is right.
    verdict : str
        ``right``; ``right by your own rounding``; ``too few digits to tell``; ``wrong``; ``follows from
        the wrong line``.
    kind : str
        Of a wrong one: one of `KINDS`, or nothing where no usual mistake gives it.
    reason : str
        What was done, in words.
    others : tuple of str
        Other kinds that give the same digits.
    """

    name: str
    given: str
    value: Static
    verdict: str
    kind: str = ""
    reason: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Checked:
    """The findings, in the order of the lines.

    Attributes
    ----------
    findings : tuple of Finding
    decimals : int
    """

    findings: tuple[Finding, ...]
    decimals: int = 6

    @property
    def first(self) -> Finding | None:
        """The first wrong answer; None where all are right."""
        return next((one for one in self.findings if one.verdict == WRONG), None)

    def __bool__(self) -> bool:
        return self.first is None

    def __str__(self) -> str:
        if self.first is None:
            return (
                f"all {len(self.findings)} answers are right"
                if len(self.findings) != 1
                else "the answer is right"
            )
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for one in self.findings:
            right = figure(one.value, max(self.decimals, len(one.given.partition(".")[2])))
            if one.verdict == WRONG:
                first = "first wrong line: " if one is self.first else "wrong: "
                yield f"{first}{one.name} = {one.given}, should be {right}"
                yield (
                    f"  {one.kind}: {one.reason}"
                    if one.kind
                    else "  none of the usual mistakes gives this number"
                )
                if one.others:
                    yield f"  the same number comes of: {', '.join(one.others)}"
            elif one.verdict == COARSE:
                yield f"{one.name} = {one.given}: {COARSE}; it is {right}"
            elif one.verdict == FOLLOWS:
                yield f"{one.name} = {one.given} follows from the wrong line; should be {right}"


def checked(answers: Mapping[str, Static], explanation: Explanation) -> Checked:
    """Return the findings on somebody's own numbers.

    Raises
    ------
    OptionError
        For a name that is no line's, with the near one; for an answer that is no number.
    """
    given = {name: Answer.of(name, value) for name, value in answers.items()}
    if not given:
        raise OptionError("answers", dict(answers), "names and numbers, one at least")
    order = {line.symbol: place for place, line in enumerate(explanation.lines)}
    names = sorted(given, key=lambda name: order[explanation.line(name).symbol])
    desk = _Desk(explanation, given)
    return Checked(tuple(desk.finding(name) for name in names), explanation.decimals)


class _Match(NamedTuple):
    """A mistake that gives the answer; those of lower rank are likelier."""

    rank: tuple[bool, int, int]
    kind: str
    words: str


class _Desk:
    """The exact numbers, and those that somebody wrote so far."""

    def __init__(self, explanation: Explanation, given: Mapping[str, Answer]) -> None:
        self.explanation, self.given = explanation, given
        self.arithmetic = _arithmetic(explanation)
        self.right = {line.symbol: self._read(line.value) for line in explanation.lines}
        self.own = dict(self.right)
        self.wrong: set[Symbol] = set()
        self.answered: set[Symbol] = set()

    def _read(self, value: Static) -> Static:
        return decimal_of(value) if isinstance(self.arithmetic, Exact) else value

    def finding(self, name: str) -> Finding:
        """Return what is to be said of an answer; keep it for those that come later."""
        line, place, answer = self.explanation.line(name), self.explanation.place(name), self.given[name]
        value = self.explanation[name]
        if getattr(value, "shape", ()) != ():
            do = "Name one of its elements, with its numbers after the name, or take form='elements'."
            raise OptionError("name", name, "one number", do)
        verdict = self._verdict(line, place, answer)
        found = Finding(name, answer.text, value, verdict)
        if verdict == WRONG:
            found = self._explained(found, line, place, answer)
        if verdict in (WRONG, FOLLOWS):
            self.wrong.add(line.symbol)
        self.answered.add(line.symbol)
        if not place:
            self.own[line.symbol] = self._read(answer.value)
        return found

    def _verdict(self, line: Line, place: tuple[int, ...], answer: Answer) -> str:
        right = _at(self.right[line.symbol], place)
        if answer.is_near(right):
            return RIGHT
        if answer.may_be(right):
            return COARSE
        if line.kind == GIVEN:
            return WRONG
        values = self._recomputed(line, None, self.own)
        if values is None or not answer.is_near(_at(values, place), units=1):
            return WRONG
        used = self._upstream(line)
        if used & self.wrong:
            return FOLLOWS
        return ROUNDED if used & self.answered else WRONG

    def _upstream(self, line: Line) -> set[Symbol]:
        """Return what a line is made of, up to what was answered."""
        found: set[Symbol] = set()
        waiting = [line]
        while waiting:
            term = waiting.pop().term
            for symbol in symbols_of(term) if term is not None else ():
                if symbol not in found:
                    found.add(symbol)
                    if symbol not in self.answered:
                        waiting.append(self.explanation.by_name[symbol.name])
        return found

    def _recomputed(self, line: Line, mistake: Mistake | None, known: Mapping[Symbol, Static]) -> Static:
        """Return a line's number from what was answered before, with a mistake in between."""
        open_ones = {line.symbol, *(one for one in self._upstream(line) if one not in self.answered)}
        values = dict(known)
        for one in self.explanation.lines:
            if one.symbol in open_ones and one.term is not None:
                term = one.term if mistake is None else mistake.terms.get(one.symbol, one.term)
                try:
                    values[one.symbol] = self.arithmetic.value(term, values)
                except (ArithmeticError, ValueError, IndexError, KeyError, BpcoreError):
                    return None
            if one is line:
                break
        return values[line.symbol]

    def _explained(self, found: Finding, line: Line, place: tuple[int, ...], answer: Answer) -> Finding:
        """Return the finding with the likeliest mistake that gives the answer."""
        matches = [*self._tried(line, place, answer), *self._others(line, answer)]
        if not matches:
            few = answer.digits < FEWEST
            words = (
                "too few digits to say what was done"
                if few
                else "none of the usual mistakes gives this number"
            )
            return replace(found, reason=words)
        matches.sort(key=lambda match: match.rank)
        likeliest = matches[0]
        others = tuple(dict.fromkeys(one.kind for one in matches if one.kind != likeliest.kind))[:2]
        return replace(found, kind=likeliest.kind, reason=likeliest.words, others=others)

    def _tried(self, line: Line, place: tuple[int, ...], answer: Answer) -> Iterator[_Match]:
        """Try every mistake, in the line and in those that it is made of, the nearest first; then all."""
        upstream = [
            one for one in self._upstream(line) if one not in self.answered and answer.digits >= DIGITS
        ]
        order = {one.symbol: number for number, one in enumerate(self.explanation.lines)}
        for distance, symbol in enumerate(
            sorted({line.symbol, *upstream}, key=order.__getitem__, reverse=True)
        ):
            where = f", in the line of {symbol.name}" if distance else ""
            for mistake in mistakes(self.explanation, self.explanation.by_name[symbol.name]):
                yield from self._matching(mistake, line, place, answer, distance, where)
        for mistake in throughout(self.explanation) if answer.digits >= DIGITS else ():
            yield from self._matching(mistake, line, place, answer, 1, "")

    def _matching(
        self, mistake: Mistake, line: Line, place: tuple[int, ...], answer: Answer, distance: int, where: str
    ) -> Iterator[_Match]:
        for known in (self.right, self.own):
            value = _at(self._recomputed(line, mistake, known), place)
            near = answer.is_near(value, units=known is self.own) if value is not None else False
            if near and (answer.digits >= FEWEST or answer.is_exactly(value)):
                far = KINDS.index(mistake.kind) + UPSTREAM * bool(distance)
                yield _Match((not answer.is_near(value), far, distance), mistake.kind, mistake.words + where)
                return

    def _others(self, line: Line, answer: Answer) -> Iterator[_Match]:
        """Yield lines that have the answer's number, and the digits that may have slipped."""
        for other in self.explanation.lines:
            value = self.right[other.symbol]
            if answer.digits < FEWEST or other is line or getattr(value, "shape", ()) != ():
                continue
            if answer.is_near(value):
                rank = (False, KINDS.index("another quantity"), 0)
                yield _Match(rank, "another quantity", f"it is {other.symbol.name}")
        right = self.right[line.symbol]
        if getattr(right, "shape", ()) == ():
            slipped = _slipped(answer, decimal_of(right))
            if slipped:
                yield _Match((False, KINDS.index("digits slipped"), 0), "digits slipped", slipped)


def _slipped(answer: Answer, right: Decimal) -> str:
    """Return which digits are another order of those that are right, or one of them another."""
    wanted = f"{right.quantize(answer.step, ROUND_HALF_UP):f}"
    given = f"{answer.value:f}"
    if len(wanted) != len(given) or len(answer.value.as_tuple().digits) < DIGITS:
        return ""
    places = [place for place, pair in enumerate(zip(wanted, given, strict=True)) if pair[0] != pair[1]]
    if len(places) == 1:
        return f"one digit is another: {wanted}"
    first, last = places[0], places[-1]
    turned = wanted[:first] + wanted[last] + wanted[first + 1 : last] + wanted[first] + wanted[last + 1 :]
    return f"two digits change places: {wanted}" if last == first + 1 and turned == given else ""


def _at(value: Static, place: tuple[int, ...]) -> Static:
    if value is None or not place:
        return value if getattr(value, "shape", ()) == () else None
    try:
        return value[place]
    except IndexError:
        return None


def _arithmetic(explanation: Explanation) -> Arithmetic:
    """Return decimal numbers where every line has them, else arrays."""
    if any(getattr(line.value, "shape", ()) != () for line in explanation.lines):
        return OnArrays(find_backend("numpy"))
    exact = Exact(20)
    values: dict[Symbol, Static] = {}
    try:
        for line in explanation.lines:
            values[line.symbol] = (
                decimal_of(line.value) if line.term is None else exact.value(line.term, values)
            )
    except BpcoreError:
        return OnArrays(find_backend("numpy"))
    return exact
