"""The computation graph of one step: every quantity with its value, and the path of one gradient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from bpcore.doors.paper.line import GIVEN
from bpcore.doors.plots.canvas import (
    FORWARD_FILL,
    GIVEN_FILL,
    GREY,
    INK,
    LEARNED_FILL,
    PATH_FILL,
    RED,
    canvas,
)
from bpcore.doors.plots.layering import Layout, layered
from bpcore.doors.plots.quantities import Explained, Quantities, in_short
from bpcore.words.errors import PaperError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["box_width", "curve", "graph", "on_white"]

LARGEST = 150
"""Nodes of a graph that anybody can read."""

HIGH, LETTER, BETWEEN = 0.44, 0.085, 1.05
"""In inches: a box, a letter in it, and the room between two columns of boxes."""


def graph(explanation: Explained, /, *, path: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the computation graph of an explanation, from what was given on the left to the loss on the right.

    Parameters
    ----------
    explanation : Explanation
        As from ``bp.explain``; anything that has its ``lines``.
    path : str or None
        A quantity, as "w5", whose gradient is followed: what lies between it and the loss is red, with the
        derivative of the loss by it, and at the edges the factors of the chain rule.
    ax : Axes or None
        Where to draw; left out, a figure of its own, as large as the graph wants.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        When there is no quantity of that name.
    PaperError
        When there are more than 150 nodes.
    LibraryMissing
        When matplotlib is not installed.
    """
    found = Quantities.of(explanation)
    red = found.path(path)
    if len(found.lines) > LARGEST:
        raise PaperError(
            f"the graph has {len(found.lines)} nodes, more than the {LARGEST} that anybody reads",
            "Take a smaller network or fewer samples, or explain it with form='matrices'.",
        )
    layout = layered(found.parents)
    wide = box_width(found.lines)
    step = (wide + BETWEEN, 0.85 if red else 0.65)
    columns, rows = layout.size
    ax = canvas(ax, (columns - 1) * step[0] + wide + 0.5, rows * step[1] + 0.6)
    _edges(ax, found, layout, red, wide, step)
    _boxes(ax, found, layout, red, wide, step)
    _frame(ax, layout, wide, step)
    ax.set_title(
        f"How {found.result} is computed" + (f", and the path of d{found.result}/d{path}" if path else "")
    )
    return ax


def box_width(names: Iterable[str]) -> float:
    """Return the width of boxes, in inches, that these names fit into."""
    return max(0.8, 0.25 + LETTER * max(len(name) for name in names))


def _frame(ax: Axes, layout: Layout, wide: float, step: tuple[float, float]) -> None:
    """Set limits in inches, so that a figure of the graph's own shows letters in proportion to boxes."""
    every = [place for way in layout.ways.values() for place in way] + list(layout.places.values())
    across, up = [column * step[0] for column, _ in every], [-row * step[1] for _, row in every]
    ax.set_xlim(min(across) - wide / 2 - 0.1, max(across) + wide / 2 + 0.1)
    ax.set_ylim(min(up) - step[1] / 2, max(up) + step[1] / 2)
    ax.set_axis_off()


def _boxes(
    ax: Axes, found: Quantities, layout: Layout, red: frozenset[str], wide: float, step: tuple[float, float]
) -> None:
    from matplotlib.patches import FancyBboxPatch

    for name, (column, row) in layout.places.items():
        x, y = column * step[0], -row * step[1]
        shape: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=0.08", "zorder": 3}
        edge, width = (RED, 1.8) if name in red else (INK, 0.9)
        box = FancyBboxPatch(
            (x - wide / 2, y - HIGH / 2), wide, HIGH, fc=_fill(found, name, red), ec=edge, **shape
        )
        box.set_linewidth(width)
        ax.add_patch(box)
        centred: dict[str, Any] = {"ha": "center", "zorder": 4}
        ax.text(x, y + 0.02, name, va="bottom", fontsize=9, fontweight="bold", **centred)
        ax.text(x, y - 0.02, in_short(found.lines[name].value), va="top", fontsize=8.5, **centred)
        if name in red and name != found.result and found.gradient(name):
            under = y - HIGH / 2 - 0.03
            ax.text(
                x, under, found.gradient(name), va="top", fontsize=7.5, color=RED, **(centred | on_white())
            )


def on_white() -> dict[str, Any]:
    """Return how words look that stand on lines; with an outline they would be no text in an SVG file."""
    return {"bbox": {"boxstyle": "square,pad=0.08", "fc": "white", "ec": "none", "alpha": 0.85}, "zorder": 6}


def _fill(found: Quantities, name: str, red: frozenset[str]) -> str:
    if name in red:
        return PATH_FILL
    if found.lines[name].kind != GIVEN:
        return FORWARD_FILL
    return LEARNED_FILL if found.learns(name) else GIVEN_FILL


def _edges(
    ax: Axes, found: Quantities, layout: Layout, red: frozenset[str], wide: float, step: tuple[float, float]
) -> None:
    from matplotlib.patches import FancyArrowPatch

    for (parent, child), way in layout.ways.items():
        marked = parent in red  # and so is all that follows
        points = [(column * step[0], -row * step[1]) for column, row in way]
        line = FancyArrowPatch(
            path=curve(points, wide),
            arrowstyle="-|>",
            mutation_scale=9,
            color=RED if marked else GREY,
            linewidth=1.8 if marked else 0.9,
            zorder=2 if marked else 1,
            shrinkA=0,
            shrinkB=0,
        )
        ax.add_patch(line)
        slope = found.slope(child, parent) if marked else ""
        if slope:
            x, y = _middle(points, wide)
            ax.text(x, y, f"\u00d7 {slope}", fontsize=7.5, color=RED, ha="center", va="center", **on_white())


def _middle(points: Sequence[tuple[float, float]], wide: float) -> tuple[float, float]:
    (a, b), (c, d) = points[-2:]
    return (a + c) / 2 + (0.0 if len(points) == 2 else wide / 4), (b + d) / 2  # noqa: PLR2004


def curve(points: Sequence[tuple[float, float]], wide: float) -> Any:
    """Return a smooth line through the points, level at each, from the edge of a box to that of another."""
    from matplotlib.path import Path

    (first_x, first_y), (last_x, last_y) = points[0], points[-1]
    ends = [(first_x + wide / 2, first_y), *points[1:-1], (last_x - wide / 2, last_y)]
    places, codes = [ends[0]], [Path.MOVETO]
    for (a, b), (c, d) in pairwise(ends):
        bend = (c - a) / 2
        places += [(a + bend, b), (c - bend, d), (c, d)]
        codes += [Path.CURVE4] * 3
    return Path(places, codes)
