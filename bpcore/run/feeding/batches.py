"""Batches: which samples a step sees. The order comes from the key, so it is the same on every backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.step import Batch
from bpcore.parts.keys import fold_in, permutation
from bpcore.words.errors import DataError
from bpcore.words.protocols import Array

__all__ = ["Order", "batches", "in_order", "order_of", "select", "split_off", "split_order"]

Order = Callable[[Array, int, int], Array]
"""Of a key, an epoch and how many samples there are: the positions of those that an epoch sees, in order."""


def select(data: Batch, indices: Array) -> Batch:
    """Return the samples at `indices`."""
    xp = array_namespace(data[0])
    return tuple([xp.take(part, indices, axis=0) for part in data])


def order_of(key: Array, epoch: int, samples: int) -> Array:
    """Return the order in which an epoch sees the samples; each epoch has its own."""
    return permutation(fold_in(key, epoch), samples)


def batches(
    data: Batch, size: int | None, key: Array, epoch: int, order: Order = order_of
) -> Iterator[Batch]:
    """Yield all samples once, in the epoch's order; the last batch may be smaller.

    Parameters
    ----------
    data : tuple of arrays (samples, ...)
    size : int or None
        Samples a batch; None gives the data as they are, in one batch, in their own order.
    key : array (2,), int32
    epoch : int >= 0
        Each epoch has an order of its own.
    order : function
    """
    samples = data[0].shape[0]
    if size is None or size >= samples:
        yield data
        return
    yield from in_order(data, size, order(key, epoch, samples))


def in_order(data: Batch, size: int, order: Array, start: int = 0) -> Iterator[Batch]:
    """Yield batches in an order that is known, without the samples that were seen already.

    Parameters
    ----------
    data : tuple of arrays (samples, ...)
    size : int
    order : array (samples,), whole numbers
    start : int >= 0
        How many samples, of the first batches, were seen.
    """
    samples = data[0].shape[0]
    for first in range(start, samples, size):
        yield select(data, order[first : min(first + size, samples)])


def split_off(data: Batch, share: float, key: Array) -> tuple[Batch, Batch]:
    """Return the data in two random parts, the second with `share` of the samples, rounded.

    Each part has at least one sample.
    """
    kept, held = split_order(data[0].shape[0], share, key)
    return select(data, kept), select(data, held)


def split_order(samples: int, share: float, key: Array) -> tuple[Array, Array]:
    """Return the positions of both parts of so many samples, as `split_off` parts them."""
    if samples < 2:  # noqa: PLR2004
        raise DataError("one sample cannot be split: give validation=(x, y), or none.")
    held = min(max(1, round(share * samples)), samples - 1)
    order = permutation(key, samples)
    return order[held:samples], order[:held]
