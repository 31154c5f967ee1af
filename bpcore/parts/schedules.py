"""Schedules: the learning rate as a function of how many steps were made.

A schedule is given in place of a rate, ``bp.Adam(bp.Cosine(1e-3, steps=1000))``, and computed inside the
step: its number is an array like the others, and no other rate is another compilation.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Namespace
from bpcore.words.ranges import check_number, check_whole

__all__ = [
    "Constant",
    "Cosine",
    "Exponential",
    "OneCycle",
    "Schedule",
    "StepDecay",
    "Warmup",
    "check_rates",
]


class Schedule(ABC):
    """A pure function of the count of steps."""

    def __call__(self, count: Array, /) -> Array:
        """Return the rate of the step before which `count` steps were made.

        Parameters
        ----------
        count : array, real floating, of any shape
        """
        return self.at(array_namespace(count), count)

    @abstractmethod
    def at(self, xp: Namespace, count: Array) -> Array:
        """Return the rate at `count`, in functions of `xp`."""

    @property
    @abstractmethod
    def highest(self) -> float:
        """The highest rate that it goes through."""


def check_rates(schedule: object, **rates: object) -> None:
    """Want rates of a schedule that are finite numbers, 0 or more."""
    for name, rate in rates.items():
        option = f"{name} of {type(schedule).__name__}"
        check_number(option, rate, "a number, 0 or more", lambda rate: 0 <= rate < math.inf)


def _check_factor(schedule: object, factor: object) -> None:
    option = f"factor of {type(schedule).__name__}"
    check_number(option, factor, "a number above 0, at most 1", lambda factor: 0 < factor <= 1)


def _cosine(xp: Namespace, start: float, end: float, share: Array) -> Array:
    """Return the half wave from `start` to `end`, at a share from 0 to 1 of the way."""
    wave = xp.add(xp.cos(xp.multiply(share, math.pi)), 1.0)
    return xp.add(xp.multiply(wave, (start - end) / 2), end)


@dataclass(frozen=True)
class Constant(Schedule):
    """One rate."""

    rate: float

    def __post_init__(self) -> None:
        check_rates(self, rate=self.rate)

    def at(self, xp: Namespace, count: Array) -> Array:
        """Return the rate."""
        return xp.full_like(count, float(self.rate))

    @property
    def highest(self) -> float:
        """The rate."""
        return float(self.rate)


@dataclass(frozen=True)
class Warmup(Schedule):
    """A straight rise to the first rate of what follows, which then begins.

    Parameters
    ----------
    then : float or Schedule
        What follows.
    steps : int >= 1
        How many it takes.
    start : float from 0 to 1
        The share of the rate to start from.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> rate = bp.Warmup(bp.Cosine(0.1, steps=100), steps=10)
    >>> [round(float(rate(np.asarray(count))), 6) for count in (0.0, 5.0, 10.0, 60.0, 110.0)]
    [0.0, 0.05, 0.1, 0.05, 0.0]
    """

    then: float | Schedule
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.then, Schedule):
            object.__setattr__(self, "then", Constant(self.then))
        check_whole("steps of Warmup", self.steps, 1)
        check_number("start of Warmup", self.start, "a number from 0 to 1", lambda start: 0 <= start <= 1)

    def at(self, xp: Namespace, count: Array) -> Array:
        """Return the share of the first rate that is reached, or the rate of what follows."""
        then = self._then
        left = xp.maximum(xp.subtract(1.0, xp.divide(count, float(self.steps))), 0.0)
        return xp.multiply(
            then.at(xp, xp.maximum(xp.subtract(count, float(self.steps)), 0.0)),
            xp.subtract(1.0, xp.multiply(left, 1.0 - self.start)),
        )

    @property
    def _then(self) -> Schedule:
        return self.then if isinstance(self.then, Schedule) else Constant(self.then)

    @property
    def highest(self) -> float:
        """The highest of what follows."""
        return self._then.highest


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a wave of the cosine, from `rate` to `end` in `steps` steps; `end` from then on.

    References
    ----------
    I. Loshchilov, F. Hutter (2017), "SGDR: stochastic gradient descent with warm restarts".
    """

    rate: float
    steps: int
    end: float = 0.0

    def __post_init__(self) -> None:
        check_rates(self, rate=self.rate, end=self.end)
        check_whole("steps of Cosine", self.steps, 1)

    def at(self, xp: Namespace, count: Array) -> Array:
        """Return the wave."""
        return _cosine(xp, self.rate, self.end, xp.minimum(xp.divide(count, float(self.steps)), 1.0))

    @property
    def highest(self) -> float:
        """Where it starts, or ends."""
        return float(max(self.rate, self.end))


@dataclass(frozen=True)
class StepDecay(Schedule):
    """``rate factor**floor(count / every)``: a rate that falls at once, every so many steps."""

    rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        check_rates(self, rate=self.rate)
        check_whole("every of StepDecay", self.every, 1)
        _check_factor(self, self.factor)

    def at(self, xp: Namespace, count: Array) -> Array:
        """Return the rate, after the falls that there were."""
        falls = xp.floor(xp.divide(count, float(self.every)))
        return xp.multiply(xp.exp(xp.multiply(falls, math.log(self.factor))), float(self.rate))

    @property
    def highest(self) -> float:
        """Where it starts."""
        return float(self.rate)


@dataclass(frozen=True)
class Exponential(Schedule):
    """``rate factor**(count / every)``: a rate that falls evenly."""

    rate: float
    factor: float
    every: int = 1

    def __post_init__(self) -> None:
        check_rates(self, rate=self.rate)
        check_whole("every of Exponential", self.every, 1)
        _check_factor(self, self.factor)

    def at(self, xp: Namespace, count: Array) -> Array:
        """Return the rate, so far down."""
        return xp.multiply(xp.exp(xp.multiply(count, math.log(self.factor) / self.every)), float(self.rate))

    @property
    def highest(self) -> float:
        """Where it starts."""
        return float(self.rate)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to `rate` by a half wave of the cosine, and down to next to nothing by another.

    Parameters
    ----------
    rate : float
        The highest, reached after the share `warm` of the steps.
    steps : int
        Of the whole cycle; it stays at its end from then on.
    warm : float between 0 and 1
    start, end : float
        Where it starts, as a share of `rate`; and ends, as a share of the start.

    References
    ----------
    L. N. Smith, N. Topin (2018), "Super-convergence: very fast training of neural networks using large
    learning rates"; in PyTorch's form.
    """

    rate: float
    steps: int
    warm: float = 0.3
    start: float = 1 / 25
    end: float = 1e-4

    def __post_init__(self) -> None:
        check_rates(self, rate=self.rate, start=self.start, end=self.end)
        check_whole("steps of OneCycle", self.steps, 2)
        check_number("warm of OneCycle", self.warm, "a number between 0 and 1", lambda warm: 0 < warm < 1)
        if self.warm * self.steps <= 1:
            raise OptionError("warm of OneCycle", self.warm, f"more than one of its {self.steps} steps")

    def at(self, xp: Namespace, count: Array) -> Array:
        """Return the wave up or the wave down."""
        first, top, last = self.rate * self.start, self.warm * self.steps - 1, self.steps - 1
        up = xp.clip(xp.divide(count, top), 0.0, 1.0)
        down = xp.clip(xp.divide(xp.subtract(count, top), last - top), 0.0, 1.0)
        return xp.where(
            xp.less_equal(count, top),
            _cosine(xp, first, self.rate, up),
            _cosine(xp, self.rate, first * self.end, down),
        )

    @property
    def highest(self) -> float:
        """The rate."""
        return float(self.rate * max(1.0, self.start, self.start * self.end))
