"""A function of one number, and its tangent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.doors.plots.canvas import BLUE, GREY, RED, canvas, height_of, quietly
from bpcore.doors.plots.landscape import first_upper
from bpcore.words.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["tangent"]


def tangent(
    f: Callable[[float], Any],
    at: float,
    /,
    *,
    span: float | None = None,
    names: Sequence[str] = ("output", "loss"),
    ax: Axes | None = None,
) -> Axes:
    """Draw a function of one number, as the loss of one output, and its tangent at a point.

    Parameters
    ----------
    f : function of a float, to an array of shape () or a float
    at : float
        Where the tangent touches.
    span : float > 0, or None
        How far the curve is drawn on each side; None: as far as the tangent's way down to 0, or 1.
    names : two str
        Of the number and of the function.
    ax : Axes or None
        Where to draw; left out, a figure of its own.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        When the span is not above 0, or the function or its slope is not finite at that point.
    NotDifferentiable
        When `f` has no derivative.
    LibraryMissing
        When matplotlib is not installed.
    """
    value, slope = _touching(f, float(at))
    if span is None:
        span = 3 * abs(value / slope) if value and slope else 1.0
    if not 0 < span < math.inf:
        raise OptionError("span", span, "a finite number above 0")
    ax = canvas(ax, 6.4, 4.4)
    across = [at - span + 2 * span * i / 200 for i in range(201)]
    heights = [height_of(f, a) for a in across]
    ax.plot(across, heights, color=BLUE, linewidth=1.8, label=names[1])
    low, high = at - 0.6 * span, at + 0.6 * span
    ends = [value + slope * (a - at) for a in (low, high)]
    ax.plot([low, high], ends, "--", color=RED, linewidth=1.5, label=f"tangent, slope {slope:.6g}")
    ax.plot([at], [value], "o", color=RED, zorder=4)
    ax.annotate(f"({at:.5g}, {value:.5g})", (at, value), xytext=(8, 8), textcoords="offset points")
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.set(xlabel=names[0], ylabel=names[1], title=f"{first_upper(names[1])} along one {names[0]}")
    ax.grid(alpha=0.3)
    ax.legend(loc="best")
    return ax


def _touching(f: Callable[[float], Any], at: float) -> tuple[float, float]:
    """Return value and slope where the tangent touches."""
    if math.isfinite(height_of(f, at)):
        with quietly():
            value, slope = (float(number) for number in value_and_grad(f)(at))
        if math.isfinite(slope):
            return value, slope
    raise OptionError("at", at, "where the function and its slope are finite")
