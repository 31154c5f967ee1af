"""Functions of two weights: the surface, and the path of descent on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.doors.plots.canvas import RED, canvas, height_of, quietly
from bpcore.words.errors import DataError, OptionError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Path", "close_up", "descent", "first_upper", "surface"]

Range = tuple[float, float]
Path = Sequence[Sequence[float]]
"""Points (w1, w2, ...), in order; what follows the first two is not read."""

IN_SPACE, FROM_ABOVE = 61, 161
"""Points of a surface along each weight, in three dimensions and from above."""

DECADES = 4
"""From the highest to the lowest line of equal height, where lines stand for powers of ten."""


def descent(
    f: Callable[..., Any], start: Range, /, *, rate: float, steps: int
) -> list[tuple[float, float, float]]:
    """Return the path of descent on a function of two numbers: points (w1, w2, f), ``steps + 1`` of them.

    Where it diverges the path ends before the first value that is not finite.

    Parameters
    ----------
    f : function of two floats
    start : pair of float
    rate : float
    steps : int >= 0

    Examples
    --------
    >>> import bpcore as bp
    >>> path = bp.plots.descent(lambda a, b: (2 * a * b - 20) ** 2 / 2, (2.0, 0.5), rate=0.01, steps=1)
    >>> [[round(number, 4) for number in point] for point in path]
    [[2.0, 0.5, 162.0], [2.18, 1.22, 107.7629]]
    """
    both = value_and_grad(f, argnums=(0, 1))
    a, b = (float(number) for number in start)
    path = []
    for _ in range(steps + 1):
        try:
            with quietly():
                value, (slope_a, slope_b) = both(a, b)
        except OverflowError:
            break
        if not math.isfinite(value):
            break
        path.append((a, b, float(value)))
        a, b = a - rate * float(slope_a), b - rate * float(slope_b)
    return path


def surface(
    f: Callable[[float, float], Any],
    w1: Range,
    w2: Range,
    /,
    *,
    path: Path | None = None,
    flat: bool = False,
    names: Sequence[str] = ("$w_1$", "$w_2$", "loss"),
    ax: Axes | None = None,
) -> Axes:
    """Draw a function of two weights as a surface, and the path of descent on it.

    Parameters
    ----------
    f : function of two floats, to a number
    w1, w2 : pairs of float
        From where to where.
    path : sequence of points (w1, w2), or (w1, w2, loss), or None
        As from `descent`. What is outside the ranges is left out.
    flat : bool
        Whether it is drawn from above, with lines of equal height; else in three dimensions.
    names : three str
        Of the weights and of the function.
    ax : Axes or None
        Where to draw; in three dimensions with ``projection="3d"``. Left out, a figure of its own.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        When a range has no width.
    DataError
        When the function is finite nowhere.
    LibraryMissing
        When matplotlib is not installed.
    """
    count = FROM_ABOVE if flat else IN_SPACE
    across, up = _spaced("w1", w1, count), _spaced("w2", w2, count)
    heights = [[height_of(f, a, b) for a in across] for b in up]
    if not any(math.isfinite(height) for row in heights for height in row):
        raise DataError("the function is finite nowhere in these ranges: choose others.")
    inside = [point for point in path or () if w1[0] <= point[0] <= w1[1] and w2[0] <= point[1] <= w2[1]]
    if flat:
        return _from_above(canvas(ax, 6, 5), across, up, heights, inside, names)
    ax = canvas(ax, 7, 5.6, projection="3d")
    levels = [height_of(f, point[0], point[1]) for point in inside]
    return _in_space(ax, across, up, heights, inside, levels, names)


def close_up(
    f: Callable[[float, float], Any],
    path: Path,
    /,
    *,
    last: int = 4,
    names: Sequence[str] = ("$w_1$", "$w_2$", "loss"),
    ax: Axes | None = None,
) -> Axes:
    """Draw the surface from above around the last points of a path: near the minimum.

    Parameters
    ----------
    f, path, names, ax
        As for `surface`.
    last : int >= 2
        The points of the path that are seen.
    """
    if not 2 <= last <= len(path):  # noqa: PLR2004 -- a way has two ends
        raise OptionError("last", last, f"2 to {len(path)}, the points of the path")
    ranges = []
    for i in range(2):
        values = [point[i] for point in path[-last:]]
        room = 0.6 * (max(values) - min(values)) or abs(values[-1]) * 1e-3 or 1e-3
        ranges.append((min(values) - room, max(values) + room))
    ax = surface(f, ranges[0], ranges[1], path=path[-last:], flat=True, names=names, ax=ax)
    ax.set_title(f"The last {last - 1} steps")
    return ax


def _spaced(name: str, given: Range, count: int) -> list[float]:
    low, high = given
    if not (low < high and math.isfinite(high - low)):
        raise OptionError(name, given, "a range of some width, as (0, 4)")
    return [low + (high - low) * i / (count - 1) for i in range(count)]


@quietly()
def _from_above(
    ax: Axes,
    across: list[float],
    up: list[float],
    heights: list[list[float]],
    path: Path,
    names: Sequence[str],
) -> Axes:
    from matplotlib import ticker

    finite = [height for row in heights for height in row if math.isfinite(height)]
    floor = max(finite) / 10**DECADES
    if 0 <= min(finite) < max(finite) / 100:
        heights = [[max(height, floor) for height in row] for row in heights]
        options: dict[str, Any] = {"locator": ticker.LogLocator(base=10, subs=(1, 3))}
    else:
        options = {"levels": 14}
    filled = ax.contourf(across, up, heights, cmap="Blues_r", alpha=0.85, **options)
    lines = [level for level in filled.levels if level > 2 * floor or "levels" in options]
    ax.contour(across, up, heights, levels=lines, colors="white", linewidths=0.6, linestyles="solid")
    figure = ax.get_figure()
    if figure is not None:
        figure.colorbar(filled, ax=ax, label=names[2])
    if path:
        ax.plot([p[0] for p in path], [p[1] for p in path], "o-", color=RED, markersize=4, linewidth=1.4)
        _ends(ax, path)
    ax.set(xlabel=names[0], ylabel=names[1], title=f"{first_upper(names[2])} over two weights")
    ax.locator_params(axis="x", nbins=5)
    return ax


def first_upper(name: str) -> str:
    """Return a name as the first word of a title; what is written in TeX stays."""
    return name[:1].upper() + name[1:]


def _outlined() -> dict[str, Any]:
    """Return how words look that stand on colours."""
    from matplotlib.patheffects import withStroke

    return {"fontweight": "bold", "path_effects": [withStroke(linewidth=3, foreground="white")]}


def _ends(ax: Axes, path: Path) -> None:
    for word, point, up in (("start", path[0], -12), ("end", path[-1], 8))[: len(path)]:
        place = {"xytext": (6, up), "textcoords": "offset points", "color": RED, **_outlined()}
        ax.annotate(word, (point[0], point[1]), **place)


@quietly()
def _in_space(
    ax: Any,
    across: list[float],
    up: list[float],
    heights: list[list[float]],
    path: Path,
    levels: list[float],
    names: Sequence[str],
) -> Axes:
    from bpcore.ground.registry import backend as find_backend

    xp = find_backend("numpy").namespace
    a, b = xp.meshgrid(xp.asarray(across), xp.asarray(up), indexing="xy")
    ax.view_init(elev=32, azim=-60)
    ax.zaxis.labelpad = 9
    ax.set_box_aspect(None, zoom=0.92)
    ax.computed_zorder = False  # the path is on the surface: it would be sorted into it
    ax.plot_surface(a, b, xp.asarray(heights), cmap="viridis", alpha=0.8, linewidth=0, zorder=1)
    if path:
        ax.plot([p[0] for p in path], [p[1] for p in path], levels, "o-", color=RED, markersize=4, zorder=5)
        ends = (("start", path[0], levels[0]), ("end", path[-1], levels[-1]))[: len(path)]
        for word, point, level in ends:
            ax.text(point[0], point[1], level, f"  {word}", color=RED, zorder=6, **_outlined())
    ax.set(
        xlabel=names[0], ylabel=names[1], zlabel=names[2], title=f"{first_upper(names[2])} over two weights"
    )
    return ax
