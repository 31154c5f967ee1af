"""Rows of the history: what an epoch's steps reported, as one number for each quantity."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.losses import Loss
from bpcore.run.epochs import Done
from bpcore.run.place import Place

__all__ = ["row_of"]


def row_of(place: Place, done: Done, loss: Loss) -> tuple[dict[str, float], float]:
    """Return the epoch's numbers from what its steps reported, read in one transfer, and its first loss.

    Means are weighted by the steps' samples, or by their weights; a loss that sums is summed.
    """
    names = sorted(done.reports[0], key=lambda name: (name != "loss", name))  # a Program sorts them otherwise
    xp = array_namespace(done.reports[0]["loss"])
    flat = [xp.reshape(report[name], (-1,)) for name in names for report in done.reports]
    numbers = place.backend.to_host(xp.concat(flat)).tolist()
    steps = len(done.samples)
    counts: list[float] = [*done.samples]
    if names[-1] == "weight":
        names, counts = names[:-1], numbers[-steps:]
    total = sum(counts)
    shares = [count / total if total else 0.0 for count in counts]
    row = {}
    for i, name in enumerate(names):
        weights = [1.0] * steps if name == "loss" and loss.reduction == "sum" else shares
        column = numbers[i * steps : (i + 1) * steps]
        row[name] = sum(w * n for w, n in zip(weights, column, strict=True))
    return row, numbers[0]
