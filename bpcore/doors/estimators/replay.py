"""Where the training of an estimator went wrong: its steps, made again from the last good state, one by one.

Nothing is looked at while all is well: a copy of weights and state is made where losses have just been read,
and the last copy is half a second old.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.machine import Machine
from bpcore.doors.estimators.network import copied
from bpcore.doors.estimators.passes import Mark, Passes
from bpcore.doors.estimators.step import ALPHA, with_rate
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.parts.penalties import L2
from bpcore.run.copies import all_finite
from bpcore.run.trouble.nonfinite import origin_of
from bpcore.run.trouble.origin import Origin
from bpcore.run.trouble.replay import APART
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import tree_map

__all__ = ["Replay", "origin_of_step"]


class _Good(NamedTuple):
    epoch: int
    params: Tree
    state: Tree
    mark: Mark


@dataclass
class Replay:
    """What is kept of a training to find out where it went wrong."""

    machine: Machine
    passes: Passes
    rates: dict[int, float] = field(default_factory=dict)
    _good: _Good | None = None
    _next: float = 0.0

    def keep(self, params: Tree, state: Tree, epoch: int) -> None:
        """Copy weights and state after `epoch`, where it is time to, and where they are finite."""
        if time.perf_counter() < self._next:
            return
        if self._good is None or all_finite(params):
            self._good = None  # freed before the next is made: there are never two
            self._good = _Good(epoch, tree_map(copied, params), tree_map(copied, state), self.passes.mark())
            self.rates.clear()
        self._next = time.perf_counter() + APART

    def origin(self, last: int) -> Origin | None:
        """Return where the first number that is not finite came from, up to the epoch `last`, if found."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                return self._searched(last)
            except Exception:  # noqa: BLE001 -- that it diverged is to be told, whatever is not found
                return None

    def _searched(self, last: int) -> Origin | None:
        if self._good is None:
            return None
        first, params, state, mark = self._good
        for epoch, number, batch, order in self._batches(first, last, mark):
            if number == 1 and epoch - 1 in self.rates:
                state = with_rate(state, self.rates[epoch - 1])
            before = tree_map(copied, params), tree_map(copied, state)
            params, state, value = self.machine.step(params, state, batch)
            if all_finite((params, state, value)):
                continue
            own = self.machine
            found = origin_of_step(own.net, own.loss, own.optimizer, *before, batch)
            if found is None or found.row is None:
                return found and replace(found, epoch=epoch, batch=number)
            return replace(found, epoch=epoch, batch=number, sample=int(order[found.row]))
        return None

    def _batches(
        self, first: int, last: int, mark: Mark
    ) -> Iterator[tuple[int, int, tuple[Array, ...], Array]]:
        """Yield epoch, number, batch, and which samples are in it."""
        for epoch, batches in enumerate(self.passes.again(mark, last - first), start=first + 1):
            for number, (batch, order) in enumerate(batches, start=1):
                yield epoch, number, batch, order


def origin_of_step(
    net: Layer,
    loss: Loss,
    optimizer: Optimizer | LBFGS,
    params: Tree,
    state: Tree,
    batch: tuple[Array, ...],
) -> Origin | None:
    """Return where a step of an estimator went wrong, as `origin_of` does; its loss is one that sums."""
    whole = float(space_of(batch[2]).functions.sum(batch[2])) or 1.0
    mean: Loss = replace(loss, reduction="mean")  # type: ignore[type-var]
    penalty = L2(float(state[ALPHA]) / (2.0 * whole))
    return origin_of(net, mean, optimizer, params, state, batch, penalty=penalty)
