"""Diagnosis: why a loss rose, in numbers: the curvature where it rose, beside what the rate allows.

Along a direction of curvature c, a step of descent at rate r takes the distance d from the bottom to
(1 - r c) d: with c above 2 / r each step lands farther away on the other side, and the loss rises.

References
----------
J. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar (2021), "Gradient Descent on Neural Networks Typically
Occurs at the Edge of Stability", arXiv:2103.00065; for the momenta there, B. T. Polyak (1964).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bpcore.machine.step import Batch
from bpcore.parts.optimizers import SGD, Momentum, Nesterov, Optimizer
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.parts.schedules import Schedule
from bpcore.run.result import Run
from bpcore.run.trouble.repetition import Repetition, first_difference
from bpcore.run.trouble.sharpness import sharpness
from bpcore.run.trouble.stability import Spike, rising, spikes
from bpcore.words.errors import Diverged, GradientError

__all__ = ["Diagnosis", "Moment", "Trial", "diagnosed", "limit"]

ROOM = 0.75
"""The advised rate, as a share of the largest that the curvature allows: it grows while a network learns."""

PATIENCE = 60.0
"""Seconds that may be spent on repeating a run up to a spike, and as many on trying lower rates."""

TRIALS = 5
"""How many are tried: each half the one before it, until no spike is left."""

_LIMITS: Mapping[type, Callable[[float, float], float]] = MappingProxyType(
    {
        SGD: lambda rate, memory: 2 / rate,
        Momentum: lambda rate, memory: 2 * (1 + memory) / rate,
        Nesterov: lambda rate, memory: 2 * (1 + memory) / ((1 + 2 * memory) * rate),
    }
)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The largest curvature at one moment of a run.

    Attributes
    ----------
    epoch : int
        The epoch that saw these parameters, from 1; one more than the epochs for those at the end.
    loss : float
        That it saw; NaN at the end.
    sharpness : float
        The largest eigenvalue of the loss's Hessian there.
    """

    epoch: int
    loss: float
    sharpness: float


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The same training with a lower rate.

    Attributes
    ----------
    rate : float
    spikes, rising : int
        How many spikes there were, and epochs worse than the one before.
    loss : float
        In the last epoch.
    """

    rate: float
    spikes: int
    rising: int
    loss: float


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What a loss curve shows, and what was measured about it.

    Attributes
    ----------
    epochs, rising : int
        How many there were, and how many were worse than the one before.
    spikes : tuple of Spike
    worst : Spike or None
        The highest of them.
    lowest_accuracy : float
        During the worst; NaN where there is none.
    optimizer : str
        Its name, or nothing where it is not known.
    rate : float
        NaN where it is not known.
    full_batch : bool or None
        Whether each step saw all samples; None where that is not known.
    limit : float
        The largest curvature at which descent is stable, 2 / rate for plain descent; NaN where none is known.
    before, back, end : Moment or None
        Just before the worst spike, when it was over, and at the run's end; None where it was not measured,
        and where it was not over.
    last : float
        The loss of the last epoch; NaN without one.
    held : tuple of float
        The held-out loss of each epoch; empty where nothing was held out.
    carries : bool
        Whether layers carry something beside their parameters, and may act otherwise while they are trained.
    too_long : bool
        Whether repeating the run was left out because it would take too long.
    differs : int or None
        The first epoch whose loss came out otherwise when the training was repeated.
    advised : float
        A lower rate: one that the curvature before the spike allows, or that was tried and had no spike; NaN
        without one.
    trials : tuple of Trial
        What came of lower rates.
    """

    epochs: int
    rising: int
    spikes: tuple[Spike, ...]
    worst: Spike | None
    last: float = math.nan
    held: tuple[float, ...] = ()
    carries: bool = False
    lowest_accuracy: float = math.nan
    optimizer: str = ""
    rate: float = math.nan
    full_batch: bool | None = None
    limit: float = math.nan
    before: Moment | None = None
    back: Moment | None = None
    end: Moment | None = None
    too_long: bool = False
    differs: int | None = None
    advised: float = math.nan
    trials: tuple[Trial, ...] = ()


def limit(optimizer: Optimizer) -> float:
    """Return the largest curvature at which full-batch steps of an optimizer are stable; NaN if unknown."""
    formula = _LIMITS.get(type(optimizer))
    if formula is None or isinstance(optimizer.rate, Schedule | ReduceOnPlateau) or not optimizer.rate:
        return math.nan
    return formula(float(optimizer.rate), float(getattr(optimizer, "momentum", 0.0)))


def diagnosed(run: Run, data: Batch | None = None, /, *, repetition: Repetition | None = None) -> Diagnosis:
    """Return what a run's loss curve shows, with the curvature measured where that is possible.

    Parameters
    ----------
    run : Run
    data : pair (x, y) or None
        The samples that it was trained on; without them nothing is measured.
    repetition : Repetition or None
        What is needed to train again; without it nothing is measured but the end.
    """
    losses = run.history.get("loss", [])
    found = spikes(losses)
    worst = max(found, key=lambda spike: spike.height, default=None)
    seen = Diagnosis(
        epochs=len(losses),
        rising=rising(losses),
        spikes=found,
        worst=worst,
        last=losses[-1] if losses else math.nan,
        held=tuple(run.history.get("validation_loss", ())),
    )
    if worst is not None and "accuracy" in run.history:
        seen = replace(seen, lowest_accuracy=min(run.history["accuracy"][worst.start - 1 : worst.end]))
    if data is not None:
        end = _measured(run, data, len(losses) + 1)
        seen = replace(seen, end=end)
    if repetition is None:
        return seen
    optimizer = repetition.optimizer
    seen = replace(
        seen,
        optimizer=type(optimizer).__name__,
        rate=optimizer.highest_rate,
        full_batch=repetition.full_batch,
        carries=run.state is not None,
        limit=limit(optimizer) if repetition.full_batch and run.state is None else math.nan,
    )
    if worst is None or math.isnan(seen.limit):
        return seen
    return _traced(seen, run, worst, repetition)


def _traced(seen: Diagnosis, run: Run, worst: Spike, repetition: Repetition) -> Diagnosis:
    """Return the diagnosis with what is measured around a spike, by training again up to it."""
    if run.seconds * worst.end / seen.epochs > PATIENCE:
        return replace(seen, too_long=True)
    before, differs = _moment(run, repetition, worst.start - 1)
    if before is None:
        return replace(seen, differs=differs)
    seen = replace(seen, before=before, back=_moment(run, repetition, worst.end)[0] if worst.back else None)
    if not before.sharpness > seen.limit:
        return seen
    first = _few_digits(ROOM * seen.rate * seen.limit / before.sharpness)
    trials = _tried(run, repetition, first)
    return replace(seen, advised=trials[-1].rate if trials else first, trials=trials)


def _moment(run: Run, repetition: Repetition, epoch: int) -> tuple[Moment | None, int | None]:
    """Return the curvature at the parameters that an epoch saw; or the epoch where repeating goes astray."""
    try:
        params, losses = repetition.seen_in(epoch)
    except Diverged as error:
        return None, error.epoch
    differs = first_difference(losses, run.history["loss"])
    if differs is not None:
        return None, differs
    return _measured(replace(run, params=params), repetition.data, epoch), None


def _measured(run: Run, data: Batch, epoch: int) -> Moment | None:
    """Return the curvature at a run's parameters; None where the network has no second derivative."""
    losses = run.history.get("loss", [])
    try:
        x, y = run.placed(data)
        found = sharpness(run.net, run.params, x, y, run.loss, state=run.state)
    except GradientError:
        return None
    return Moment(epoch=epoch, loss=losses[epoch - 1] if epoch <= len(losses) else math.nan, sharpness=found)


def _tried(run: Run, repetition: Repetition, rate: float) -> tuple[Trial, ...]:
    """Train again with lower and lower rates, until one has no spike or it has taken too long."""
    trials: list[Trial] = []
    for _ in range(TRIALS):
        if run.seconds * (len(trials) + 1) > PATIENCE:
            break
        try:
            again = repetition.run(
                len(run.history["loss"]), optimizer=replace(repetition.optimizer, rate=rate)
            )
            losses = again.history["loss"]
        except Diverged:
            losses = [math.nan]
        left = len(spikes(losses))
        trials.append(Trial(rate=rate, spikes=left, rising=rising(losses), loss=losses[-1]))
        if not left and math.isfinite(losses[-1]):
            break
        rate = _few_digits(rate / 2)
    return tuple(trials)


def _few_digits(rate: float) -> float:
    """Return a rate rounded down to two digits, which is what people type."""
    unit = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return float(f"{math.floor(rate / unit) * unit:.2g}")
