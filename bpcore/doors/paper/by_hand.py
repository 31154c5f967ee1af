"""A reader's own numbers against the lines: the first wrong one, and what was likely done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple

from bpcore.doors.paper.arithmetic import Arithmetic, Exact, OnArrays
from bpcore.doors.paper.figures import decimal_of, figure
from bpcore.doors.paper.lines import Line
from bpcore.doors.paper.mistakes import KINDS, Mistake, mistakes, throughout
from bpcore.doors.paper.terms import Symbol, symbols_of
from bpcore.ground.registry import backend as find_backend
from bpcore.words.errors import BpcoreError, OptionError
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from bpcore.doors.paper.explanation import Explanation

__all__ = ["FOLLOWS", "RIGHT", "ROUNDED", "WRONG", "Answer", "Checked", "Finding", "checked"]

RIGHT, ROUNDED, FOLLOWS, WRONG = "right", "right by your own rounding", "follows from the wrong line", "wrong"
UPSTREAM = 10
"""How many kinds likelier a mistake is in the line itself than in one that it is made of."""

DIGITS = 4
"""Digits that an answer has at least, when they are said to have slipped."""

CLOSE = Decimal("1e-9")
"""How near, in units of itself, an answer in many digits must be: floats do not hold more for sure."""


@dataclass(frozen=True)
class Answer:
    """A number as it was given: its value and the unit of its last digit."""

    text: str
    value: Decimal
    step: Decimal

    @classmethod
    def of(cls, name: str, given: Static) -> Answer:
        """Read a number or a text.

        Raises
        ------
        OptionError
            When it is none.
        """
        text = str(given).strip() if isinstance(given, str | Decimal | int) else repr(float(given))
        try:
            value = Decimal(text.replace("\N{MINUS SIGN}", "-"))
        except InvalidOperation:
            value = Decimal("nan")
        if isinstance(given, bool) or not value.is_finite():
            raise OptionError(f"answer {name}", given, "a number, as 0.5932")
        return cls(text, value, Decimal(1).scaleb(int(value.as_tuple().exponent)))

    def is_near(self, value: Static, *, units: int = 0) -> bool:
        """Return whether a number, rounded or cut to the digits given, is the answer, or near it."""
        exact = decimal_of(value)
        if not exact.is_finite():
            return False
        if abs(self.value - exact) <= max(CLOSE * abs(exact), self.step * units):
            return True
        return any(self._cut(exact, rounding) == self.value for rounding in (ROUND_HALF_UP, ROUND_DOWN))

    def _cut(self, exact: Decimal, rounding: str) -> Decimal:
        return exact.quantize(self.step, rounding, Context(prec=1000))


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
        ``right``; ``right by your own rounding``; ``wrong``; or ``follows from the wrong line``.
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
                    yield f"  or: {', '.join(one.others)}"
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
        if answer.is_near(_at(self.right[line.symbol], place)):
            return RIGHT
        values = self._recomputed(line, None, self.own)
        if values is None or not answer.is_near(_at(values, place), units=1):
            return WRONG
        return FOLLOWS if self._upstream(line) & self.wrong else ROUNDED

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
            return found
        matches.sort(key=lambda match: match.rank)
        likeliest = matches[0]
        others = tuple(dict.fromkeys(one.kind for one in matches if one.kind != likeliest.kind))[:2]
        return replace(found, kind=likeliest.kind, reason=likeliest.words, others=others)

    def _tried(self, line: Line, place: tuple[int, ...], answer: Answer) -> Iterator[_Match]:
        """Try every mistake, in the line and in those that it is made of, the nearest first; then all."""
        upstream = [one for one in self._upstream(line) if one not in self.answered]
        order = {one.symbol: number for number, one in enumerate(self.explanation.lines)}
        for distance, symbol in enumerate(
            sorted({line.symbol, *upstream}, key=order.__getitem__, reverse=True)
        ):
            where = f", in the line of {symbol.name}" if distance else ""
            for mistake in mistakes(self.explanation, self.explanation.by_name[symbol.name]):
                yield from self._matching(mistake, line, place, answer, distance, where)
        for mistake in throughout(self.explanation):
            yield from self._matching(mistake, line, place, answer, 1, "")

    def _matching(
        self, mistake: Mistake, line: Line, place: tuple[int, ...], answer: Answer, distance: int, where: str
    ) -> Iterator[_Match]:
        for known in (self.right, self.own):
            value = _at(self._recomputed(line, mistake, known), place)
            if value is not None and answer.is_near(value, units=known is self.own):
                far = KINDS.index(mistake.kind) + UPSTREAM * bool(distance)
                yield _Match((not answer.is_near(value), far, distance), mistake.kind, mistake.words + where)
                return

    def _others(self, line: Line, answer: Answer) -> Iterator[_Match]:
        """Yield lines that have the answer's number, and the digits that may have slipped."""
        for other in self.explanation.lines:
            value = self.right[other.symbol]
            if other is not line and getattr(value, "shape", ()) == () and answer.is_near(value):
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
