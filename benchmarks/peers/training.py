"""What a contender is: a function from a workload and its data to a training that can be advanced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.peers.workloads import Data, Weights, Workload

__all__ = ["Prepare", "Training", "cycled"]


class Training(NamedTuple):
    """A network in training.

    Attributes
    ----------
    advance : function of a number of steps
        Takes them, waits until they are done, and returns the loss of the last, before its update.
    weights : function
        Returns the weights and biases so far, as NumPy's arrays; or None where nothing is learnt.
    least : int
        How many steps one call takes: `advance` goes on by whole calls.
    told : function or None
        Returns what else is to be known of how it trains.
    """

    advance: Callable[[int], float]
    weights: Callable[[], Weights] | None
    least: int = 1
    told: Callable[[], dict[str, Any]] | None = None


Prepare = Callable[[Workload, Data], Training]


def cycled(step: Callable[[Any, Any], Any], xs: Sequence[Any], ys: Sequence[Any]) -> Callable[[int], float]:
    """Return `advance` for a step that keeps its own parameters: the batches one after the other, forever."""
    batches = list(zip(xs, ys, strict=True))
    count = len(batches)
    position = 0

    def advance(steps: int) -> float:
        nonlocal position
        loss: Any = float("nan")
        first = position
        for number in range(first, first + steps):
            x, y = batches[number % count]
            loss = step(x, y)
        position = (first + steps) % count
        return float(loss)

    return advance
