"""Terms: a formula as data, of symbols, numbers and functions of the standard.

They are read off a Program, and every line on paper consists of one: it is printed, evaluated in any
arithmetic, differentiated through the table of rules, and changed to try out a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bpcore.words.protocols import Static

__all__ = ["ONE", "ZERO", "Call", "Number", "Symbol", "Term", "evaluated", "parts", "symbols_of"]


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

    def __hash__(self) -> int:
        return hash((self.function, self.inputs))  # a slice among the arguments cannot be hashed


Term: TypeAlias = Symbol | Number | Call

ZERO, ONE = Number(0.0), Number(1.0)


def parts(term: Term) -> Iterator[Term]:
    """Yield a term and everything in it, the whole first."""
    yield term
    if isinstance(term, Call):
        for one in term.inputs:
            yield from parts(one)


def symbols_of(term: Term) -> tuple[Symbol, ...]:
    """Return the symbols of a term, each once, in the order in which they stand."""
    return tuple(dict.fromkeys(part for part in parts(term) if isinstance(part, Symbol)))


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
