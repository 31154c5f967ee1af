"""Samples as points: two features, and a colour for each class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpcore.doors.plots.canvas import canvas, colour, on_host
from bpcore.words.errors import DataError, OptionError, ShapeError
from bpcore.words.protocols import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Points", "data", "points", "scatter"]

PLANE = 2
"""The features that a picture has room for."""

NAMED = 10
"""Classes that stand in the legend: there are as many colours."""

NEAR = 1e-6
"""How near to 1 the shares of a row must sum to be taken as those of classes."""


@dataclass(frozen=True, eq=False)
class Points:
    """Samples in the plane.

    Attributes
    ----------
    x : (samples, 2) host array
    labels : list of int
        The class of each.
    """

    x: Array
    labels: list[int]

    @property
    def classes(self) -> list[int]:
        """Return the classes that there are."""
        return sorted(set(self.labels))


def data(
    x: Array,
    y: Array,
    /,
    *,
    output: int | None = None,
    names: Sequence[str] = ("$x_1$", "$x_2$"),
    classes: Sequence[str] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw samples of two features as points: class 0 red, class 1 blue, others in colours of their own.

    Parameters
    ----------
    x : array (samples, 2)
    y : array
        Labels, (samples,) or (samples, 1); shares of the classes, (samples, classes); or (samples, targets)
        of 0 and 1, of which `output` chooses one.
    output : int or None
        The column of `y`, from 0, where there are several targets.
    names : two str
        Of the features.
    classes : sequence of str
        Names of the classes; left out, "class 0" and so on.
    ax : Axes or None
        Where to draw; left out, a figure of its own.

    Returns
    -------
    Axes

    Raises
    ------
    ShapeError, DataError
        When there are not two features, or the targets are no classes.
    LibraryMissing
        When matplotlib is not installed.
    """
    found = points(x, y, output=output)
    ax = canvas(ax, 6, 5)
    scatter(ax, found, classes)
    ax.set(xlabel=names[0], ylabel=names[1], title="Data")
    ax.grid(alpha=0.3)
    ax.legend(loc="best", framealpha=0.9)
    return ax


def scatter(ax: Axes, found: Points, classes: Sequence[str] = ()) -> None:
    """Draw the points, class by class."""
    x = found.x.tolist()
    for place, label in enumerate(found.classes):
        rows = [row for row, its in zip(x, found.labels, strict=True) if its == label]
        ax.scatter(
            [row[0] for row in rows],
            [row[1] for row in rows],
            s=24,
            color=colour(label),
            edgecolors="black",
            linewidths=0.6,
            zorder=3,
            label=_name(label, classes) if place < NAMED else None,
        )
    if len(found.classes) > NAMED:
        ax.plot([], [], linestyle="none", label=f"and {len(found.classes) - NAMED} more")


def _name(label: int, classes: Sequence[str]) -> str:
    return classes[label] if label < len(classes) else f"class {label}"


def points(x: Array, y: Array, /, *, output: int | None = None) -> Points:
    """Return samples as points in the plane; parameters and errors as for `data`."""
    x, y = on_host(x), on_host(y)
    if x.ndim != PLANE or x.shape[1] != PLANE:
        do = "Choose two features, as x[:, :2], and train on these."
        raise ShapeError("a picture of samples", "two features, x of shape (samples, 2)", tuple(x.shape), do)
    if y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        raise ShapeError("a picture of samples", f"{x.shape[0]} targets, one a sample", tuple(y.shape))
    if not x.shape[0]:
        raise DataError("a picture of samples wants one sample or more, was given none.")
    if not all(math.isfinite(number) for row in x.tolist() for number in row):
        raise DataError("a picture of samples wants finite features: leave out samples with missing ones.")
    return Points(x, _labels(y.tolist(), output))


def _labels(rows: list[list[float]] | list[float], output: int | None) -> list[int]:
    values: list[float | str] = [_value(row, output) for row in rows]
    for value in values:
        if isinstance(value, str) or not float(value).is_integer() or value < 0:
            raise DataError(f"a picture of classes wants targets 0, 1, 2 and so on, was given {value!r}.")
    return [int(value) for value in values]


def _value(row: list[float] | float, output: int | None) -> float:
    if not isinstance(row, list):
        return row
    if len(row) == 1:
        return row[0]
    if output is not None:
        if not 0 <= output < len(row):
            raise OptionError("output", output, f"a column of y, 0 to {len(row) - 1}")
        return row[output]
    if abs(sum(row) - 1) > NEAR:
        raise OptionError(
            "output", output, f"a column of y, 0 to {len(row) - 1}", "There are several targets."
        )
    return row.index(max(row))
