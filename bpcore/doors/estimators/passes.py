"""Passes over the data: many steps, and for few samples many epochs, in one call."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.sparse import ROOM, SparseRows
from bpcore.ground.registry import backend, backend_of
from bpcore.program.compiled import Compiled
from bpcore.words.protocols import Array, Namespace, Tree

__all__ = ["Mark", "Passes"]

Mark = tuple[Array, Any]
"""A place in the passes: the order of the last epoch, and the state of what draws the next ones."""

STEPS = 64
"""About how many steps are made in one call where an epoch has fewer."""


class Passes:
    """The epochs of one training.

    Every batch has `size` samples: the last of an epoch is filled up with samples of weight 0, so that one
    recorded step serves all.

    Parameters
    ----------
    step : function ``(params, state, (x, y, weights)) -> (params, state, value)``
    data : three arrays (samples, ...)
        Samples, targets and weights, on one device; samples may be `SparseRows`.
    size : int
        May be more than there are samples.
    random : RandomState or None
        Where the orders come from; None keeps the order of the data.
    """

    def __init__(self, step: Callable[..., Tree], data: Sequence[Array], size: int, random: Any) -> None:
        self.step, self.random, self.size = step, random, size
        self.samples: int = data[0].shape[0]
        self.steps = -(-self.samples // size)
        self.xp, self.host = space_of(data[1]).functions, backend("numpy").namespace
        lacking = self.steps * size - self.samples
        self.data = [_filled(self.xp, part, lacking) for part in data]
        self.order = self.host.arange(self.samples)
        self.rest = self.host.arange(self.samples, self.samples + lacking)
        row: int = sum(math.prod(part.shape[1:]) for part in data)
        self.at_once: int = max(1, min(ROOM // (8 * size * row), max(STEPS, self.steps)))

    @property
    def epochs_at_once(self) -> int:
        """How many epochs go into one call."""
        count: int = self.at_once // self.steps
        return max(1, count)

    def make(self, params: Tree, state: Tree, count: int) -> tuple[Tree, Tree, list[float]]:
        """Make `count` epochs; return the mean loss of each beside the rest."""
        found = []
        for batches in self._batches(count):
            params, state, values = _many(self.step, params, state, batches)
            found.append(values)
        values = found[0] if len(found) == 1 else self.xp.concat(found)
        return params, state, self._means(values, count)

    def mark(self) -> Mark:
        """Return the place that is reached."""
        return self.order, None if self.random is None else self.random.get_state()

    def again(self, mark: Mark, count: int) -> list[Iterator[tuple[tuple[Array, ...], Array]]]:
        """Return `count` epochs from a place on: their batches, each with the numbers of its samples."""
        here = self.mark()
        try:
            self._go_to(mark)
            orders = [self._orders(1) for _ in range(count)]
        finally:
            self._go_to(here)
        return [self._epoch(order if self.steps > 1 else None) for order in orders]

    def _go_to(self, mark: Mark) -> None:
        self.order = mark[0]
        if self.random is not None:
            self.random.set_state(mark[1])

    def _epoch(self, order: tuple[Array, Array] | None) -> Iterator[tuple[tuple[Array, ...], Array]]:
        """Yield the batches of an epoch; of a single one in the samples' own order."""
        if order is None:
            yield tuple(self._whole()), self.host.arange(self.size)
            return
        for start in range(0, self.steps * self.size, self.size):
            chosen = [part[start : start + self.size] for part in order]
            yield tuple(self._taken(*chosen)), chosen[0]

    def _means(self, values: Array, count: int) -> list[float]:
        """Return each epoch's mean over its samples. These numbers are all that is read from the device."""
        xp, last = self.xp, self.samples - (self.steps - 1) * self.size
        rows = xp.reshape(values, (count, self.steps))
        means = xp.sum(rows[:, :-1], axis=1) * (self.size / self.samples) + rows[:, -1] * (
            last / self.samples
        )
        return [float(means[epoch]) for epoch in range(count)]

    def _batches(self, count: int) -> Iterator[tuple[Array, ...]]:
        """Yield the batches of the epochs in pieces, each with all arrays stacked along a first axis."""
        xp = self.xp
        if self.steps == 1:
            yield tuple(xp.broadcast_to(part, (count, *part.shape)) for part in self._whole())
            return
        orders, here = self._orders(count)
        for start in range(0, count * self.steps, self.at_once):
            run = slice(start * self.size, min(start + self.at_once, count * self.steps) * self.size)
            parts = self._taken(orders[run], here[run])
            yield tuple(xp.reshape(part, (-1, self.size, *part.shape[1:])) for part in parts)

    def _whole(self) -> list[Array]:
        """Return the single batch of an epoch, in the samples' own order."""
        every = self.host.arange(self.size)
        return [part.take(every) if isinstance(part, SparseRows) else part for part in self.data]

    def _taken(self, order: Array, here: Array) -> list[Array]:
        """Return samples by their places: on the host, and where they are computed with."""
        return [
            part.take(order) if isinstance(part, SparseRows) else self.xp.take(part, here, axis=0)
            for part in self.data
        ]

    def _orders(self, count: int) -> tuple[Array, Array]:
        """Return the next epochs' orders, one after the other, each with what fills up its last batch.

        They are on the host, and once more where the data are.

        They are drawn as in scikit-learn's perceptrons, where each epoch shuffles what the last one left.
        """
        rows = []
        for _ in range(count):
            if self.random is not None:
                self.order = self.host.take(self.order, self.random.permutation(self.samples))
            rows += [self.order, self.rest]
        place, device, orders = backend_of(self.data[1]), self.data[1].device, self.host.concat(rows)
        return orders, place.asarray(orders, dtype=place.dtype("int32"), device=device)


def _filled(xp: Namespace, part: Any, lacking: int) -> Any:
    if not lacking:
        return part
    if isinstance(part, SparseRows):
        return replace(part, lacking=lacking)
    shape = (lacking, *part.shape[1:])
    return xp.concat([part, xp.zeros(shape, dtype=part.dtype, device=part.device)])


def _many(
    step: Callable[..., Tree], params: Tree, state: Tree, batches: tuple[Array, ...]
) -> tuple[Tree, Tree, Array]:
    """Make a step for each of the batches that are stacked."""
    if isinstance(step, Compiled):
        params, state, values = step.scan(params, state, batches)
        return params, state, values
    found = []
    for i in range(batches[0].shape[0]):
        params, state, value = step(params, state, tuple(part[i, ...] for part in batches))
        found.append(value)
    return params, state, space_of(*found).functions.stack(found)
