"""Terms: a formula as data, of symbols, numbers and functions of the standard.

They are read off a Program, and they are what every line on paper consists of: they are printed, evaluated in
any arithmetic, differentiated through the table of rules, and changed to try out a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, TypeGuard

from bpcore.words.protocols import Static

__all__ = [
    "Call",
    "Number",
    "Symbol",
    "Term",
    "call",
    "evaluated",
    "parts",
    "recognized",
    "renamed",
    "symbols_of",
]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A quantity by its name."""

    name: str

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the formula itself."""

    value: float


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the standard, applied.

    Attributes
    ----------
    function : str
        Its name.
    inputs : tuple of terms
    static : tuple of pairs (str, value)
        Its keyword arguments.
    """

    function: str
    inputs: tuple[Term, ...]
    static: tuple[tuple[str, Static], ...] = ()


Term: TypeAlias = Symbol | Number | Call


def call(function: str, *inputs: Term, **static: Static) -> Term:
    """Return a function applied, in its simplest form; what a reader would not write is left out."""
    made = Call(function, inputs, tuple(static.items()))
    return _SIMPLER[function](made) if function in _SIMPLER else made


def parts(term: Term) -> Iterator[Term]:
    """Yield a term and everything in it, the whole first."""
    yield term
    if isinstance(term, Call):
        for one in term.inputs:
            yield from parts(one)


def symbols_of(term: Term) -> tuple[Symbol, ...]:
    """Return the symbols of a term, each once, in the order in which they stand."""
    return tuple(dict.fromkeys(part for part in parts(term) if isinstance(part, Symbol)))


def renamed(term: Term, names: Mapping[Symbol, Term]) -> Term:
    """Return a term with other terms in place of some symbols."""
    if isinstance(term, Symbol):
        return names.get(term, term)
    if isinstance(term, Number):
        return term
    return call(term.function, *[renamed(one, names) for one in term.inputs], **dict(term.static))


def recognized(term: Term, known: Mapping[Term, Symbol]) -> Term:
    """Return a term with symbols in place of what has a name by itself."""
    if not isinstance(term, Call):
        return term
    if term in known:
        return known[term]
    return call(term.function, *[recognized(one, known) for one in term.inputs], **dict(term.static))


def evaluated(
    term: Term, values: Mapping[Symbol, Static], apply: Callable[..., Static], number: Callable[..., Static]
) -> Static:
    """Return the value of a term.

    Parameters
    ----------
    term : Term
    values : mapping of Symbol to value
    apply : function ``(name, *inputs, **static)``
        The arithmetic.
    number : function
        Of a Python number, to what the arithmetic calls one.
    """
    if isinstance(term, Symbol):
        return values[term]
    if isinstance(term, Number):
        return number(term.value)
    inputs = [evaluated(one, values, apply, number) for one in term.inputs]
    return apply(term.function, *inputs, **dict(term.static))


ZERO, ONE = Number(0.0), Number(1.0)


def _exactly(name: str, a: float, b: float) -> Number | None:
    """Return the sum or product of two numbers, where a float holds it without rounding."""
    found = a + b if name == "add" else a * b
    exact = Fraction(a) + Fraction(b) if name == "add" else Fraction(a) * Fraction(b)
    return Number(found) if Fraction(found) == exact else None


def _product(term: Call) -> Term:
    """Numbers come first, and are one; 1 and what 0 takes away are not written."""
    a, b = term.inputs
    if ZERO in (a, b):
        return ZERO
    if isinstance(b, Number):
        a, b = b, a
    if isinstance(a, Number):
        if a == ONE:
            return b
        if a.value == -1.0:
            return call("negative", b)
        if isinstance(b, Number):
            return _exactly("multiply", a.value, b.value) or Call("multiply", (a, b))
        if _is(b, "multiply") and isinstance(b.inputs[0], Number):
            both = _exactly("multiply", a.value, b.inputs[0].value)
            if both is not None:
                return call("multiply", both, b.inputs[1])
        if _is(b, "negative"):
            return call("negative", call("multiply", a, b.inputs[0]))
        return Call("multiply", (a, b))
    for one, other in ((a, b), (b, a)):
        if _is(one, "negative"):
            return call("negative", call("multiply", one.inputs[0], other))
    if _is(b, "multiply") and isinstance(b.inputs[0], Number):
        return call("multiply", b.inputs[0], call("multiply", a, b.inputs[1]))
    if _is(a, "multiply") and isinstance(a.inputs[0], Number):
        return call("multiply", a.inputs[0], call("multiply", a.inputs[1], b))
    return Call("multiply", (a, b))


def _sum(term: Call) -> Term:
    a, b = term.inputs
    if ZERO in (a, b):
        return b if a == ZERO else a
    if isinstance(a, Number) and isinstance(b, Number):
        return _exactly("add", a.value, b.value) or term
    if _is(b, "multiply") and isinstance(b.inputs[0], Number) and b.inputs[0].value < 0:
        return call("subtract", a, call("multiply", Number(-b.inputs[0].value), b.inputs[1]))
    if isinstance(b, Number) and b.value < 0:
        return call("subtract", a, Number(-b.value))
    if _is(a, "negative"):
        return call("subtract", b, a.inputs[0])
    if _shares(a, b):
        return call("multiply", a.inputs[0], call("add", a.inputs[1], b.inputs[1]))
    return call("subtract", a, b.inputs[0]) if _is(b, "negative") else term


def _difference(term: Call) -> Term:
    a, b = term.inputs
    if a == b:
        return ZERO
    if b == ZERO:
        return a
    if a == ZERO:
        return call("negative", b)
    if _shares(a, b):
        return call("multiply", a.inputs[0], call("subtract", a.inputs[1], b.inputs[1]))
    return call("add", a, b.inputs[0]) if _is(b, "negative") else term


def _shares(a: Term, b: Term) -> bool:
    """Return whether two products begin with one number, which then stands before a bracket."""
    if not (isinstance(a, Call) and isinstance(b, Call) and a.function == b.function == "multiply"):
        return False
    return a.inputs[0] == b.inputs[0] and not symbols_of(a.inputs[0])


def _quotient(term: Call) -> Term:
    a, b = term.inputs
    if a == ZERO or b == ONE:
        return a
    if _is(a, "negative"):
        return call("negative", call("divide", a.inputs[0], b))
    return term


def _negative(term: Call) -> Term:
    (a,) = term.inputs
    if isinstance(a, Number):
        return Number(-a.value) if a.value else ZERO
    return a.inputs[0] if _is(a, "negative") else term


def _power(term: Call) -> Term:
    return term.inputs[0] if term.inputs[1] == ONE else term


def _itself(term: Call) -> Term:
    return term.inputs[0]


def _spread(term: Call) -> Term:
    """A number is the same everywhere."""
    return term if symbols_of(term) else term.inputs[0]


def _is(term: Term, function: str) -> TypeGuard[Call]:
    return isinstance(term, Call) and term.function == function


_SIMPLER: Mapping[str, Callable[[Call], Term]] = {
    "add": _sum,
    "broadcast_to": _spread,
    "divide": _quotient,
    "expand_dims": _spread,
    "multiply": _product,
    "negative": _negative,
    "ones_like": lambda term: ONE,
    "positive": _itself,
    "pow": _power,
    "reshape": _spread,
    "subtract": _difference,
    "zeros_like": lambda term: ZERO,
}
