"""Pictures of the lessons: graphs and networks of a step, the course's loss, the vanishing chain."""

from __future__ import annotations

from typing import Any

from bpcore.doors import plots
from bpcore.doors.paper.explain import explain
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.pictures.destination import DRAWINGS, Destination
from bpcore.parts.perceptron import MLP
from bpcore.words.errors import OptionError

__all__ = ["graph_picture", "network_picture", "surface_picture", "tangent_picture", "vanishing_picture"]


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
        return place.take(plots.close_up(loss, path, last=min(4, len(path))), dpi)
    return place.take(plots.surface(loss, w1, w2, path=path, flat=flat), dpi)


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
    return place.take(plots.network(_step(name, form="elements", **options), path=path), dpi)


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
        raise OptionError(f"--{missing}", None, "given with net", "As in --sizes 2,3,1 --x 1,2 --y 1.")
    if min(sizes) < 1 or not all(size.is_integer() for size in sizes):
        raise OptionError("--sizes", sizes, "whole numbers, 1 or more, as 2,3,1")
    for option, given, wanted in (("--x", x, sizes[0]), ("--y", y, sizes[-1])):
        if len(given) != wanted:
            raise OptionError(option, given, f"{wanted:g} numbers, as --sizes has it")
    net = MLP([int(size) for size in sizes], activation="sigmoid", output="sigmoid")
    return explain(net, [list(x)], [list(y)], form=form, seed=seed or 0)
