"""Pictures of the lessons: graphs and networks of a step, the course's loss, the vanishing chain."""

from __future__ import annotations

import math
from typing import Any

from bpcore.doors import plots
from bpcore.doors.lessons.course_linear import half_square, loss
from bpcore.doors.own_net import NET, own_step
from bpcore.doors.paper.explain import explain
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.pictures.destination import DRAWINGS, Destination
from bpcore.words.errors import OptionError, PaperError

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
    return place.take(plots.tangent(lambda y_hat: half_square(y_hat, target), at), dpi)


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
    told = {option: given for option, given in own.items() if given is not None}
    if name == NET:
        return own_step(form=form, **told)
    for option, given in told.items():
        raise OptionError(f"--{option}", given, f"left out with {name}", f"It is for {NET}.")
    return explain(name, form=form) if part is None else explain(name, form=form, part=part)
