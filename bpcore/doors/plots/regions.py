"""Decision regions: which class a network gives each point of the plane, and the lines between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.plots.canvas import canvas, light, on_host
from bpcore.doors.plots.samples import PLANE, Points, points, scatter
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backend_of
from bpcore.parts.layers import Layer
from bpcore.parts.losses import BinaryLoss, ClassLoss, Hinge, Loss
from bpcore.run.result import Run
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import ContourSet

__all__ = ["Grid", "boundary", "classed", "margins", "paint"]

MARGIN = 0.5
"""How far the grid goes beyond the data, in the unit of the features."""

HALF = 0.5


@dataclass(frozen=True, eq=False)
class Grid:
    """A grid over the plane.

    Attributes
    ----------
    across, up : lists of float
        Its coordinates.
    """

    across: list[float]
    up: list[float]

    @classmethod
    def around(cls, found: Points, resolution: int) -> Grid:
        """Return the grid over the range of the points and a margin around it."""
        columns = [[row[i] for row in found.x.tolist()] for i in range(PLANE)]
        across, up = (_spaced(min(c) - MARGIN, max(c) + MARGIN, resolution) for c in columns)
        return cls(across, up)

    def samples(self) -> list[list[float]]:
        """Return its points, row by row."""
        return [[a, b] for b in self.up for a in self.across]


def _spaced(low: float, high: float, count: int) -> list[float]:
    return [low + (high - low) * i / (count - 1) for i in range(count)]


def boundary(
    run: Run,
    x: Array,
    y: Array,
    /,
    *,
    output: int | None = None,
    resolution: int = 200,
    names: Sequence[str] = ("$x_1$", "$x_2$"),
    classes: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw which class a network gives each point of the plane, and the samples on top.

    A line is drawn where the likeliest two classes are equally likely: with two classes where ``p = 0.5``.

    Parameters
    ----------
    run : Run
        Of a network of two features: with `BinaryCrossEntropy` or `CrossEntropy`, of logits or
        probabilities; with another loss its outputs are taken as probabilities.
    x, y, output, names, classes, ax
        As for `data`; `output` chooses among several outputs that do not exclude each other.
    resolution : int
        Points of the grid along each feature; it covers the range of `x` and 0.5 more on each side.

    Returns
    -------
    Axes

    Raises
    ------
    ShapeError, DataError, OptionError
        As for `data`; and when the network is not one of two features.
    LibraryMissing
        When matplotlib is not installed.
    """
    check_plane(run.features)
    check_resolution(resolution)
    found = classed(run.loss, x, y, output)
    ax = canvas(ax, 6, 5)
    grid = Grid.around(found, resolution)
    paint(ax, grid, margins(run.net, run.params, run.loss, grid, output, run.state))
    scatter(ax, found, classes)
    frame(ax, grid, names)
    if classes:
        ax.legend(loc="best", framealpha=0.9)
    return ax


def frame(ax: Axes, grid: Grid, names: Sequence[str]) -> None:
    """Say what the axes are."""
    ax.set(xlabel=names[0], ylabel=names[1], title="Decision boundary")
    ax.set(xlim=(grid.across[0], grid.across[-1]), ylim=(grid.up[0], grid.up[-1]))


def classed(loss: Loss, x: Array, y: Array, output: int | None) -> Points:
    """Return the samples with their classes, as the loss understands its targets."""
    return points(x, y, output=None if isinstance(loss, ClassLoss) else output)


def check_plane(features: tuple[int, ...]) -> None:
    """Refuse a network of other than two features."""
    if tuple(features) != (PLANE,):
        do = "Train on two features to see their boundary."
        raise ShapeError("a decision boundary", "a network of two features", f"one of {features}", do)


def check_resolution(resolution: int) -> None:
    """Refuse a grid of one point."""
    if type(resolution) is not int or resolution < 2:  # noqa: PLR2004
        raise OptionError("resolution", resolution, "a whole number of points, 2 or more")


def margins(
    net: Layer, params: Tree, loss: Loss, grid: Grid, output: int | None = None, state: Tree = None
) -> list[Array]:
    """Return for each class by how much it is ahead of the others, over the grid.

    `state` is what layers carry; None where they carry nothing.

    Returns
    -------
    list of (up, across) host arrays
        Above 0 where the class is the network's answer.
    """
    first = leaves(params)[0]
    place = backend_of(first)
    asked = find_backend("numpy").asarray(grid.samples())
    x = place.asarray(asked, dtype=first.dtype, device=first.device)
    values = on_host(net(params, x) if state is None else net.forward(params, state, x)[0])
    xp = array_namespace(values)
    columns = [xp.reshape(values[:, i], (len(grid.up), len(grid.across))) for i in range(values.shape[-1])]
    if isinstance(loss, ClassLoss):
        return [_ahead(columns, i) for i in range(len(columns))]
    chosen = _chosen(columns, output)
    logits = isinstance(loss, BinaryLoss) and loss.from_logits
    share = chosen if isinstance(loss, Hinge) else (xp.expit(chosen) if logits else chosen) - HALF
    return [-share, share]


def _ahead(columns: list[Array], i: int) -> Array:
    xp = array_namespace(columns[i])
    if len(columns) == 1:
        return xp.ones_like(columns[i])
    others = xp.stack([column for j, column in enumerate(columns) if j != i])
    return columns[i] - xp.max(others, axis=0)


def _chosen(columns: list[Array], output: int | None) -> Array:
    if output is None and len(columns) > 1:
        wanted = f"one of the network's outputs, 0 to {len(columns) - 1}"
        raise OptionError("output", output, wanted, "They do not exclude each other: a picture shows one.")
    if not 0 <= (output or 0) < len(columns):
        raise OptionError("output", output, f"one of the network's outputs, 0 to {len(columns) - 1}")
    return columns[output or 0]


def paint(ax: Axes, grid: Grid, ahead: Sequence[Array]) -> list[ContourSet]:
    """Fill the region of each class, draw the lines between; return what was drawn."""
    drawn = []
    for label, margin in enumerate(ahead):
        low, high = float(margin.min()), float(margin.max())
        if high > 0:
            levels = [0.0, high * (1 + 1e-9)]
            drawn.append(ax.contourf(grid.across, grid.up, margin, levels=levels, colors=[light(label)]))
        if low < 0 < high and (label or len(ahead) > PLANE):  # two classes have one line
            line = {"levels": [0.0], "colors": "black", "linewidths": 1.5}
            drawn.append(ax.contour(grid.across, grid.up, margin, **line))
    return drawn
