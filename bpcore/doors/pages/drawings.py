"""Pictures inside a page: matplotlib's drawings as SVG that takes the page's colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bpcore.doors.pages.rendering import trusted
from bpcore.doors.plots.canvas import BLUE, GREY, ORANGE, canvas
from bpcore.doors.plots.writing import rendered
from bpcore.words.protocols import Array

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

__all__ = ["against", "svg"]

LARGEST = 2000
"""Points that are drawn; more hide one another and make the page heavy."""

_HEAD = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_OWN = re.compile(r"\s*<(metadata|style)\b.*?</\1>", re.DOTALL)
"""Who drew it and when, and a style that would hold for the whole page."""


def svg(ax: Axes, name: str, label: str) -> Markup:
    """Return the figure of some axes as an SVG element.

    Parameters
    ----------
    ax : Axes
    name : str
        Different for each picture of a page: identifiers inside are made from it.
    label : str
        What a reader hears who does not see it.
    """
    written = rendered(ax, "svg", transparent=True).decode("utf-8")
    text = _OWN.sub("", _HEAD.sub("", written))
    return trusted(_labelled(_coloured(_apart(text, name)), label))


def _apart(text: str, name: str) -> str:
    """Put a name before every identifier: those of two pictures of a page must differ."""
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)


def _coloured(text: str) -> str:
    """Black becomes the colour of the page's text, and white that of its paper: dark pages work too."""
    text = re.sub(r"stroke: #000(000)?\b", "stroke: currentColor", text)
    return re.sub(r"fill: #fff(fff)?\b", "fill: var(--paper)", text)


def _labelled(text: str, label: str) -> str:
    """Say what it is, and leave its size to the page."""
    from markupsafe import escape

    head, rest = text.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head)
    return head.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1) + ">" + rest


def against(truth: Array, predicted: Array, name: str, parts: list[tuple[str, list[int]]]) -> Axes:
    """Draw predicted quantities against true ones, with the line where both are equal.

    Parameters
    ----------
    truth, predicted : (samples,) host arrays
    name : str
        Of the quantity.
    parts : list of pairs (str, list of int)
        A name for some of the samples, and their positions.
    """
    ax = canvas(None, 6, 5)
    low, high = float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))
    ax.plot([low, high], [low, high], "--", color=GREY, linewidth=1, label="equal")
    for (label, rows), colour in zip(parts, (BLUE, ORANGE), strict=False):
        shown = rows[:: len(rows) // LARGEST + 1]
        points = ([float(truth[i]) for i in shown], [float(predicted[i]) for i in shown])
        ax.scatter(*points, s=14, color=colour, alpha=0.6, linewidths=0, label=label)
    ax.set(xlabel=f"true {name}", ylabel=f"predicted {name}", title="Predicted against true")
    ax.grid(alpha=0.3)
    ax.legend(loc="best")
    return ax
