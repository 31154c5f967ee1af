"""Pictures of the lessons: graphs and networks of a step, the course's loss, the vanishing chain."""

from __future__ import annotations

import math
from typing import Any

from bpcore.doors import plots
from bpcore.doors.paper.explain import explain
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.pictures.destination import DRAWINGS, Destination
from bpcore.parts.perceptron import MLP
from bpcore.words.errors import DataError, OptionError, PaperError

__all__ = ["graph_picture", "network_picture", "surface_picture", "tangent_picture", "vanishing_picture"]

LOST = 1e6
"""A path that ends so far from the origin has not come near a minimum of the course's loss."""


def vanishing_picture(*, activation: str, units: int, output: str | None, dpi: float | None) -> str:
    """Draw the vanishing chain."""
    place = Destination(output, activation, "vanishing")
    return place.take(plots.vanishing_chain(activation, units), dpi)


def surface_picture(
    *,
    rate: float,
    steps: int,
    start: tuple[float, float],
    w1: tuple[float, float],
    w2: tuple[float, float],
    flat: bool,
    zoom: bool,
    output: str | None,
    dpi: float | None,
) -> str:
    """Draw the course's loss over its weights."""
    place = Destination(output, "course", "surface")

    def loss(w1: Any, w2: Any) -> Any:
        return (2 * w1 * w2 - 20) ** 2 / 2

    path = plots.descent(loss, start, rate=rate, steps=steps)
    if zoom:
        if len(path) <= steps or math.hypot(*path[-1][:2]) > LOST:
            do = "Take a lower one to see the last steps: they run away."
            raise OptionError("--rate", rate, "one at which descent comes near a minimum", do)
        return place.take(plots.close_up(loss, path, last=min(4, len(path))), dpi)
    said = place.take(plots.surface(loss, w1, w2, path=path, flat=flat), dpi)
    return said + _left(path, steps, w1, w2)


def _left(
    path: list[tuple[float, float, float]], steps: int, w1: tuple[float, float], w2: tuple[float, float]
) -> str:
    """Return a line on the points of a path that are not in the picture, where there are some."""
    inside = sum(w1[0] <= a <= w1[1] and w2[0] <= b <= w2[1] for a, b, _ in path)
    if inside == steps + 1:
        return ""
    return (
        f"\n{steps + 1 - inside} of the {steps + 1} points of the path are outside of the picture: "
        "take a lower --rate, or wider --w1 and --w2"
    )


def tangent_picture(*, at: float, target: float, output: str | None, dpi: float | None) -> str:
    """Draw the loss along one output."""
    place = Destination(output, "course", "tangent")
    return place.take(plots.tangent(lambda y: (y - target) ** 2 / 2, at), dpi)


def graph_picture(
    name: str, *, path: str | None, output: str | None, dpi: float | None, **options: Any
) -> str:
    """Draw the graph of a step on paper."""
    place = Destination(output, name, "graph", kinds=DRAWINGS)
    return place.take(plots.graph(_step(name, **options), path=path), dpi)


def network_picture(
    name: str, *, path: str | None, output: str | None, dpi: float | None, **options: Any
) -> str:
    """Draw the network of a step on paper."""
    place = Destination(output, name, "network", kinds=DRAWINGS)
    try:
        step = _step(name, form="elements", **options)
    except PaperError as error:  # its advice is of whole matrices, which have no circles
        raise PaperError(error.what, f"Draw its graph: bpcore plot graph {name} --form matrices.") from None
    return place.take(plots.network(step, path=path), dpi)


def _step(name: str, *, form: str | None, part: str | None, **own: Any) -> Explanation:
    """Return the step that is meant, of a lesson or of a network of one's own."""
    if name == "net":
        return _own(form, **own)
    for option, given in own.items():
        if given is not None:
            raise OptionError(f"--{option}", given, f"left out with {name}", "It is for net.")
    return explain(name, form=form) if part is None else explain(name, form=form, part=part)


def _own(
    form: str | None,
    *,
    sizes: tuple[float, ...] | None,
    x: tuple[float, ...] | None,
    y: tuple[float, ...] | None,
    seed: int | None,
) -> Explanation:
    if sizes is None or x is None or y is None:
        missing = next(option for option, given in (("sizes", sizes), ("x", x), ("y", y)) if given is None)
        raise DataError(f"net wants --{missing}: give it, as in --sizes 2,3,1 --x 1,2 --y 1.")
    if min(sizes) < 1 or not all(size.is_integer() for size in sizes):
        raise OptionError("--sizes", sizes, "whole numbers, 1 or more, as 2,3,1")
    for option, given, wanted in (("--x", x, sizes[0]), ("--y", y, sizes[-1])):
        if len(given) != wanted:
            raise OptionError(option, given, f"{wanted:g} numbers, as --sizes has it")
    net = MLP([int(size) for size in sizes], activation="sigmoid", output="sigmoid")
    return explain(net, [list(x)], [list(y)], form=form, seed=seed or 0)
