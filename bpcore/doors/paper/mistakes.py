"""Mistakes that are made by hand, as changes of a line's formula: each is tried, none is guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpcore.doors.paper.alterations import (
    addends_of,
    all_without,
    divisor_of,
    left_out,
    put,
    with_signs_turned,
    without,
)
from bpcore.doors.paper.line import AFTER, FORWARD, GRADIENT, RATE, SLOPE, UPDATE, Line, derivative, updated
from bpcore.doors.paper.simplest import call, renamed
from bpcore.doors.paper.terms import ONE, Call, Number, Symbol, Term, parts, symbols_of

if TYPE_CHECKING:
    from bpcore.doors.paper.explanation import Explanation

__all__ = ["KINDS", "Mistake", "mistakes", "throughout"]

KINDS = (
    "sign",
    "missing half",
    "half too much",
    "missing derivative of the activation",
    "derivative at the input of the activation",
    "transposed",
    "sum instead of mean",
    "mean instead of sum",
    "old instead of new weight",
    "new instead of old weight",
    "learning rate left out",
    "activation left out",
    "missing brackets",
    "missing square",
    "missing factor",
    "missing term",
    "another quantity",
    "digits slipped",
)
"""The kinds, the likelier first."""

NONLINEAR = frozenset(("exp", "expit", "log", "relu", "softplus", "sqrt", "tanh"))


@dataclass(frozen=True)
class Mistake:
    """A line as somebody may have written it.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    terms : mapping of Symbol to Term
        The formulas with the mistake in them, of one line or of several.
    words : str
        What was done.
    """

    kind: str
    terms: Mapping[Symbol, Term]
    words: str


def mistakes(explanation: Explanation, line: Line) -> Iterator[Mistake]:
    """Yield the mistakes that can be made in a line."""
    if line.term is None:
        return
    for kind, term, words in _changes(explanation, line, line.term):
        if term != line.term:
            yield Mistake(kind, {line.symbol: term}, words)


ALIKE: Mapping[str, str] = {
    "missing half": "the half of the squared error is left out",
    "half too much": "there is a half too much",
    "activation left out": "the activation is not applied",
    "missing derivative of the activation": "the derivative of the activation is left out",
    "transposed": "the matrix of weights is turned",
    "new instead of old weight": "updated weights stand where the old ones belong",
    "old instead of new weight": "old weights stand where the updated ones belong",
}
"""Mistakes that who makes them once makes in every line of an array, or everywhere; in words."""


def throughout(explanation: Explanation) -> Iterator[Mistake]:
    """Yield the mistakes that are made in every line of an array alike, or in every line of all."""
    made: dict[tuple[str, str], dict[Symbol, Term]] = {}
    for line in explanation.lines:
        if line.kind in (FORWARD, SLOPE, GRADIENT):
            for mistake in mistakes(explanation, line):
                if mistake.kind in ALIKE:
                    for array in ("", _array_of(line)):
                        terms = made.setdefault((mistake.kind, array), {})
                        terms.setdefault(line.symbol, mistake.terms[line.symbol])
    for (kind, array), terms in made.items():
        if len(terms) > 1:
            yield Mistake(
                kind, terms, ALIKE[kind] + (f", in every line of {array}" if array else ", in every line")
            )


def _array_of(line: Line) -> str:
    """Return a line's name without the numbers of its element."""
    return _without_number(line.means or line.symbol.name)


Change = tuple[str, Term, str]


def _changes(explanation: Explanation, line: Line, term: Term) -> Iterator[Change]:
    yield "sign", call("negative", term), "the sign is turned"
    for changed, symbol in with_signs_turned(term):
        yield "sign", changed, f"the sign of {symbol} is turned"
    yield from _scales(explanation, line, term)
    yield from _of_activations(explanation, line, term)
    yield from _turned(explanation, line, term)
    yield from _of_weights(explanation, line, term)
    for changed, words in left_out(term, ("add", "subtract")):
        yield "missing term", changed, words
    for changed, words in left_out(term, ("multiply",)):
        yield "missing factor", changed, words
    bare = all_without(term, "square")
    yield "missing square", bare, "nothing is squared"
    for changed, words in without(term, "square"):
        yield "missing square", changed, f"{words} is not squared"
    for part in parts(term):
        if isinstance(part, Call) and part.function in ("expit", "exp"):
            turned = Call(part.function, (call("negative", part.inputs[0]),))
            yield "sign", put(term, part, turned), "the sign of the exponent is turned"
    yield from _of_siblings(explanation, term)


def _of_siblings(explanation: Explanation, term: Term) -> Iterator[Change]:
    """Put a quantity where another of its kind belongs, or two in each other's places."""
    mine = symbols_of(term)
    for one in mine:
        for other in _siblings(explanation, one):
            words = f"{other.name} stands where {one.name} belongs"
            yield "another quantity", renamed(term, {one: other}), words
            if other in mine and one.name < other.name:
                both = {one: other, other: one}
                yield (
                    "another quantity",
                    renamed(term, both),
                    f"{one.name} and {other.name} have changed places",
                )


def _siblings(explanation: Explanation, symbol: Symbol) -> Iterator[Symbol]:
    """Yield what is called like a quantity but for its number: of few, and of no derivatives."""
    base = _without_number(symbol.name)
    if "/" in symbol.name or base == symbol.name:
        return
    found = [
        line.symbol
        for line in explanation.lines
        if "/" not in line.symbol.name and line.symbol != symbol and _without_number(line.symbol.name) == base
    ]
    yield from found if len(found) < SIBLINGS else ()


SIBLINGS = 9
"""Quantities of one kind, from which nobody takes one for another."""


def _without_number(name: str) -> str:
    return re.sub(r"_?\d+(,\d+)*(?=\+|/|$)", "", name)


def _scales(explanation: Explanation, line: Line, term: Term) -> Iterator[Change]:
    """Change halves and means, in the loss and in what comes back from it."""
    halved = any(part == Number(0.5) for part in parts(term))
    squared = any(isinstance(part, Call) and part.function == "square" for part in parts(term))
    of_derivatives = any("/" in one.name for one in symbols_of(term))
    first_slope = line.kind == GRADIENT and not of_derivatives and _has_squares(explanation)
    if halved or first_slope:
        words = (
            "the half of the squared error is left out"
            if halved
            else "the 2 of the square is kept, the half is not"
        )
        yield "missing half", call("multiply", Number(2.0), term), words
    if halved or first_slope or squared:
        yield "half too much", call("multiply", Number(0.5), term), "there is a half too much"
    count = divisor_of(term)
    if count is not None:
        yield (
            "sum instead of mean",
            call("multiply", Number(count), term),
            f"the mean over {count:g} is not taken",
        )
    samples = _samples(explanation, line, term)
    if samples > 1:
        yield "mean instead of sum", call("divide", term, Number(float(samples))), f"divided by {samples}"
    for part in parts(term):
        if isinstance(part, Call) and part.function == "mean":
            yield (
                "sum instead of mean",
                put(term, part, Call("sum", part.inputs, part.static)),
                "a sum, not a mean",
            )
        if isinstance(part, Call) and part.function == "sum":
            yield (
                "mean instead of sum",
                put(term, part, Call("mean", part.inputs, part.static)),
                "a mean, not a sum",
            )
    addends = addends_of(term) if line.kind == GRADIENT or line.symbol == explanation.result else 1
    if addends > 1:
        yield "mean instead of sum", call("divide", term, Number(float(addends))), f"divided by {addends}"


def _has_squares(explanation: Explanation) -> bool:
    return any(
        isinstance(part, Call) and part.function == "square"
        for line in explanation.lines
        if line.term is not None
        for part in parts(line.term)
    )


def _samples(explanation: Explanation, line: Line, term: Term) -> int:
    """Return over how many samples a gradient sums, in a product of whole matrices; else 1."""
    product = isinstance(term, Call) and term.function == "matmul" and line.kind == GRADIENT
    turned = term.inputs[0] if product and isinstance(term, Call) else None
    if not (isinstance(turned, Call) and turned.function == "matrix_transpose"):
        return 1
    (inner,) = turned.inputs
    shape = getattr(explanation.by_name[inner.name].value, "shape", ()) if isinstance(inner, Symbol) else ()
    return int(shape[0]) if shape else 1


def _of_activations(explanation: Explanation, line: Line, term: Term) -> Iterator[Change]:
    """Change what is nonlinear, or its derivative."""
    if isinstance(term, Call) and term.function in NONLINEAR and line.kind not in (SLOPE, GRADIENT):
        yield "activation left out", term.inputs[0], f"{term.function} is not applied"
    for part in parts(term):
        if isinstance(part, Call) and part.function == "expit":
            wrong = call("add", ONE, call("exp", call("negative", part.inputs[0])))
            yield "missing brackets", put(term, part, wrong), "1 / 1 + exp(-x) is read as it stands"
    source = _activation_of(explanation, line)
    if source is not None:
        output, entry = source
        if line.kind == SLOPE:
            yield "missing derivative of the activation", ONE, f"{line.symbol.name} is taken as 1"
        elif isinstance(term, Call) and term.function == "multiply":
            local = explanation.by_name.get(derivative(output, entry))
            slope = output if local is None else local.symbol
            for factor, other in ((0, 1), (1, 0)):
                if {output, slope} & set(symbols_of(term.inputs[factor])):
                    words = f"the derivative of {output.name} by {entry.name} is left out"
                    yield "missing derivative of the activation", term.inputs[other], words
        words = f"it is taken at {entry.name}, not at {output.name}"
        yield "derivative at the input of the activation", renamed(term, {output: entry}), words


def _activation_of(explanation: Explanation, line: Line) -> tuple[Symbol, Symbol] | None:
    """Return output and input of the activation whose derivative a line is, or has as a factor."""
    for quantity in explanation.lines:
        term = quantity.term
        if not (isinstance(term, Call) and term.function in NONLINEAR and isinstance(term.inputs[0], Symbol)):
            continue
        output, entry = quantity.symbol, term.inputs[0]
        local, whole = derivative(output, entry), derivative(explanation.result, entry)
        if line.means in (local, whole) or line.symbol.name in (local, whole):
            return output, entry
    return None


def _turned(explanation: Explanation, line: Line, term: Term) -> Iterator[Change]:
    """Put weights where others stand: a matrix and its transpose."""
    if explanation.transposed and set(symbols_of(term)) & set(explanation.transposed):
        yield "transposed", renamed(term, explanation.transposed), "the matrix of weights is turned"
    for one, other in explanation.transposed.items():
        mine, its = derivative(explanation.result, one), derivative(explanation.result, other)
        if line.symbol.name == mine:
            yield "transposed", Symbol(its), f"it is the one of {other.name}"
        if line.symbol == updated(one):
            yield "transposed", updated(other), f"it is the one of {other.name}"
    for part in parts(term):
        if isinstance(part, Call) and part.function == "matrix_transpose":
            yield "transposed", put(term, part, part.inputs[0]), "a matrix is not turned"
        if isinstance(part, Call) and part.function == "matmul":
            right = call("matrix_transpose", part.inputs[1])
            yield "transposed", put(term, part, call("matmul", part.inputs[0], right)), "a matrix is turned"


def _of_weights(explanation: Explanation, line: Line, term: Term) -> Iterator[Change]:
    """Change old weights and new, the rate, and whose gradient it is."""
    names = explanation.by_name
    if line.kind in (AFTER, GRADIENT, SLOPE):
        old: Mapping[Symbol, Term] = {
            one: Symbol(one.name[:-1])
            for one in symbols_of(term)
            if one.name.endswith("+") and one.name[:-1] in names
        }
        if old:
            yield (
                "old instead of new weight",
                renamed(term, old),
                "what was there before the update is put in",
            )
        for one, before in old.items():
            words = f"{one.name[:-1]} stands where {one.name} belongs"
            yield "old instead of new weight", renamed(term, {one: before}), words
    if line.kind in (GRADIENT, SLOPE):
        new = {one: updated(one) for one in symbols_of(term) if _is_update(names.get(f"{one.name}+"))}
        if new:
            yield "new instead of old weight", renamed(term, new), "what is there after the update is put in"
    if line.kind == UPDATE:
        gradient = next(one for one in symbols_of(term) if one != RATE and names[one.name].kind == GRADIENT)
        yield "learning rate left out", renamed(term, {RATE: ONE}), "the step is the whole gradient"
        for other in explanation.lines:
            if other.kind == GRADIENT and other.symbol != gradient:
                words = f"it moves along {other.symbol.name}"
                yield "another quantity", renamed(term, {gradient: other.symbol}), words


def _is_update(line: Line | None) -> bool:
    return line is not None and line.kind == UPDATE
