"""Splitting samples into a part to train on and a part that is held out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from bpcore.ground.registry import backend as find_backend
from bpcore.parts import keys
from bpcore.run.feeding.dataset import Dataset
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Array

__all__ = ["split_samples"]


def split_samples(data: Dataset, share: float, key: Array) -> tuple[Dataset, Dataset]:
    """Return the part to train on and the held-out part, drawn at random.

    Where there are classes, each gives the same share of its samples, and keeps one at least for training.

    Parameters
    ----------
    data : Dataset of host arrays
    share : float, 0 < share < 1
        How much is held out.
    key : key on the host

    Raises
    ------
    OptionError
        `share` is out of range.
    DataError
        One of the parts would be empty.
    """
    if not 0 < share < 1:
        raise OptionError("validation", share, "a share above 0 and below 1")
    groups: dict[object, list[int]] = defaultdict(list)
    group_of = _groups(data)
    for i in keys.permutation(key, data.x.shape[0]).tolist():
        groups[group_of[i]].append(i)
    held = [i for members in groups.values() for i in members[: _count(len(members), share)]]
    out = set(held)
    kept = [i for i in range(data.x.shape[0]) if i not in out]
    if not held or not kept:
        raise DataError(
            f"{data.name}: of {data.x.shape[0]} samples a share of {share:g} cannot be held out: "
            "choose another share, or 0 for none."
        )
    return _part(data, kept), _part(data, sorted(held))


def _groups(data: Dataset) -> list[object]:
    """Return for each sample the group that it is drawn from."""
    if data.task == "regression":
        return [None] * data.x.shape[0]
    return [tuple(row) if isinstance(row, list) else row for row in data.y.tolist()]


def _count(members: int, share: float) -> int:
    return min(round(members * share), members - 1)


def _part(data: Dataset, positions: list[int]) -> Dataset:
    host = find_backend("numpy")
    chosen = host.asarray(positions, dtype=host.dtype("int64"))
    take = host.namespace.take
    return replace(data, x=take(data.x, chosen, axis=0), y=take(data.y, chosen, axis=0))
