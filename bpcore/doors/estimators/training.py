"""The training of an estimator: epochs until the record says that it is enough."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.network import as_lists, as_tree
from bpcore.doors.estimators.parameters import Parameters
from bpcore.doors.estimators.passes import Passes
from bpcore.doors.estimators.record import Record
from bpcore.doors.estimators.replay import Replay
from bpcore.doors.estimators.step import with_rate
from bpcore.words.errors import Diverged
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["Training"]

SLOWEST = 1e-6
"""An adaptive rate that came down to this stops."""

Score = Callable[[Tree], float]


@dataclass
class Training:
    """What changes while an estimator learns.

    Attributes
    ----------
    parameters : Parameters
    passes : Passes
    params, state : trees of arrays
        Those of the step, which may overwrite them.
    record : Record
    score : function of params, or None
        How good they are for samples that are held out.
    replay : Replay
        That finds out where it went wrong.
    epochs : int
        How many were made.
    """

    parameters: Parameters
    passes: Passes
    params: Tree
    state: Tree
    record: Record
    score: Score | None
    replay: Replay
    epochs: int = 0
    best: tuple[list[Array], list[Array]] | None = None

    def run(self, most: int, *, single: bool) -> None:
        """Make epochs, `most` at most; with `single` one is a part of a longer training, and no end of it."""
        try:
            while self.epochs < most and not self._advance(most):
                pass
            if not single and self.epochs == most and not self.record.enough:
                told = f"not converged after max_iter={most} epochs: raise max_iter, or tol."
                warnings.warn(told, ConvergenceWarning, stacklevel=5)
        except KeyboardInterrupt:
            if not self.epochs:
                raise
            warnings.warn("training was interrupted, and is left as it was.", RuntimeWarning, stacklevel=5)
        if self.best is not None:
            self.params = as_tree(*self.best, self.best[0][0].dtype)
        xp = space_of(leaves(self.params)[0]).functions
        if not all(bool(xp.all(xp.isfinite(p))) for p in leaves(self.params)):
            raise self._diverged("a parameter became infinite or not a number")

    def _advance(self, most: int) -> bool:
        """Make epochs in one call, as many as can be made before one may be the last; say whether it was."""
        own, record = self.parameters, self.record
        alone = self.score is not None or (own.solver == "sgd" and own.learning_rate == "invscaling")
        ahead = 1 if alone else record.ahead(self.passes.epochs_at_once, most - self.epochs)
        self.replay.keep(self.params, self.state, self.epochs)
        self.params, self.state, losses = self.passes.make(self.params, self.state, ahead)
        for loss in losses:
            self.epochs += 1
            record.samples += self.passes.samples
            if not math.isfinite(loss):
                raise self._diverged(f"the loss became {loss}")
            self._write(loss)
        if own.solver == "sgd" and own.learning_rate == "invscaling":
            self._set_rate(own.learning_rate_init / (record.samples + 1) ** own.power_t)
        return record.enough and not self._slowed()

    def _write(self, loss: float) -> None:
        own, record = self.parameters, self.record
        if own.verbose:
            sys.stdout.write(f"Iteration {self.epochs}, loss = {loss:.8f}\n")
        if self.score is None:
            record.add_loss(loss)
            return
        score = self.score(self.params)
        if record.add_score(loss, score) or self.best is None:
            self.best = as_lists(self.params)
        if own.verbose:
            sys.stdout.write(f"Validation score: {score:.6f}\n")

    def _slowed(self) -> bool:
        """Lower an adaptive rate, and go on; other rates end here."""
        own = self.parameters
        if own.solver != "sgd" or own.learning_rate != "adaptive":
            return False
        rate = float(self.state["rate"])
        if rate <= SLOWEST:
            return False
        self._set_rate(rate / 5.0)
        self.record.stale = 0
        return True

    def _set_rate(self, rate: float) -> None:
        self.replay.rates[self.epochs] = rate
        self.state = with_rate(self.state, rate)

    def _diverged(self, what: str) -> Diverged:
        rate = float(self.parameters.learning_rate_init)
        return Diverged(what, self.epochs, rate, self.replay.origin(self.epochs))
