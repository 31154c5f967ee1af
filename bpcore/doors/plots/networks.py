"""The network of one step: circles by layer, weights at the lines between, and the path of one gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bpcore.doors.plots.canvas import FORWARD_FILL, GIVEN_FILL, GREY, INK, PATH_FILL, RED, canvas
from bpcore.doors.plots.graphs import box_width, curve, on_white
from bpcore.doors.plots.quantities import Explained, Quantities, in_short
from bpcore.doors.plots.wiring import Wire, Wiring
from bpcore.words.errors import PaperError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["network"]

LARGEST, LABELLED = 60, 48
"""Circles that there is room for, and lines that get their weight's name and value."""

RADIUS, ACROSS, UP = 0.55, 3.4, 1.75
RESULTS = 2.3
"""In inches: a circle, how far apart two of them are, and how far the results are."""

HALF_LETTER, HALF_LINE = 0.045, 0.12
"""In inches, of the words at lines, with room around them."""

SHARES = (0.3, 0.68)
"""How far along a line its words stand, of one unit and of the next: not where lines cross."""

TRIES = 24
"""Places that are tried for the words of a line."""

Places = Mapping[str, tuple[float, float]]


def network(explanation: Explained, /, *, path: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the network of an explanation: a circle for each unit, a line for each weight.

    Of several samples the first is drawn, without the loss over all of them. A unit shows its sum and its
    output; a bias stands below it.

    Parameters
    ----------
    explanation : Explanation
        Of a network, as ``bp.explain("mazur")``; anything that has its ``lines``.
    path : str or None
        A quantity, as "w5", whose gradient is followed: what lies between it and the loss is red, with the
        derivatives of the loss.
    ax : Axes or None
        Where to draw; left out, a figure of its own, as large as the network wants.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        When there is no quantity of that name.
    PaperError
        When there are no weights of single numbers, or more than 60 units.
    LibraryMissing
        When matplotlib is not installed.
    """
    found = Quantities.of(explanation)
    red = found.path(path)
    wiring = Wiring.of(found)
    count = len(wiring.inputs) + len(wiring.units)
    if count > LARGEST:
        raise PaperError(f"the network has {count} units, more than the {LARGEST} that there is room for",
                         "Take a smaller network.")  # fmt: skip
    places = _places(wiring)
    every = places.values()
    width = max(x for x, _ in every) - min(x for x, _ in every)
    height = max(y for _, y in every) - min(y for _, y in every)
    ax = canvas(ax, width + 2.2, height + 2.0)
    _wires(ax, found, wiring, places, red)
    _circles(ax, found, wiring, places, red)
    _results(ax, found, wiring, places, red)
    ax.set_xlim(min(x for x, _ in every) - 0.75, max(x for x, _ in every) + 1.05)
    ax.set_ylim(min(y for _, y in every) - 0.8, max(y for _, y in every) + 0.95)
    ax.set_aspect("equal")
    ax.set_axis_off()
    first = ", first sample" if wiring.others else ""
    ax.set_title(f"The network{first}" + (f", and the path of d{found.result}/d{path}" if path else ""))
    return ax


def _places(wiring: Wiring) -> dict[str, tuple[float, float]]:
    """Return where circles and results are, in inches, in columns around one height."""
    columns: dict[int, list[str]] = {}
    for name in (*wiring.inputs, *wiring.units):
        columns.setdefault(wiring.depth(name), []).append(name)
    last = layers = max(columns)
    if wiring.rest:
        parts, result = wiring.rest[:-1], wiring.rest[-1:]
        for names in (parts, result):
            if names:
                last += 1
                columns[last] = names
    return {
        name: (units * ACROSS + (column - units) * RESULTS, ((len(names) - 1) / 2 - i) * UP)
        for column, names in columns.items()
        for units in (min(column, layers),)
        for i, name in enumerate(names)
    }


def _wires(ax: Axes, found: Quantities, wiring: Wiring, places: Places, red: frozenset[str]) -> None:
    crowded = len(wiring.wires) > LABELLED
    sources = [*wiring.inputs, *wiring.units]
    marked = {wire.weight for wire in wiring.wires if _marked(wiring, wire, red)}
    largest = max((abs(_number(found, wire.weight)) for wire in wiring.wires), default=1.0) or 1.0
    spots = Spots()
    for wire in sorted(wiring.wires, key=lambda wire: wire.weight not in marked):  # their words come first
        start, end = places[wire.source], places[wire.unit]
        width = 0.6 + 1.4 * abs(_number(found, wire.weight)) / largest
        colour, depth = (RED, 2) if wire.weight in marked else (GREY, 1)
        line = {"color": colour, "linewidth": 2.2 if depth > 1 else width, "zorder": depth}
        ax.plot([start[0], end[0]], [start[1], end[1]], solid_capstyle="round", **line)
        if crowded and wire.weight not in marked:
            continue
        words = f"{wire.weight} = {in_short(found.lines[wire.weight].value)}"
        if wire.weight in red and found.gradient(wire.weight):
            words += "\n" + found.gradient(wire.weight)
        level = abs(start[1] - end[1]) < UP / 4
        spot = spots.take(start, end, words, 0.5 if level else SHARES[sources.index(wire.source) % 2])
        size = {"fontsize": 9, "ha": "center", "va": "center", "color": RED if depth > 1 else "black"}
        ax.text(*spot, words, **(size | on_white() | {"zorder": 3}))


def _marked(wiring: Wiring, wire: Wire, red: frozenset[str]) -> bool:
    """Return whether a line is part of a path."""
    return wire.unit in red and (wire.weight in red or bool(red & set(_stages(wiring, wire.source))))


class Spots:
    """Places of words at lines, each apart from those that were taken before."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, float, float, float]] = []

    def take(
        self, start: tuple[float, float], end: tuple[float, float], words: str, wanted: float
    ) -> tuple[float, float]:
        """Return a place on a line between two circles, as near as can be to the wanted share of its way."""
        lines = words.split("\n")
        half, high = HALF_LETTER * max(map(len, lines)), HALF_LINE * len(lines)
        room = (RADIUS + half + 0.08) / ACROSS
        shares = [room + (1 - 2 * room) * i / TRIES for i in range(TRIES + 1)]
        shares.sort(key=lambda share: abs(share - wanted))
        spots = [(start[0] + s * (end[0] - start[0]), start[1] + s * (end[1] - start[1])) for s in shares]
        free = (spot for spot in spots if not self._hits(*spot, half, high))
        x, y = next(free, spots[0])
        self.taken.append((x, y, half, high))
        return x, y

    def _hits(self, x: float, y: float, half: float, high: float) -> bool:
        return any(abs(x - a) < half + b and abs(y - c) < high + d for a, c, b, d in self.taken)


def _stages(wiring: Wiring, name: str) -> list[str]:
    return wiring.units[name].stages if name in wiring.units else [name]


def _number(found: Quantities, name: str) -> float:
    return float(found.lines[name].value)


def _circles(ax: Axes, found: Quantities, wiring: Wiring, places: Places, red: frozenset[str]) -> None:
    from matplotlib.patches import Circle

    for name in (*wiring.inputs, *wiring.units):
        x, y = places[name]
        stages = _stages(wiring, name)
        marked = bool(red & set(stages))
        fill = PATH_FILL if marked else FORWARD_FILL if name in wiring.units else GIVEN_FILL
        edge = {"ec": RED, "linewidth": 2.0} if marked else {"ec": INK, "linewidth": 1.0}
        ax.add_patch(Circle((x, y), RADIUS, fc=fill, zorder=4, **edge))
        words = "\n".join(f"{stage}\n{in_short(found.lines[stage].value)}" for stage in stages)
        ax.text(x, y, words, fontsize=9 if len(stages) > 1 else 10, ha="center", va="center", zorder=5)
        below = _below(found, wiring, name)
        if below:
            ax.text(x, y - RADIUS - 0.05, below, fontsize=8.5, ha="center", va="top", **on_white())
        gradients = [found.gradient(stage) for stage in reversed(stages) if stage in red]
        if any(gradients):
            ax.text(x, y + RADIUS + 0.05, "\n".join(filter(None, gradients)), fontsize=8.5, color=RED,
                    ha="center", va="bottom", **on_white())  # fmt: skip


def _below(found: Quantities, wiring: Wiring, name: str) -> str:
    bias = wiring.units[name].bias if name in wiring.units else ""
    return f"+ {bias} = {in_short(found.lines[bias].value)}" if bias else ""


def _results(ax: Axes, found: Quantities, wiring: Wiring, places: Places, red: frozenset[str]) -> None:
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    wide = box_width(wiring.rest) if wiring.rest else 0.0
    for name in wiring.rest:
        x, y = places[name]
        edge, width = (RED, 1.8) if name in red else (INK, 0.9)
        corner = (x - wide / 2, y - 0.24)
        box = FancyBboxPatch(corner, wide, 0.48, boxstyle="round,pad=0,rounding_size=0.08", ec=edge, zorder=4)
        box.set(facecolor=PATH_FILL if name in red else "white", linewidth=width)
        ax.add_patch(box)
        ax.text(
            x,
            y,
            f"{name}\n{in_short(found.lines[name].value)}",
            fontsize=8.5,
            ha="center",
            va="center",
            zorder=5,
        )
        for parent in found.parents[name]:
            source = wiring.owner.get(parent, parent)
            if source not in places:
                continue
            marked = parent in red and name in red
            start = places[source][0] + (RADIUS if source in wiring.owner else wide / 2)
            points = [(start - wide / 2, places[source][1]), (x, y)]
            arrow = FancyArrowPatch(
                path=curve(points, wide), arrowstyle="-|>", mutation_scale=9, shrinkA=0, shrinkB=0
            )
            arrow.set(color=RED if marked else GREY, linewidth=2.2 if marked else 0.9, zorder=2)
            ax.add_patch(arrow)
