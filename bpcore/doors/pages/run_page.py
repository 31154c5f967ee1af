"""The page of a training run."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.material import Material
from bpcore.doors.pages.checksum import checksum
from bpcore.doors.pages.drawings import against, svg
from bpcore.doors.pages.facts import Confusion, confusion, layer_rows, summary, surroundings
from bpcore.doors.pages.rendering import page, ready
from bpcore.doors.pages.sentences import told
from bpcore.doors.plots.curves import accuracy, loss
from bpcore.doors.plots.flows import gradient_flow as flow_picture
from bpcore.doors.plots.regions import boundary
from bpcore.run.datasets import Dataset
from bpcore.run.diagnosis import Diagnosis, diagnosed
from bpcore.run.flow import LayerFlow, gradient_flow
from bpcore.run.place import Place
from bpcore.run.repetition import Repetition
from bpcore.run.result import Run
from bpcore.words.protocols import Array
from bpcore.words.trees import leaves

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["Drawn", "run_page"]

ENOUGH = 2000
"""Samples that a curvature is measured over, where steps do not see all of them either."""

PICTURES = 6
"""At most so many targets are drawn."""

PLANE = 2


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A picture and what is said below it."""

    svg: Markup
    caption: str = ""


def run_page(
    run: Run,
    material: Material | None,
    repetition: Repetition | None,
    *,
    title: str,
    model: str = "",
    command: Sequence[str] = (),
) -> str:
    """Return the page of a run as HTML.

    Parameters
    ----------
    run : Run
    material : Material or None
        Its samples; without them there is no boundary, no confusion matrix, no gradient flow.
    repetition : Repetition or None
        What is needed to train again; without it the reason of a spike is not measured.
    title, model : str
    command : sequence of str
        The words of the command line that trained it.

    Raises
    ------
    LibraryMissing
        When the extra ``pages`` is not installed.
    """
    ready()
    seen = diagnosed(run, _sample(material, repetition), repetition=repetition)
    flow = () if material is None else _flow(run, material.train)
    return page(
        "run.html",
        title=title,
        model=model,
        sentences=told(seen),
        rose=seen.worst is not None,
        moments=_moments(seen),
        limit="" if math.isnan(seen.limit) else f"{seen.limit:.4g}",
        summary=[*summary(run, material, repetition, seen.epochs), *_curvature(seen)],
        curves=list(_curves(run)),
        answers=[] if material is None else list(_answers(run, material)),
        confusions=[] if material is None else list(_confusions(run, material)),
        layers=layer_rows(run),
        flow=flow,
        flow_picture=_flow_picture(flow),
        surroundings=surroundings(run),
        command=_command(command),
        checksum=checksum(run),
    )


def _sample(material: Material | None, repetition: Repetition | None) -> tuple[Array, Array] | None:
    """Return what the curvature is measured over: all samples, where steps see them all."""
    if material is None:
        return None
    count = None if repetition is not None and repetition.full_batch else ENOUGH
    return material.train.x[:count, ...], material.train.y[:count, ...]


def _curvature(seen: Diagnosis) -> Iterator[tuple[str, str]]:
    if seen.end is not None:
        yield (
            "curvature",
            f"{seen.end.sharpness:.4g} at the end: the largest eigenvalue of the loss's Hessian",
        )


def _moments(seen: Diagnosis) -> list[dict[str, str]]:
    """Return the rows of the table of curvatures; none where only the last is known."""
    if seen.before is None:
        return []
    return [
        {
            "at": "at the end" if moment.epoch > seen.epochs else f"that epoch {moment.epoch} saw",
            "loss": "" if math.isnan(moment.loss) else f"{moment.loss:.4g}",
            "sharpness": f"{moment.sharpness:.4g}",
        }
        for moment in (seen.before, seen.back, seen.end)
        if moment is not None
    ]


def _curves(run: Run) -> Iterator[Drawn]:
    for name, draw in (("loss", loss), ("accuracy", accuracy)):
        if run.history.get(name):
            yield Drawn(svg=svg(draw(run), name, f"{name} over the epochs"))


def _answers(run: Run, material: Material) -> Iterator[Drawn]:
    """Yield decision boundaries, or predicted against true quantities."""
    if material.train.task == "regression":
        yield from _quantities(run, material)
    elif run.features == (PLANE,):
        for part, title in _parts(material):
            yield from _boundaries(run, part, title)


def _parts(material: Material) -> Iterator[tuple[Dataset, str]]:
    if not material.split_known:
        yield material.train, "all samples, those held out among them"
        return
    yield material.train, "samples trained on"
    if material.held is not None:
        yield material.held, "samples held out"


def _boundaries(run: Run, part: Dataset, title: str) -> Iterator[Drawn]:
    several = part.task == "binary" and len(part.targets) > 1
    for i, target in enumerate(part.targets[:PICTURES]):
        output = i if several else None
        ax = boundary(
            run, part.x, part.y, output=output, resolution=100, names=part.features, classes=part.classes
        )
        words = f"{target}: {title}" if several else title
        yield Drawn(
            svg=svg(ax, f"boundary-{title.rsplit(maxsplit=1)[-1]}-{i}", f"decision boundary, {words}"),
            caption=words,
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
        ax = against(truth[:, i], shown[:, i], target, named)
        yield Drawn(svg=svg(ax, f"against-{i}", f"predicted {target} against true {target}"))


def _confusions(run: Run, material: Material) -> Iterator[Confusion]:
    for part, title in _parts(material):
        yield from confusion(run, part, title.capitalize())


def _flow(run: Run, train: Dataset) -> tuple[LayerFlow, ...]:
    place = Place.of(leaves(run.params)[0], None, None)
    return gradient_flow(run.net, run.params, *place.data((train.x, train.y), run.loss), run.loss)


def _flow_picture(flow: Sequence[LayerFlow]) -> Drawn | None:
    if not flow:
        return None
    return Drawn(svg=svg(flow_picture(flow), "flow", "norms of weights and gradients by layer"))


def _command(words: Sequence[str]) -> str:
    """Return the command line; of the data's place only the name of the file."""
    shown = list(words)
    if shown[:2] == ["bpcore", "train"] and len(shown) > PLANE:
        shown[2] = Path(shown[2]).name
    return shlex.join(shown)
