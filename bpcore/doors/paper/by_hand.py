"""A reader's own numbers against the lines: the first wrong one, and what was likely done."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bpcore.doors.paper.answer import Answer
from bpcore.doors.paper.desk import Desk, element
from bpcore.doors.paper.figures import decimal_of, figure
from bpcore.doors.paper.line import GIVEN, Line
from bpcore.doors.paper.mistakes import KINDS, Mistake, mistakes, throughout
from bpcore.doors.paper.terms import Symbol
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from bpcore.doors.paper.explanation import Explanation

__all__ = ["COARSE", "FOLLOWS", "OPPOSITE", "RIGHT", "ROUNDED", "WRONG", "Checked", "Finding", "checked"]

RIGHT, ROUNDED, OPPOSITE = "right", "right by your own rounding", "right, with the opposite sign"
FOLLOWS, WRONG = "follows from the wrong line", "wrong"
COARSE = "too few digits to tell"

DIGITS = 4
"""Digits of an answer at least, when a mistake is sought in the lines before it."""

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
        One of the words above.
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
        lines = list(self._lines())
        count = len(self.findings)
        return "\n".join(lines) or (f"all {count} answers are right" if count != 1 else "the answer is right")

    def _lines(self) -> Iterator[str]:
        for one in self.findings:
            right = figure(one.value, max(self.decimals, min(len(one.given.partition(".")[2]), 30)))
            if one.verdict == WRONG:
                first = "first wrong line: " if one is self.first else "wrong: "
                yield f"{first}{one.name} = {one.given}, should be {right}"
                yield f"  {one.kind}: {one.reason}" if one.kind else f"  {one.reason}"
                if one.others:
                    yield f"  the same number comes of: {', '.join(one.others)}"
            elif one.verdict not in (RIGHT, ROUNDED):
                yield f"{one.name} = {one.given}: {one.verdict}; it is {right}"


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
    reader = _Reader(explanation)
    return Checked(tuple(reader.finding(name, given[name]) for name in names), explanation.decimals)


class _Match(NamedTuple):
    """A mistake that gives the answer; those of lower rank are likelier."""

    rank: tuple[bool, int, int]
    kind: str
    words: str


class _Reader:
    """Somebody's answers, read one after the other."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self.desk = Desk(explanation)
        self.wrong: set[Symbol] = set()

    def finding(self, name: str, answer: Answer) -> Finding:
        """Return what is to be said of an answer; keep it for those that come later."""
        line, place = self.explanation.line(name), self.explanation.place(name)
        value = self.explanation[name]
        if getattr(value, "shape", ()) != ():
            do = "Name one of its elements, with its numbers after the name, or take form='elements'."
            raise OptionError("name", name, "one number", do)
        found = Finding(name, answer.text, value, self._verdict(line, place, answer))
        if found.verdict == WRONG:
            found = self._explained(found, line, place, answer)
        if found.verdict in (WRONG, FOLLOWS):
            self.wrong.add(line.symbol)
        if not place and found.verdict != OPPOSITE:
            self.desk.answered.add(line.symbol)
            self.desk.own[line.symbol] = self.desk.arithmetic.given(float(answer.value))
        return found

    def _verdict(self, line: Line, place: tuple[int, ...], answer: Answer) -> str:
        right = element(self.desk.right[line.symbol], place)
        if right is None or answer.is_near(right):
            return WRONG if right is None else RIGHT
        if answer.may_be(right):
            return COARSE
        if line.means not in ("", line.symbol.name) and answer.is_near(-right):
            return OPPOSITE  # a delta of one's own naming may have either sign
        if line.kind == GIVEN:
            return WRONG
        way, used = self.desk.way(line), self.desk.reads(line)
        own = element(self.desk.after(way, self.desk.own, {}), place)
        if used and own is not None and answer.is_near(own, units=1):
            return FOLLOWS if used & self.wrong else ROUNDED
        return ROUNDED if self._rounds_to(way, place, answer) else WRONG

    def _rounds_to(self, way: list[Line], place: tuple[int, ...], answer: Answer) -> bool:
        """Return whether the answer comes out where every line is rounded as the answer is."""
        for kept in _roundings(answer):
            value = element(self.desk.after(way, self.desk.own, {}, kept=kept), place)
            right = element(self.desk.right[way[-1].symbol], place)
            if value is None or right is None:
                continue
            moved = abs(value - right) > float(answer.step) / 10  # else there was nothing to round
            if answer.is_near(value, units=moved):
                return True
        return False

    def _explained(self, found: Finding, line: Line, place: tuple[int, ...], answer: Answer) -> Finding:
        """Return the finding with the likeliest mistake that gives the answer."""
        with warnings.catch_warnings():  # what a mistake leads to may be no number
            warnings.simplefilter("ignore", RuntimeWarning)
            matches = [*self._tried(line, place, answer), *self._others(line, place, answer)]
        if not matches:
            few = "too few digits to say what was done"
            none = "none of the usual mistakes gives this number"
            return replace(found, reason=few if answer.digits < FEWEST else none)
        matches.sort(key=lambda match: match.rank)
        likeliest = matches[0]
        others = tuple(dict.fromkeys(one.kind for one in matches if one.kind != likeliest.kind))[:2]
        return replace(found, kind=likeliest.kind, reason=likeliest.words, others=others)

    def _tried(self, line: Line, place: tuple[int, ...], answer: Answer) -> Iterator[_Match]:
        """Try every mistake, in the line and in those that it is made of, the nearest first; then all."""
        way = self.desk.way(line)
        bases = [self.desk.right]
        if self.desk.reads(line):
            bases.append(self.desk.own)
        for distance, at in enumerate(reversed(way)):
            where = f", in the line of {at.symbol.name}" if distance else ""
            rest = way[len(way) - 1 - distance :]
            found = [
                match
                for mistake in mistakes(self.explanation, at)
                for match in self._matching(mistake, rest, bases, place, answer, distance, where)
            ]
            yield from found
            if found and not distance:
                return  # a mistake in the line itself is likelier than any before it
        for mistake in throughout(self.explanation):
            yield from self._matching(mistake, way, bases, place, answer, 1, "")

    def _matching(
        self,
        mistake: Mistake,
        way: list[Line],
        bases: list[dict[Symbol, Static]],
        place: tuple[int, ...],
        answer: Answer,
        distance: int,
        where: str,
    ) -> Iterator[_Match]:
        for base in bases:
            value = element(self.desk.after(way, base, mistake.terms), place)
            if value is None or not answer.is_near(value, units=base is not self.desk.right):
                continue
            if answer.digits >= (DIGITS if distance else FEWEST) or answer.is_exactly(value):
                far = KINDS.index(mistake.kind) + len(KINDS) * bool(distance)
                yield _Match((not answer.is_near(value), far, distance), mistake.kind, mistake.words + where)
                return

    def _others(self, line: Line, place: tuple[int, ...], answer: Answer) -> Iterator[_Match]:
        """Yield lines that have the answer's number, and the digits that may have slipped."""
        for other in self.explanation.lines if answer.digits >= FEWEST else ():
            value = element(self.desk.right[other.symbol], ())
            if other is not line and value is not None and answer.is_near(value):
                yield _Match((True, len(KINDS), 0), "another quantity", f"it is {other.symbol.name}")
        right = element(self.desk.right[line.symbol], place)
        slipped = "" if right is None or answer.digits < DIGITS else _slipped(answer, decimal_of(right))
        if slipped:
            yield _Match((True, 2 * len(KINDS), 0), "digits slipped", slipped)


def _roundings(answer: Answer) -> Iterator[Callable[[Static], Static]]:
    """Yield ways of rounding as the answer was: to its decimals, and to its significant digits."""
    decimals = -int(answer.value.as_tuple().exponent)
    for places in (decimals, decimals + 1):
        if 0 <= places <= 15:  # noqa: PLR2004
            yield partial(_to_places, places)
    digits = answer.digits
    if digits <= 15:  # noqa: PLR2004
        yield lambda value: _each(
            value, lambda x: _half_up(x, digits - 1 - decimal_of(x).adjusted()) if x else x
        )


def _to_places(places: int, value: Static) -> Static:
    return _each(value, lambda x: _half_up(x, places))


def _significant(digits: int, value: Static) -> Static:
    return _each(value, lambda x: _half_up(x, digits - 1 - decimal_of(x).adjusted()) if x else x)


def _each(value: Static, rounded: Callable[[float], float]) -> Static:
    if getattr(value, "shape", ()) == ():
        return rounded(float(value))
    flat = [rounded(float(x)) for x in value.reshape(-1)]
    return (
        type(value)
        .__array_namespace__(value)
        .reshape(type(value).__array_namespace__(value).asarray(flat), value.shape)
    )


def _half_up(x: float, places: int) -> float:
    return float(decimal_of(x).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, Context(prec=400)))


def _slipped(answer: Answer, right: Decimal) -> str:
    """Return which digits are another order of those that are right, or one of them another."""
    wanted = f"{answer.cut(right, ROUND_HALF_UP):f}"
    given = f"{answer.value:f}"
    if len(wanted) != len(given):
        return ""
    places = [place for place, pair in enumerate(zip(wanted, given, strict=True)) if pair[0] != pair[1]]
    if len(places) == 1:
        last_digit = places[0] == len(given) - 1
        return "" if last_digit else f"one digit is another: {wanted}"
    first, last = places[0], places[-1]
    turned = wanted[:first] + wanted[last] + wanted[first + 1 : last] + wanted[first] + wanted[last + 1 :]
    return f"two digits change places: {wanted}" if last == first + 1 and turned == given else ""
