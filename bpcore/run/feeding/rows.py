"""Rows of the history: what an epoch's steps reported, as one number for each quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.loss_scale import LEAST, LOSS_SCALE, SKIPPED
from bpcore.parts.losses import Loss
from bpcore.run.feeding.epochs import Done
from bpcore.run.feeding.place import Place

__all__ = ["is_stuck", "row_of"]


def row_of(place: Place, done: Done, loss: Loss) -> tuple[dict[str, float], float]:
    """Return the epoch's numbers from what its steps reported, read in one transfer, and its first loss.

    Means are weighted by the steps' samples, or by their weights; a loss that sums is summed. Of a scaled
    loss the last scale is told and how many steps were skipped; a skipped step whose loss was not finite
    counts in no mean, unless there are no others.
    """
    names = sorted(done.reports[0], key=lambda name: (name != "loss", name))  # a Program sorts them otherwise
    xp = array_namespace(done.reports[0]["loss"])
    flat = [xp.reshape(report[name], (-1,)) for name in names for report in done.reports]
    numbers = place.backend.to_host(xp.concat(flat)).tolist()
    steps = len(done.samples)
    columns = {name: numbers[i * steps : (i + 1) * steps] for i, name in enumerate(names)}
    counts: list[float] = columns.pop("weight", None) or [*done.samples]
    taken = _taken(columns, steps)
    total = sum(counts[i] for i in taken) or 1.0
    row = {}
    for name, column in columns.items():
        if name == "loss" and loss.reduction == "sum":
            row[name] = sum(column[i] for i in taken)
        else:  # one division, at the end: a mean of ones is 1
            row[name] = sum(counts[i] * column[i] for i in taken) / total
    if SKIPPED in columns:
        row |= {LOSS_SCALE: columns[LOSS_SCALE][-1], SKIPPED: sum(columns[SKIPPED])}
    return row, numbers[0]


def _taken(columns: dict[str, list[float]], steps: int) -> Sequence[int]:
    """Return the steps that count in means."""
    if SKIPPED not in columns:
        return range(steps)
    losses, skipped = columns["loss"], columns[SKIPPED]
    taken = [i for i in range(steps) if not skipped[i] or math.isfinite(losses[i])]
    return taken or range(steps)


def is_stuck(row: dict[str, float], steps: int) -> bool:
    """Return whether all steps of an epoch were skipped, the last one at the least scale."""
    return row.get(SKIPPED, 0.0) == steps and row[LOSS_SCALE] <= LEAST
