"""The pictures and tables of a run's page: curves, boundaries, quantities, confusion, gradient flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.material import Material
from bpcore.doors.pages.drawings import against, svg
from bpcore.doors.pages.facts import Confusion, confusion
from bpcore.doors.pictures.labels import labels, plain
from bpcore.doors.plots.curves import accuracy, loss
from bpcore.doors.plots.flows import gradient_flow
from bpcore.doors.plots.regions import boundary
from bpcore.run.datasets import Dataset
from bpcore.run.result import Run
from bpcore.run.tables.preparation import Preparation
from bpcore.run.trouble.flow import LayerFlow

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Drawn", "answers", "confusions", "curves", "flow_picture"]

PICTURES = 6
"""At most so many targets are drawn."""

PLANE = 2


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A picture, what is said below it, and whether it has light colours of its own, on dark pages too."""

    svg: Markup
    caption: str = ""
    light: bool = False


def curves(run: Run) -> Iterator[Drawn]:
    """Yield loss and accuracy over the epochs, as far as there are some."""
    for name, draw in (("loss", loss), ("accuracy", accuracy)):
        if run.history.get(name):
            yield Drawn(svg=svg(draw(run), name, f"{name} over the epochs"))


def answers(run: Run, material: Material) -> Iterator[Drawn]:
    """Yield decision boundaries, or predicted against true quantities."""
    if material.train.task == "regression":
        yield from _quantities(run, material) if material.train.y.ndim == PLANE else ()
    elif run.features == (PLANE,):
        for part, title in _parts(material):
            yield from _boundaries(run, part, title, material.preparation)


def _parts(material: Material) -> Iterator[tuple[Dataset, str]]:
    if not material.split_known:
        yield material.train, "all samples, those held out among them"
        return
    yield material.train, "samples trained on"
    if material.held is not None:
        yield material.held, "samples held out"


def _boundaries(run: Run, part: Dataset, title: str, preparation: Preparation | None) -> Iterator[Drawn]:
    several = part.task == "binary" and len(part.targets) > 1
    for i, target in enumerate(part.targets[:PICTURES]):
        output = i if several else None
        ax = boundary(run, part.x, part.y, output=output, resolution=100, **labels(part, preparation))
        words = f"{target}: {title}" if several else title
        yield Drawn(
            svg=svg(ax, f"boundary-{title.rsplit(maxsplit=1)[-1]}-{i}", f"decision boundary, {words}"),
            caption=words,
            light=True,
        )


def _quantities(run: Run, material: Material) -> Iterator[Drawn]:
    """Yield predicted against true, in the unit of the targets."""
    parts = list(_parts(material))
    xp = array_namespace(material.train.y)
    truth = xp.concat([part.y for part, _ in parts])
    found = [xp.astype(run.backend.to_host(run.predict(part.x)), truth.dtype) for part, _ in parts]
    shown = xp.concat(found)
    if material.preparation is not None:
        truth, shown = material.preparation.quantities(truth), material.preparation.quantities(shown)
    ends = [0]
    for part, _ in parts:
        ends.append(ends[-1] + int(part.x.shape[0]))
    named = [(title, list(range(ends[i], ends[i + 1]))) for i, (_, title) in enumerate(parts)]
    for i, target in enumerate(material.train.targets[:PICTURES]):
        ax = against(truth[:, i], shown[:, i], plain(target), named)
        yield Drawn(svg=svg(ax, f"against-{i}", f"predicted {target} against true {target}"))


def confusions(run: Run, material: Material) -> Iterator[Confusion]:
    """Yield the tables of right and wrong answers of each part of the samples."""
    for part, title in _parts(material):
        yield from confusion(run, part, title.capitalize())


def flow_picture(flow: Sequence[LayerFlow]) -> Drawn | None:
    """Return the picture of the gradient that reaches each layer."""
    if not flow:
        return None
    return Drawn(svg=svg(gradient_flow(flow), "flow", "norms of weights and gradients by layer"))
