"""One line on paper: a symbol, and the term that it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.doors.paper.terms import Symbol, Term
from bpcore.words.protocols import Static

__all__ = [
    "AFTER",
    "FORWARD",
    "GIVEN",
    "GRADIENT",
    "RATE",
    "SLOPE",
    "UPDATE",
    "Line",
    "derivative",
    "updated",
]

GIVEN, FORWARD, SLOPE, GRADIENT, UPDATE, AFTER = "given", "forward", "slope", "gradient", "update", "after"
"""What a line is: a number that was given; a quantity; the derivative of one by the next; the derivative of
the result; a parameter after the step; a quantity after the step."""

RATE = Symbol("eta")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line on paper.

    Attributes
    ----------
    symbol : Symbol
    kind : str
        One of the words above.
    term : Term or None
        What it is made of, in the symbols of earlier lines; None for what was given.
    chain : tuple of Symbol
        The factors of the chain rule that it is the product of, where they are more than the term says.
    means : str
        Its systematic name, as ``dE/dnet_o1``, where the symbol is another.
    value : number or array, or None
        None before the line is evaluated.
    """

    symbol: Symbol
    kind: str
    term: Term | None = None
    chain: tuple[Symbol, ...] = ()
    means: str = ""
    value: Static = None


def derivative(of: Symbol, by: Symbol) -> str:
    """Return the systematic name of a derivative."""
    return f"d{of.name}/d{by.name}"


def updated(symbol: Symbol) -> Symbol:
    """Return the symbol of a quantity after the step."""
    return Symbol(f"{symbol.name}+")
