"""What all pictures share: figures without global state, colours, and arrays brought to the host."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backend_of
from bpcore.words.errors import DataError, LibraryMissing
from bpcore.words.protocols import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "FORWARD_FILL",
    "GIVEN_FILL",
    "GREY",
    "INK",
    "LEARNED_FILL",
    "ORANGE",
    "PATH_FILL",
    "RED",
    "canvas",
    "colour",
    "figure",
    "height_of",
    "light",
    "on_host",
    "owner",
    "quietly",
]

RED, BLUE, GREY, ORANGE, INK = "#e03131", "#1c6dd0", "#868e96", "#f08c00", "#495057"

GIVEN_FILL, LEARNED_FILL, FORWARD_FILL, PATH_FILL = "#f1f3f5", "#fff3bf", "#d0ebff", "#ffe3e3"
"""Of boxes and circles: what is given, what learns, what is computed; what a path leads through."""

HIGHEST = 1e290
"""Matplotlib's axes and levels go some powers of ten beyond what they show."""

_COLOURS = (
    *(RED, BLUE, "#2f9e44", ORANGE, "#9c36b5"),
    *("#0c8599", "#a0522d", "#e64980", "#5c677d", "#a6b800"),
)
"""Of classes 0 to 9; then from the first again."""


def require() -> None:
    """Raise `LibraryMissing` where there is no matplotlib."""
    try:
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise LibraryMissing("a picture", "matplotlib", "plot") from error


def figure(width: float = 6.4, height: float = 4.8, **options: Any) -> Figure:
    """Return an empty figure, in inches, that pyplot does not know of: it goes when nobody holds it."""
    require()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", **options)


def canvas(
    ax: Axes | None, width: float = 6.4, height: float = 4.8, *, projection: str | None = None
) -> Axes:
    """Return the axes that were given, or axes in a figure of their own."""
    return figure(width, height).add_subplot(projection=projection) if ax is None else ax


def owner(ax: Axes) -> Figure:
    """Return the figure that axes are in, which is what is shown or saved."""
    found = ax.get_figure()
    if found is None:
        raise DataError("these axes are in no figure any more: draw into new ones.")
    return found


@contextmanager
def quietly() -> Iterator[None]:
    """Leave out what a library says of numbers that overflow, which a picture shows as gaps.

    And of letters that its font has not, which it shows as boxes, and of axes that have no room left.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for said in ("Glyph .* missing from", "constrained_layout not applied"):
            warnings.filterwarnings("ignore", said, UserWarning)
        yield


def height_of(f: Callable[..., Any], *at: float) -> float:
    """Return a function's value; infinity where it is higher than an axis can show."""
    try:
        with quietly():
            value = float(f(*at))
    except OverflowError:
        return math.inf
    return math.copysign(math.inf, value) if abs(value) > HIGHEST else value


def colour(label: int) -> str:
    """Return the colour of a class."""
    return _COLOURS[label % len(_COLOURS)]


def light(label: int) -> tuple[float, float, float]:
    """Return the colour of the region of a class: two thirds white."""
    from matplotlib.colors import to_rgb

    red, green, blue = (1 - (1 - part) / 3 for part in to_rgb(colour(label)))
    return red, green, blue


def on_host(x: Array) -> Array:
    """Return an array of any library, or nested lists, as a host array."""
    if hasattr(x, "dtype") and hasattr(x, "device"):
        return backend_of(x).to_host(x)
    try:
        return find_backend("numpy").asarray(x)
    except (TypeError, ValueError) as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise DataError(f"a picture wants arrays of numbers: {said}.") from error
