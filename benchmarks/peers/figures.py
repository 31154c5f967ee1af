"""From turns to figures: medians, quartiles, and ratios formed inside a cycle."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from benchmarks.peers.race import Field
from benchmarks.peers.roster import OURS

__all__ = ["Figure", "best_of_ours", "figure", "ratio", "timed"]


class Figure(NamedTuple):
    """A median, and the quartiles around it."""

    median: float
    low: float
    high: float


def figure(values: list[float]) -> Figure:
    """Return median and quartiles."""
    if len(values) == 1:
        return Figure(values[0], values[0], values[0])
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return Figure(statistics.median(values), low, high)


def timed(field: Field) -> list[str]:
    """Return who was timed."""
    return [name for name, told in field.items() if told.get("times")]


def ratio(field: Field, name: str, other: str) -> Figure | None:
    """Return the time of one as a multiple of another's, formed in each cycle; None where one is missing."""
    if not {name, other} <= set(timed(field)):
        return None
    pairs = zip(field[name]["times"], field[other]["times"], strict=True)
    return figure([a / b for a, b in pairs])


def best_of_ours(field: Field) -> str | None:
    """Return the fastest of ours, step by step or many steps in a call."""
    own = [name for name in timed(field) if name in OURS]
    return min(own, key=lambda name: figure(field[name]["times"]).median, default=None)
