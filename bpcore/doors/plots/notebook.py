"""The notebook's figure: data, boundary, loss and accuracy, two by two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bpcore.doors.plots.canvas import figure
from bpcore.doors.plots.curves import accuracy, loss
from bpcore.doors.plots.regions import boundary, check_plane
from bpcore.doors.plots.samples import data
from bpcore.run.result import Run
from bpcore.words.protocols import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["notebook_figure"]


def notebook_figure(
    run: Run,
    x: Array,
    y: Array,
    /,
    *,
    output: int | None = None,
    names: Sequence[str] = ("$x_1$", "$x_2$"),
    classes: Sequence[str] = (),
    title: str = "Spiral dataset",
) -> Figure:
    """Return the 2 x 2 figure of the notebook: data, decision boundary, loss, accuracy.

    Parameters
    ----------
    run : Run
        Of a network of two features, with a loss of classes.
    x, y, output, names, classes
        As for `data`.
    title : str
        Of the first picture.

    Returns
    -------
    matplotlib.figure.Figure
        12 x 10 inches, 150 dots an inch.

    Raises
    ------
    ShapeError, DataError, LibraryMissing
        As for `boundary` and `accuracy`.
    """
    check_plane(run.features)
    whole = figure(12, 10, dpi=150)
    (first, second), (third, fourth) = whole.subplots(2, 2)
    shown: dict[str, Any] = {"output": output, "names": names}
    data(x, y, classes=classes, ax=first, **shown).set_title(title)
    boundary(run, x, y, ax=second, **shown)
    loss(run, ax=third)
    accuracy(run, ax=fourth)
    return whole
