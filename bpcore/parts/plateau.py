"""A learning rate that follows the history: it falls when a number stops getting better."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from bpcore.parts.schedules import check_rates
from bpcore.words.errors import choose
from bpcore.words.ranges import check_number, check_whole

__all__ = ["Fall", "ReduceOnPlateau"]


class Fall(NamedTuple):
    """How things stand with a rate that falls: the rate, the best number, bad epochs, epochs that rest."""

    rate: float
    best: float
    bad: int
    rest: int


@dataclass(frozen=True)
class ReduceOnPlateau:
    """A rate that falls when a number of the history stops getting better: a function of the history.

    `bpcore.fit` puts it into the step's state after each epoch.

    Parameters
    ----------
    rate : float >= 0
        To start from.
    factor : float from 0 to 1
        What it is multiplied by.
    patience : int >= 0
        How many epochs in a row may be no better, before it falls.
    threshold : float >= 0
        By what share of itself the best number must be bettered.
    cooldown : int >= 0
        How many epochs after a fall are not counted.
    least : float >= 0
        The rate never falls below.
    monitor : str or None
        The number's name in the history; None is ``validation_loss`` where there is one, else ``loss``.
    mode : "min" or "max"
        Whether less is better, as of a loss, or more, as of an accuracy.
    """

    rate: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    least: float = 0.0
    monitor: str | None = None
    mode: str = "min"

    def __post_init__(self) -> None:
        check_rates(self, rate=self.rate, threshold=self.threshold, least=self.least)
        most = float(self.rate)
        check_number("least of ReduceOnPlateau", self.least, f"at most its rate, {most:g}", most.__ge__)
        option, wanted = "factor of ReduceOnPlateau", "a number between 0 and 1"
        check_number(option, self.factor, wanted, lambda share: 0 < share < 1)
        check_whole("patience of ReduceOnPlateau", self.patience, 0)
        check_whole("cooldown of ReduceOnPlateau", self.cooldown, 0)
        choose("mode of ReduceOnPlateau", self.mode, ("min", "max"))

    @property
    def highest(self) -> float:
        """Where it starts."""
        return float(self.rate)

    def after(self, values: Sequence[float], /) -> float:
        """Return the rate after epochs with these numbers, the first epoch's first."""
        return reduce(self.onward, values, self.begin()).rate

    def begin(self) -> Fall:
        """Return how things stand before the first epoch."""
        return Fall(float(self.rate), math.inf, 0, 0)

    def onward(self, fall: Fall, value: float, /) -> Fall:
        """Return how things stand after one epoch more, with this number."""
        rate, best, bad, rest = fall
        value = value if self.mode == "min" else -value
        better = value < best - self.threshold * abs(best) if math.isfinite(best) else value < best
        best, bad = (value, 0) if better else (best, bad + 1)
        if rest:
            rest, bad = rest - 1, 0
        if bad > self.patience:
            rate, bad, rest = max(rate * self.factor, self.least), 0, self.cooldown
        return Fall(rate, best, bad, rest)
