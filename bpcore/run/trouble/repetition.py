"""Repetition: all that a training was given, so that a part of it can be done again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bpcore.ground.backend import Backend
from bpcore.machine.step import Batch
from bpcore.parts.keys import split
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import Optimizer
from bpcore.run.feeding.place import Place
from bpcore.run.fit import fit
from bpcore.run.result import Run
from bpcore.words.protocols import Tree

__all__ = ["Repetition", "first_difference"]

NEAR = 0.01
"""By how much of itself a repeated loss may differ: two libraries, or two machines, round differently."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Repetition:
    """What `bpcore.fit` was called with, as there.

    Attributes
    ----------
    net : Layer
    data : pair (x, y)
    loss : Loss
    optimizer : Optimizer
    batch_size : int or None
    seed : int
    backend : Backend
    dtype : str
    validation : float or None
        The share that `fit` itself held out; samples held out before it are in `data` no more.
    params : tree of arrays or None
        Where the training started, if not where the seed says.
    precision : str
    """

    net: Layer
    data: Batch
    loss: Loss
    optimizer: Optimizer
    backend: Backend
    dtype: str
    batch_size: int | None = None
    seed: int = 0
    validation: float | None = None
    params: Tree = None
    precision: str = "float32"

    @property
    def full_batch(self) -> bool:
        """Whether each step sees all samples that are trained on."""
        return self.batch_size is None or self.batch_size >= len(self.data[0])

    def run(self, epochs: int, *, optimizer: Optimizer | None = None) -> Run:
        """Train again, for so many epochs, perhaps with another optimizer."""
        return fit(
            self.net,
            self.data,
            loss=self.loss,
            optimizer=optimizer or self.optimizer,
            epochs=epochs,
            batch_size=self.batch_size,
            seed=self.seed,
            backend=self.backend,
            dtype=self.dtype,
            validation=self.validation,
            params=self.params,
            precision=self.precision,
            progress=None,
        )

    def seen_in(self, epoch: int) -> tuple[Tree, list[float]]:
        """Return the parameters that an epoch sees, from 1, and the losses of the epochs before it."""
        if epoch > 1:
            run = self.run(epoch - 1)
            return run.params, run.history["loss"]
        if self.params is not None:
            return self.params, []
        place = Place.of(self.data[0], self.backend, self.dtype)
        start_key = split(place.key(self.seed), 3)[0]  # as `fit` has it
        return self.net.init(start_key, tuple(self.data[0].shape[1:]), dtype=place.dtype), []


def first_difference(found: Sequence[float], wanted: Sequence[float]) -> int | None:
    """Return the first epoch, from 1, whose loss in a repeated run is not that of the run; or None."""
    for epoch, (one, other) in enumerate(zip(found, wanted, strict=False), start=1):
        if not math.isclose(one, other, rel_tol=NEAR):
            return epoch
    return None
