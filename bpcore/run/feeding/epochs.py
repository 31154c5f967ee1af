"""Epochs: every step of one, in as few calls as the backend allows.

A backend that has a loop of its own is given many batches in one call. Then no Python runs between two
steps: for small networks that is the most of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.backend import Backend
from bpcore.machine.step import Batch
from bpcore.program.compiled import Compiled
from bpcore.run.feeding.batches import Order, batches, in_order, order_of, select
from bpcore.run.feeding.gathering import gathering
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves, tree_map

__all__ = ["Between", "Done", "Epochs"]

AT_ONCE = 64
"""Epochs of one step each that are made in one call: few enough for a bar to move and an interrupt to act."""

ROOM = 2**26
"""Bytes of batches that are laid out side by side for one call."""


class Done(NamedTuple):
    """What an epoch reported.

    Attributes
    ----------
    samples : list of int
        Of each step.
    reports : list of dict
        Arrays of shape (), or (steps,) for several of these steps, in order.
    """

    samples: list[int]
    reports: list[dict[str, Array]]


Between = Callable[[Done], None]


class Epochs:
    """The training of some parameters, epoch by epoch.

    Attributes
    ----------
    params, state : trees of arrays
        After the last epoch that was made. The next may overwrite their arrays.
    made : int
        How many epochs these have seen.
    between : function of Done, or None
        Called between two steps of an epoch, with what it has reported so far.
    most : int or None
        Of steps that are made in one call.
    """

    between: Between | None = None
    most: int | None = None

    def __init__(
        self,
        step: Callable[..., Tree],
        params: Tree,
        state: Tree,
        data: Batch,
        size: int | None,
        key: Array,
        backend: Backend,
        order: Order = order_of,
        numbers: Array | None = None,
    ) -> None:
        self.step, self.params, self.state = step, params, state
        self.data, self.size, self.key, self.order, self.numbers = data, size, key, order, numbers
        self.samples: int = data[0].shape[0]
        self.made = 0
        self.whole = size is None or size >= self.samples
        self.loop = step.scan if isinstance(step, Compiled) and backend.loop is not None else None
        self.gathering = None if self.whole else gathering(step, data, backend)
        self._there = data

    def many(
        self, epochs: int, *, one_by_one: bool, made: int = 0, part: Done | None = None
    ) -> Iterator[Done]:
        """Make the epochs after the first `made`; yield each one when it, and perhaps others, are done.

        With `one_by_one`, `params` are those of the epoch that was yielded last. `part` is what the first of
        them has reported already: it goes on after it.
        """
        while made < epochs:
            ahead = 0 if one_by_one or not self.whole or not made else min(self._room(AT_ONCE), epochs - made)
            if self.loop is not None and ahead == self._room(AT_ONCE) > 1:
                self.made = made = made + ahead
                yield from self._whole_epochs(self.loop, ahead)
            else:
                self.made = made = made + 1
                yield self._epoch(made, part or Done([], []))
                part = None

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, as often as they are asked for."""
        return batches(self.data, self.size, self.key, epoch, self.order)

    def sample(self, epoch: int, batch: int, row: int) -> int | None:
        """Return which sample is in a row of a batch, as they were given; batches are counted from 1."""
        if not self.whole and self.size is not None:
            row = int(self.order(self.key, epoch, self.samples)[(batch - 1) * self.size + row])
        return row if self.numbers is None else int(self.numbers[row])

    def _whole_epochs(self, loop: Callable[..., Tree], count: int) -> Iterator[Done]:
        xp = array_namespace(self.data[0])
        same = tuple(xp.broadcast_to(part, (count, *part.shape)) for part in self.data)
        self.params, self.state, reports = loop(self.params, self.state, same)
        for i in range(count):
            yield Done([self.samples], [tree_map(lambda values, i=i: values[i, ...], reports)])

    def _epoch(self, epoch: int, done: Done) -> Done:
        if self.whole or self.size is None:
            return self._steps([self.data], done)
        order, start = self.order(self.key, epoch, self.samples), sum(done.samples)
        if self.gathering is not None:
            return self._gathered(self.gathering, self.size, order, start, done)
        if self.loop is not None:
            count = min(self._room(self.samples // self.size), self.samples // self.size)
            count = min(count, self.most or count)
            while count > 1 and start + count * self.size <= self.samples:
                if done.samples and self.between is not None:
                    self.between(done)
                self._several(self.loop, count, self.size, order[start : start + count * self.size], done)
                start += count * self.size
        return self._steps(in_order(self.data, self.size, order, start), done)

    def _gathered(self, step: Compiled, size: int, order: Array, start: int, done: Done) -> Done:
        """Make the steps of an epoch with what takes its batches out of the data itself."""
        xp = array_namespace(order)
        while start < self.samples:
            if done.samples and self.between is not None:
                self.between(done)
            count = min((self.samples - start) // size, self.most or self.samples)
            rows = order[start : min(start + max(count, 1) * size, self.samples)]
            if count > 1:
                call, rows = step.scan, xp.reshape(rows, (count, size))
            else:
                call = step.__call__
            self.params, self.state, self._there, report = call(self.params, self.state, self._there, rows)
            done.samples.extend([size] * count or [self.samples - start])
            done.reports.append(report)
            start += max(count, 1) * size
        return done

    def _steps(self, batches: Iterable[Batch], done: Done) -> Done:
        """Make a step for each batch."""
        for batch in batches:
            if done.samples and self.between is not None:
                self.between(done)
            self.params, self.state, report = self.step(self.params, self.state, batch)
            done.samples.append(batch[0].shape[0])
            done.reports.append(report)
        return done

    def _several(self, loop: Callable[..., Tree], count: int, size: int, order: Array, done: Done) -> None:
        xp = array_namespace(self.data[0])
        chosen = select(self.data, order)
        stacked = tuple(xp.reshape(part, (count, size, *part.shape[1:])) for part in chosen)
        self.params, self.state, reports = loop(self.params, self.state, stacked)
        done.samples.extend([size] * count)
        done.reports.append(reports)

    def _room(self, count: int) -> int:
        """Return how many batches are laid out at once, of `count` that are wanted."""
        size = self.samples if self.size is None else min(self.size, self.samples)
        elements: int = sum(math.prod(part.shape[1:]) for part in leaves(self.data))
        room = ROOM // (8 * size * max(1, elements))
        return max(1, min(count, room))
