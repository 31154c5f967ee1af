"""Pictures of the lessons: graphs and networks of a step, the course's loss, the vanishing chain."""

from __future__ import annotations

from typing import Any

from bpcore.doors import plots
from bpcore.doors.paper.explain import explain
from bpcore.doors.pictures.destination import DRAWINGS, Destination

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
    name: str, *, path: str | None, form: str | None, output: str | None, dpi: float | None
) -> str:
    """Draw the graph of a step on paper."""
    place = Destination(output, name, "graph", kinds=DRAWINGS)
    return place.take(plots.graph(explain(name, form=form), path=path), dpi)


def network_picture(name: str, *, path: str | None, output: str | None, dpi: float | None) -> str:
    """Draw the network of a step on paper."""
    place = Destination(output, name, "network", kinds=DRAWINGS)
    return place.take(plots.network(explain(name, form="elements"), path=path), dpi)
