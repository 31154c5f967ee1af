"""How far two libraries may differ in one function: a number of units in the last place, and of what."""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple

from bpcore.program.counts import Applied, flops_of

__all__ = ["TRANSCENDENTAL", "Budget", "Unit", "budget_of"]

TRANSCENDENTAL = 8.0
"""CUDA's functions are within 4 units of the true value in float32, and within 2 in float64 (CUDA C++
Programming Guide, mathematical functions); NumPy's within 4. Two libraries may lie on either side of it."""

FACTOR = 2.0
"""Rounding errors of n terms, added in any order, wander about as far as the square root of n."""

MATRICES = 64.0
"""For decompositions and transforms, in which rounding errors of all elements meet."""

POWERS = 4.0
"""What the longest chains of multiplications may differ by, for each factor."""


class Unit(Enum):
    """The number whose last place differences are counted in."""

    VALUE = "the value"
    SIZES = "the sum of the sizes of its terms"
    LARGEST = "the largest element"
    TAKEN = "the largest number that goes in"


class Budget(NamedTuple):
    """How far two results of a function may lie apart.

    Attributes
    ----------
    ulp : float
        Units in the last place.
    unit : Unit
        Of which number.
    """

    ulp: float
    unit: Unit = Unit.VALUE


_SUMS = frozenset(
    {"sum", "mean", "cumulative_sum", "index_add", "scatter_add", "add_along_axis", "linalg.trace"}
)
_BY_PARTS = frozenset(
    {"add", "subtract", "negative", "where", "equal", "not_equal", "isfinite", "isinf", "isnan"}
)
"""Functions of complex numbers that are those of their parts; in a product numbers are rounded more often."""

_EXACT = frozenset({"max", "min", "all", "any", "argmax", "argmin", "count_nonzero"})
_PRODUCTS = frozenset({"prod", "cumulative_prod"})


def budget_of(call: Applied) -> Budget:
    """Return how far two libraries may differ in a call.

    IEEE 754 says what sums, products, quotients and square roots of real numbers are, so those may not
    differ at all; nor may what only moves elements, compares or counts.
    """
    kind, flops = flops_of(call)
    if kind == "arithmetic" and "complex" in f"{call.operands}" and call.name not in _BY_PARTS:
        return Budget(TRANSCENDENTAL)
    if call.name in _EXACT or kind in ("arithmetic", "moving", "view", "sorting"):
        return Budget(0.0)
    if kind == "transcendental":
        return _smooth(call, flops)
    if kind == "product" or call.name in _SUMS:
        return Budget(_wander(call, flops / 2 if kind == "product" else flops), Unit.SIZES)
    if call.name in _PRODUCTS:
        return Budget(POWERS + flops / max(call.size, 1))
    unit = (
        Unit.TAKEN if call.name in ("var", "std") else Unit.LARGEST
    )  # of what is far from zero they are small
    return Budget(MATRICES + _wander(call, flops), unit)


def _smooth(call: Applied, flops: float) -> Budget:
    """Return the budget of exp and its like; that of a whole row has a sum in it."""
    if call.name in ("logsumexp", "log_softmax"):  # they end in a difference of larger numbers
        return Budget(TRANSCENDENTAL + _wander(call, flops), Unit.TAKEN)
    return Budget(TRANSCENDENTAL + (_wander(call, flops) if call.name == "softmax" else 0.0))


def _wander(call: Applied, terms: float) -> float:
    """Return how far sums of so many terms in all, over the elements of the result, may come apart."""
    return FACTOR + FACTOR * math.sqrt(max(terms / max(call.size, 1), 1.0))
