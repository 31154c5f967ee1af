"""The page of a training run."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PureWindowsPath

from bpcore.doors.material import Material
from bpcore.doors.pages.checksum import checksum
from bpcore.doors.pages.facts import layer_rows, summary, surroundings
from bpcore.doors.pages.pictures import answers, confusions, curves, flow_picture
from bpcore.doors.pages.rendering import page, ready
from bpcore.doors.pages.sentences import told
from bpcore.doors.plots.canvas import quietly
from bpcore.run.datasets import Dataset
from bpcore.run.result import Run
from bpcore.run.trouble.diagnosis import Diagnosis, diagnosed
from bpcore.run.trouble.flow import LayerFlow, gradient_flow
from bpcore.run.trouble.repetition import Repetition
from bpcore.words.protocols import Array

__all__ = ["run_page"]

ENOUGH = 2000
"""Samples that a curvature is measured over, where steps do not see all of them either."""


@quietly()
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
        curves=list(curves(run)),
        answers=[] if material is None else list(answers(run, material)),
        confusions=[] if material is None else list(confusions(run, material)),
        layers=layer_rows(run),
        flow=flow,
        flow_over="the samples trained on" if material is None or material.split_known else "all samples",
        flow_picture=flow_picture(flow),
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


def _flow(run: Run, train: Dataset) -> tuple[LayerFlow, ...]:
    x, y = run.placed((train.x, train.y))
    return gradient_flow(run.net, run.params, x, y, run.loss, state=run.state)


def _command(words: Sequence[str]) -> str:
    """Return the command line; of the data's place only the name of the file."""
    if list(words[:2]) != ["bpcore", "train"] or not words[2:]:
        return shlex.join(words)
    return shlex.join([*words[:2], PureWindowsPath(words[2]).name, *words[3:]])  # of either kind of path
