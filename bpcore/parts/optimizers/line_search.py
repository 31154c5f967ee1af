"""A line search: how far to go in a direction, by the strong Wolfe conditions. Python numbers only.

References
----------
J. Nocedal, S. J. Wright (2006), "Numerical optimization", algorithms 3.5 and 3.6, with cubic steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Point", "strong_wolfe"]

ENOUGH = 1e-4
"""What share of the decrease that the slope promises must be there."""

FLAT = 0.9
"""To what share of its size the slope must have come down."""


@dataclass(frozen=True, eq=False)
class Point:
    """A place on the line.

    Attributes
    ----------
    step, value, slope : float
        How far along, and what is there.
    what : object
        What else was found there, for who asks.
    """

    step: float
    value: float
    slope: float
    what: object = None


Probe = Callable[[float], Point]


def strong_wolfe(probe: Probe, start: Point, first: float, most: int, noise: float = 0.0) -> Point | None:
    """Return a point that is lower than the start, and flat enough; None when none was found.

    Parameters
    ----------
    probe : function
        From a step to its point.
    start : Point
        At step 0, with a slope below 0.
    first : float > 0
        The step to try first.
    most : int
        How many points may be looked at. The lowest is returned when they are used up.
    noise : float >= 0
        A value that is this near to the start's is taken as low enough: near a minimum values are all one
        in rounding, and slopes still tell the way.
    """
    before, step = start, first
    for seen in range(1, most + 1):
        point = probe(step)
        if _settled(point, start, noise):
            return point
        if _too_high(point, start) or (seen > 1 and point.value >= before.value):
            return _zoom(probe, start, before, point, most - seen, noise)
        if abs(point.slope) <= -FLAT * start.slope:
            return point
        if point.slope >= 0:
            return _zoom(probe, start, point, before, most - seen, noise)
        low, high = point.step + 0.01 * (point.step - before.step), 10 * point.step
        before, step = point, min(max(_lowest(before, point, high), low), high)
    return before if before.step > 0 else None


def _zoom(probe: Probe, start: Point, low: Point, high: Point, most: int, noise: float) -> Point | None:
    """Return a point between two, of which the first is the lower one and slopes towards the other."""
    for _ in range(most):
        width = high.step - low.step
        if abs(width) <= 1e-12 * max(abs(low.step), abs(high.step)):
            break
        step = _lowest(low, high, low.step + width / 2)
        if not 0.1 <= (step - low.step) / width <= 0.9:  # noqa: PLR2004
            step = low.step + width / 2
        point = probe(step)
        if _settled(point, start, noise):
            return point
        if _too_high(point, start) or point.value >= low.value:
            high = point
            continue
        if abs(point.slope) <= -FLAT * start.slope:
            return point
        if point.slope * width >= 0:
            high = low
        low = point
    return low if low.step > 0 else None


def _too_high(point: Point, start: Point) -> bool:
    """Whether it has not come down enough, or is no number."""
    promised = start.value + ENOUGH * point.step * start.slope
    return not (math.isfinite(point.value) and math.isfinite(point.slope) and point.value <= promised)


def _settled(point: Point, start: Point, noise: float) -> bool:
    """Whether its value is the start's in rounding, and its slope is flat enough."""
    return abs(point.value - start.value) <= noise and abs(point.slope) <= -FLAT * start.slope


def _lowest(a: Point, b: Point, otherwise: float) -> float:
    """Return where the cubic through two points, with their slopes, is lowest."""
    if not (math.isfinite(b.value) and math.isfinite(b.slope)):
        return otherwise
    d = a.slope + b.slope - 3 * (a.value - b.value) / (a.step - b.step)
    square = d * d - a.slope * b.slope
    if not square >= 0:
        return otherwise
    root = math.copysign(math.sqrt(square), b.step - a.step)
    under = b.slope - a.slope + 2 * root
    return b.step - (b.step - a.step) * (b.slope + root - d) / under if under else otherwise
