"""Early stopping: a run ends when a quantity has become no better for some epochs."""

from __future__ import annotations

import math
import warnings

from bpcore.run.callbacks import Ending, Epoch
from bpcore.run.copies import copied
from bpcore.words.errors import OptionError, choose
from bpcore.words.finite import is_finite
from bpcore.words.protocols import Static

__all__ = ["EarlyStopping"]

MODES = ("auto", "max", "min")
RISING = ("accuracy", "auc", "f1", "precision", "r2", "recall")
"""What the names of quantities end with that are better when larger."""
FALLING = ("error", "loss", "mae", "mse")
"""What the names of quantities end with that are better when smaller."""


class EarlyStopping:
    """Ends a run when `monitor` has not become better for `patience` epochs.

    Parameters
    ----------
    monitor : str
        A column of the history. ``validation_loss`` wants held-out samples.
    patience : int >= 1
        Epochs without anything better, until the run ends.
    min_delta : float >= 0
        By how much it must be better to count.
    mode : "auto", "min" or "max"
        Whether smaller is better, or larger; "auto" knows by the name of a loss or of a metric of bpcore,
        and asks where it is one of your own.
    restore_best : bool
        Whether the run ends with the parameters of the best epoch, and with their average where one is made,
        also where it was not ended early; if not, with those of its last.

    Attributes
    ----------
    best : float
        The best value so far; NaN before the first.
    best_epoch : int
        Its epoch, from 1; 0 before the first.
    stopped : int
        The epoch after which the run was ended; 0 where it was not.

    Raises
    ------
    OptionError
        An option is out of range, or, after the first epoch, there is no such column, or none whose name
        says which way is better.
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        *,
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = True,
    ) -> None:
        if type(patience) is not int or patience < 1:
            raise OptionError("patience", patience, "a whole number of epochs, 1 or more")
        if not is_finite(min_delta) or min_delta < 0:
            raise OptionError("min_delta", min_delta, "a finite number, 0 or more")
        choose("mode", mode, MODES)
        self.monitor, self.patience, self.min_delta = monitor, patience, float(min_delta)
        self.known = mode != "auto" or monitor.endswith(RISING + FALLING)
        self.larger = mode == "max" or (mode == "auto" and monitor.endswith(RISING))
        self.restore_best = restore_best
        self.started(0)

    @property
    def options(self) -> dict[str, Static]:
        """What it was told: with other words it is another one."""
        names = ("monitor", "patience", "min_delta", "larger", "restore_best")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self.options.items() if name != "larger")
        return f"EarlyStopping({told}, mode={'max' if self.larger else 'min'!r})"

    def started(self, epochs: int) -> None:
        """Begin anew."""
        self.best, self.best_epoch, self.stopped = math.nan, 0, 0
        self._best: Ending | None = None

    def epoch_done(self, epoch: Epoch) -> bool:
        """Return whether the run is to end."""
        if self.monitor.startswith("validation_") and "validation_loss" not in epoch.row:
            wanted = f"one of {', '.join(epoch.row)}"
            raise OptionError("monitor", self.monitor, wanted, "Give fit(validation=).")
        value = epoch.row[choose("monitor", self.monitor, epoch.row)]
        if not self.known:
            wanted = f'"min" or "max" for {self.monitor!r}, whose name does not say which way is better'
            raise OptionError("mode of EarlyStopping", "auto", wanted)
        if self._better(value):
            self.best, self.best_epoch = value, epoch.number
            if self.restore_best:
                self._best = Ending(*map(copied, (epoch.params, epoch.layers, epoch.averaged)))
        if epoch.number - self.best_epoch < self.patience:
            return False
        self.stopped = epoch.number
        if not self.best_epoch:
            told = f"{self.monitor} was not a number in any of {epoch.number} epochs: there is no best one."
            warnings.warn(f"the run was ended: {told}", UserWarning, stacklevel=2)
        return True

    def _better(self, value: float) -> bool:
        if math.isnan(value):
            return False
        gain = value - self.best if self.larger else self.best - value
        return math.isnan(self.best) or gain > self.min_delta

    def ended(self) -> Ending | None:
        """Return the best epoch's parameters, where they are to be restored."""
        return self._best

    def kept(self) -> Static:
        """Return the best so far."""
        its = None if self._best is None else tuple(self._best)
        return {"best": self.best, "best_epoch": self.best_epoch, "stopped": self.stopped, "ending": its}

    def resumed(self, kept: Static) -> bool:
        """Go on from the best so far; return whether the run was ended already."""
        self.best, self.best_epoch, self.stopped = kept["best"], kept["best_epoch"], kept["stopped"]
        self._best = None if kept["ending"] is None else Ending(*kept["ending"])
        return bool(self.stopped)
