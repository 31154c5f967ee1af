"""The last good state of a run, and the steps from there to the one that went wrong.

Nothing is looked at while all is well: a copy of parameters and state is made where an epoch ends and the
last copy is half a second old, which is where the loss has just been read anyway. There is one copy at a
time: with `Adam`, three times the parameters.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple, Protocol

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.loss_scale import SKIPPED
from bpcore.machine.step import Batch, Step
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.parts.penalties import Penalty
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.run.copies import all_finite, copied
from bpcore.run.rates import rescheduled
from bpcore.run.result import History
from bpcore.run.trouble.nonfinite import origin_of
from bpcore.run.trouble.origin import Origin
from bpcore.words.protocols import Array, Tree

__all__ = ["APART", "Replay"]

APART = 0.5
"""Seconds between two copies at least: so much is made again, or one epoch."""


class _Steps(Protocol):
    """What makes the steps of a run, and can tell its batches again."""

    params: Tree
    state: Tree
    step: Step

    def batches(self, epoch: int) -> Iterator[Batch]: ...

    def sample(self, epoch: int, batch: int, row: int) -> int | None: ...


class _Good(NamedTuple):
    epoch: int
    batches: int
    params: Tree
    state: Tree


@dataclass
class Replay:
    """What is kept of a run to find out where it went wrong.

    Parameters
    ----------
    net : Layer
    loss : Loss
    optimizer : Optimizer or LBFGS
    penalty : Penalty or None
    """

    net: Layer
    loss: Loss
    optimizer: Optimizer | LBFGS
    penalty: Penalty | None = None
    _good: _Good | None = field(default=None, init=False)
    _next: float = field(default=0.0, init=False)

    def keep(self, engine: _Steps, epoch: int, batches: int = 0) -> None:
        """Copy parameters and state after `epoch`, where it is time to, and where they are finite.

        `batches` is how many of the next epoch they have seen.
        """
        now = time.perf_counter()
        if now < self._next:
            return
        if self._good is None or all_finite(engine.params):
            self._good = None  # freed before the next is made: there are never two
            copies = (copied(tree) for tree in (engine.params, engine.state))
            self._good = _Good(epoch, batches, *copies)
        self._next = time.perf_counter() + APART

    @property
    def good(self) -> tuple[Tree, Tree] | None:
        """Parameters and state of the last copy."""
        return None if self._good is None else (self._good.params, self._good.state)

    def origin(self, engine: Any, epoch: int, history: History) -> Origin | None:
        """Return where the first number that is not finite came from, up to `epoch`, if found."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                return self._searched(engine, epoch, history)
            except Exception:  # noqa: BLE001 -- a run that diverged is to be told as that, whatever is not found
                return None

    def _searched(self, engine: _Steps, last: int, history: History) -> Origin | None:
        if self._good is None:
            return None
        params, state = (copied(tree) for tree in (self._good.params, self._good.state))
        seen, skipped = self._good.batches, None  # the latter: where the first began since one was taken
        for epoch in range(self._good.epoch + 1, last + 1):
            for number, batch in islice(enumerate(engine.batches(epoch), start=1), seen, None):
                before = copied(params), copied(state)
                params, state, report = engine.step(params, state, batch)
                lost = not all_finite((params, state))
                if not lost and _was_skipped(report):
                    found = self._of_step(*before, batch) if skipped is None else None
                    skipped = _placed(found, engine, epoch, number) if found else skipped
                elif not lost and all_finite(report["loss"]):
                    skipped = None
                else:
                    found = self._of_step(*before, batch)
                    return found and _placed(found, engine, epoch, number)
            rate, seen = self.optimizer.rate, 0
            if isinstance(rate, ReduceOnPlateau):
                state = rescheduled(state, rate, {name: column[:epoch] for name, column in history.items()})
        return skipped

    def _of_step(self, params: Tree, state: Tree, batch: Batch) -> Origin | None:
        return origin_of(self.net, self.loss, self.optimizer, params, state, batch, penalty=self.penalty)


def _was_skipped(report: dict[str, Array]) -> bool:
    """Return whether a step left all as it was: it did no harm, where a later one was taken."""
    return SKIPPED in report and bool(array_namespace(report[SKIPPED]).all(report[SKIPPED] > 0))


def _placed(found: Origin, engine: _Steps, epoch: int, batch: int) -> Origin:
    sample = None if found.row is None else engine.sample(epoch, batch, found.row)
    return replace(found, epoch=epoch, batch=batch, sample=sample)
