"""Runs with checkpoints that are small, and die when they are told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(50, 4)).astype("float32")
Y = DRAW.integers(0, 3, 50)
OPTIONS: dict[str, Any] = {
    "loss": bp.CrossEntropy(),
    "optimizer": bp.Adam(0.01),
    "batch_size": 16,
    "validation": 0.2,
    "epochs": 8,
    "progress": None,
}
NET = bp.Linear(3)
CARRYING = bp.Chain(bp.Linear(8), bp.BatchNorm(), bp.Relu(), bp.Dropout(0.2), bp.Linear(3))


class Cut(Exception):
    """Stands for the death of the process."""


class Death:
    """Kills the run in the epoch of that number, before its checkpoint is written."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def epoch_done(self, epoch: Any) -> None:
        if epoch.number == self.epoch:
            raise Cut


class Life(Death):
    """What stands in its place when the run goes on."""

    def __init__(self) -> None:
        super().__init__(0)


Death.__name__ = Life.__name__ = "Fate"


def fit(path: Path | bp.Checkpoint, *callbacks: Any, net: Any = NET, data: Any = (X, Y), **more: Any) -> Any:
    options = {**OPTIONS, **more}
    return bp.fit(net, data, checkpoint=path, callbacks=[Life(), *callbacks], **options)


def stopped_at(epoch: int, path: Path, *callbacks: Any, net: Any = NET, **options: Any) -> None:
    checkpoint = bp.Checkpoint(path, every=1)
    with pytest.raises(Cut):
        bp.fit(
            net, (X, Y), checkpoint=checkpoint, callbacks=[Death(epoch), *callbacks], **{**OPTIONS, **options}
        )


def file_of(run: Any, path: Path) -> bytes:
    return bp.save(path, run).read_bytes()
