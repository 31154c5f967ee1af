"""Terms in their simplest form: what a reader would not write is left out.

A number times a number is one where a float holds it without rounding, so that nothing that is printed was
rounded before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeGuard

from bpcore.doors.paper.terms import ONE, ZERO, Call, Number, Symbol, Term, symbols_of
from bpcore.words.protocols import Static

__all__ = ["call", "recognized", "renamed"]


def call(function: str, *inputs: Term, **static: Static) -> Term:
    """Return a function applied, in its simplest form."""
    made = Call(function, inputs, tuple(static.items()))
    if function in _OF_TWO:
        return _OF_TWO[function](*inputs) or made
    return _OF_ONE[function](inputs[0]) or made if function in _OF_ONE else made


def renamed(term: Term, names: Mapping[Symbol, Term], *, plain: bool = False) -> Term:
    """Return a term with other terms in place of some symbols; `plain` leaves the rest as it is."""
    if isinstance(term, Symbol):
        return names.get(term, term)
    if isinstance(term, Number):
        return term
    inputs = [renamed(one, names, plain=plain) for one in term.inputs]
    return (
        Call(term.function, tuple(inputs), term.static)
        if plain
        else call(term.function, *inputs, **dict(term.static))
    )


def recognized(term: Term, known: Mapping[Term, Symbol]) -> Term:
    """Return a term with symbols in place of what has a name by itself."""
    if not isinstance(term, Call):
        return term
    if term in known:
        return known[term]
    return call(term.function, *[recognized(one, known) for one in term.inputs], **dict(term.static))


def _is(term: Term, function: str) -> TypeGuard[Call]:
    return isinstance(term, Call) and term.function == function


def _product(a: Term, b: Term) -> Term | None:
    """Put numbers first, and make one of them; put signs before; leave out 1, and what 0 takes away."""
    if ZERO in (a, b):
        return ZERO
    if ONE in (a, b):
        return b if a == ONE else a
    if isinstance(b, Number):
        return call("multiply", b, a) if not isinstance(a, Number) else _exactly(a.value * b.value, a, b)
    if _is(a, "negative") or _is(b, "negative"):
        inner = (one.inputs[0] if _is(one, "negative") else one for one in (a, b))
        both = _is(a, "negative") and _is(b, "negative")
        product = call("multiply", *inner)
        return product if both else call("negative", product)
    return _scaled(a, b) if isinstance(a, Number) else _numbers_first(a, b)


def _scaled(a: Number, b: Term) -> Term | None:
    """Return a number times a term that has no sign."""
    if a.value == -1.0:
        return call("negative", b)
    if _is(b, "multiply") and isinstance(b.inputs[0], Number):
        both = _exactly(a.value * b.inputs[0].value, a, b.inputs[0])
        return None if both is None else call("multiply", both, b.inputs[1])
    return None


def _numbers_first(a: Term, b: Term) -> Term | None:
    """Return a product with the number before it that one of its factors begins with."""
    if _is(b, "multiply") and isinstance(b.inputs[0], Number):
        return call("multiply", b.inputs[0], call("multiply", a, b.inputs[1]))
    if _is(a, "multiply") and isinstance(a.inputs[0], Number):
        return call("multiply", a.inputs[0], call("multiply", a.inputs[1], b))
    return None


def _exactly(product: float, a: Number, b: Number) -> Number | None:
    """Return the product of two numbers, where a float holds it without rounding."""
    exact = Fraction(a.value) * Fraction(b.value)
    return Number(product) if Fraction(product) == exact else None


def _sum(a: Term, b: Term) -> Term | None:
    """Subtract what is negative; put a number that both products begin with before a bracket."""
    if ZERO in (a, b):
        return b if a == ZERO else a
    if a == b:
        return call("multiply", Number(2.0), a)
    taken = _without_sign(b)
    if taken is not None:
        return call("subtract", a, taken)
    if _is(a, "negative"):
        return call("subtract", b, a.inputs[0])
    return _before_a_bracket("add", a, b)


def _difference(a: Term, b: Term) -> Term | None:
    if a == b:
        return ZERO
    if ZERO in (a, b):
        return a if b == ZERO else call("negative", b)
    taken = _without_sign(b)
    return _before_a_bracket("subtract", a, b) if taken is None else call("add", a, taken)


def _without_sign(term: Term) -> Term | None:
    """Return a negative term without its sign; None for another."""
    if _is(term, "negative"):
        return term.inputs[0]
    if isinstance(term, Number) and term.value < 0:
        return Number(-term.value)
    if _is(term, "multiply") and isinstance(term.inputs[0], Number) and term.inputs[0].value < 0:
        return call("multiply", Number(-term.inputs[0].value), term.inputs[1])
    return None


def _before_a_bracket(function: str, a: Term, b: Term) -> Term | None:
    """Return the sum of two products that begin with one number."""
    if not (_is(a, "multiply") and _is(b, "multiply")) or a.inputs[0] != b.inputs[0]:
        return None
    if symbols_of(a.inputs[0]):
        return None
    return call("multiply", a.inputs[0], call(function, a.inputs[1], b.inputs[1]))


def _quotient(a: Term, b: Term) -> Term | None:
    if a == ZERO or b == ONE:
        return a
    return call("negative", call("divide", a.inputs[0], b)) if _is(a, "negative") else None


def _power(a: Term, b: Term) -> Term | None:
    return a if b == ONE else None


def _negative(a: Term) -> Term | None:
    if isinstance(a, Number):
        return Number(-a.value) if a.value else ZERO
    return a.inputs[0] if _is(a, "negative") else None


def _spread(a: Term) -> Term | None:
    """Return a number as it is: it is the same everywhere."""
    return None if symbols_of(a) else a


_OF_TWO: Mapping[str, Callable[[Term, Term], Term | None]] = {
    "add": _sum,
    "divide": _quotient,
    "multiply": _product,
    "pow": _power,
    "subtract": _difference,
}
_OF_ONE: Mapping[str, Callable[[Term], Term | None]] = {
    "astype": _spread,
    "broadcast_to": _spread,
    "expand_dims": _spread,
    "negative": _negative,
    "ones_like": lambda a: ONE,
    "positive": lambda a: a,
    "reshape": _spread,
    "zeros_like": lambda a: ZERO,
}
