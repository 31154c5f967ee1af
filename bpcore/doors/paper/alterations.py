"""Changes of a term: what is turned, left out or put in another's place."""

from __future__ import annotations

from collections.abc import Iterator

from bpcore.doors.paper.notation import TEXT, written
from bpcore.doors.paper.terms import Call, Number, Term, parts

__all__ = [
    "addends_of",
    "all_without",
    "divisor_of",
    "in_words",
    "left_out",
    "put",
    "with_signs_turned",
    "without",
]


def put(term: Term, old: Term, new: Term) -> Term:
    """Return the term with another in place of a part."""
    if term is old:
        return new
    if not isinstance(term, Call):
        return term
    return Call(term.function, tuple(put(one, old, new) for one in term.inputs), term.static)


def with_signs_turned(term: Term) -> Iterator[tuple[Term, str]]:
    """Yield a term with one of its plus and minus signs turned, and what stands behind it."""
    for part in parts(term):
        if isinstance(part, Call) and part.function in ("add", "subtract"):
            other = "subtract" if part.function == "add" else "add"
            yield put(term, part, Call(other, part.inputs)), in_words(part.inputs[1])


def left_out(term: Term, functions: tuple[str, ...]) -> Iterator[tuple[Term, str]]:
    """Yield a term without one operand of some functions, and the words for it."""
    for part in parts(term):
        if isinstance(part, Call) and part.function in functions:
            whole = in_words(part)
            yield put(term, part, part.inputs[0]), f"{in_words(part.inputs[0])} stands where {whole} belongs"
            if part.function != "subtract":
                yield (
                    put(term, part, part.inputs[1]),
                    f"{in_words(part.inputs[1])} stands where {whole} belongs",
                )


def without(term: Term, function: str) -> Iterator[tuple[Term, str]]:
    """Yield a term without one function, and what it is then not applied to."""
    for part in parts(term):
        if isinstance(part, Call) and part.function == function:
            yield put(term, part, part.inputs[0]), in_words(part.inputs[0])


def all_without(term: Term, function: str) -> Term:
    """Return a term without a function wherever it is applied."""
    if not isinstance(term, Call):
        return term
    inputs = tuple(all_without(one, function) for one in term.inputs)
    return inputs[0] if term.function == function else Call(term.function, inputs, term.static)


def divisor_of(term: Term) -> float | None:
    """Return the number that a mean divides by."""
    for part in parts(term):
        if isinstance(part, Call) and part.function == "divide" and isinstance(part.inputs[1], Number):
            return part.inputs[1].value
    return None


def addends_of(term: Term) -> int:
    """Return how many terms a sum has; 1 for another."""
    if isinstance(term, Call) and term.function == "add":
        return addends_of(term.inputs[0]) + addends_of(term.inputs[1])
    return 1


def in_words(term: Term) -> str:
    """Return a term as plain text."""
    return written(term, TEXT)
