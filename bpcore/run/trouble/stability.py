"""Stability: where a loss curve that should fall rises.

On a quadratic, descent with a rate below 2 / sharpness never raises the loss. The loss of a network is near
one for small steps only; when its sharpness grows past that bound the loss may burst, and come back, because
the burst carries the parameters to where the curve is flatter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Spike", "rising", "spikes"]

LEAST = 0.05
"""How much of itself a loss must rise by, from where it began to its peak, before it is called a spike."""


@dataclass(frozen=True, kw_only=True)
class Spike:
    """A rise of the loss that came back, or had begun to when the curve ended.

    Attributes
    ----------
    start, peak, end : int
        Epochs, counted from 1: the first that is above the one before it; the highest; the first that is
        back where the rise began, or the last of the curve where that is not reached.
    before, height : float
        The losses of the epoch before `start`, and of `peak`; a loss that is not a number is infinitely high.
    back : bool
        Whether it fell to where it began; False where the curve ended before.
    """

    start: int
    peak: int
    end: int
    before: float
    height: float
    back: bool = True


def spikes(losses: Sequence[float], /, *, least: float = LEAST) -> tuple[Spike, ...]:
    """Return the spikes of a loss curve, in order.

    Parameters
    ----------
    losses : sequence of float
        One for each epoch.
    least : float >= 0
        The smallest rise that counts, as a share of the loss before it: rounding, and the noise of small
        batches, stay below it.

    Returns
    -------
    tuple of Spike
        A rise within another is part of it. A rise that has not come back by half of its height when the
        curve ends is no spike: that run diverges, or has only begun to.

    Examples
    --------
    >>> from bpcore.run.trouble.stability import spikes
    >>> spikes([1.0, 0.5, 0.6, 2.0, 0.8, 0.4, 0.3])
    (Spike(start=3, peak=4, end=6, before=0.5, height=2.0, back=True),)
    """
    found, i = [], 1
    while i < len(losses):
        if not _above(losses[i], losses[i - 1]):
            i += 1
            continue
        end = next((j for j in range(i, len(losses)) if losses[j] <= losses[i - 1]), len(losses) - 1)
        spike = _spike(losses, i, end)
        if spike.height - spike.before >= least * abs(spike.before) and _came_back(losses[end], spike):
            found.append(spike)
        i = end + 1
    return tuple(found)


def rising(losses: Sequence[float], /) -> int:
    """Return the number of epochs whose loss is above the one before it.

    A loss that is infinite or not a number counts as above a finite one.
    """
    return sum(_above(later, earlier) for earlier, later in pairwise(losses))


def _above(later: float, earlier: float) -> bool:
    return later > earlier or (math.isnan(later) and math.isfinite(earlier))


def _spike(losses: Sequence[float], start: int, end: int) -> Spike:
    """Return the rise that begins at index `start` and is over at index `end`."""
    peak = max(range(start, end + 1), key=lambda i: math.inf if math.isnan(losses[i]) else losses[i])
    height = math.inf if math.isnan(losses[peak]) else losses[peak]
    before = losses[start - 1]
    back = losses[end] <= before
    return Spike(start=start + 1, peak=peak + 1, end=end + 1, before=before, height=height, back=back)


def _came_back(last: float, spike: Spike) -> bool:
    return last <= (spike.before + spike.height) / 2 if math.isfinite(spike.height) else last <= spike.before
