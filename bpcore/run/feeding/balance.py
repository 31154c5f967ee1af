"""Class-balanced batches: every class is seen equally often, in every batch, however rare it is."""

from __future__ import annotations

import math

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.registry import backend_of
from bpcore.machine.step import Batch
from bpcore.parts.keys import fold_in, permutation
from bpcore.run.feeding.batches import Order
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Array

__all__ = ["Balanced", "balanced_order"]


class Balanced:
    """The order of an epoch in which the classes take turns.

    An epoch has as many samples as without it. The samples of a rare class come several times, each equally
    often but for one; of a common class not all come, others in the next epoch.

    Parameters
    ----------
    y : array (samples,) of labels, or (samples, 1) of 0 and 1; or (samples, classes), of
        which each row is a 1 among zeros

    Raises
    ------
    OptionError
        The targets are no classes.
    DataError
        There is one class only.
    """

    def __init__(self, y: Array) -> None:
        places: dict[float, list[int]] = {}
        for i, number in enumerate(_classes(y)):
            places.setdefault(number, []).append(i)
        if len(places) == 1:
            raise DataError("balanced: all samples are of one class.")
        backend, device, whole = backend_of(y), y.device, array_namespace(y).int32
        self.members = [backend.asarray(places[name], dtype=whole, device=device) for name in sorted(places)]

    def order(self, key: Array, epoch: int, samples: int) -> Array:
        """Return the order of an epoch: an array (samples,) of positions.

        Parameters
        ----------
        key : key, where `y` is
        epoch : int
        samples : int
        """
        xp = array_namespace(key)
        its_key = fold_in(key, epoch)
        rows = -(-samples // len(self.members))
        columns = [self._turns(fold_in(its_key, i), i, rows) for i in range(len(self.members))]
        turns = xp.take(xp.stack(columns, axis=1), permutation(its_key, len(columns)), axis=1)
        return xp.reshape(turns, (-1,))[:samples]

    def _turns(self, key: Array, number: int, rows: int) -> Array:
        """Return `rows` samples of a class: all of them in random order, and again until there are enough."""
        xp = array_namespace(key)
        members = self.members[number]
        count = members.shape[0]
        rounds = [permutation(fold_in(key, i), count) for i in range(-(-rows // count))]
        return xp.take(members, xp.concat(rounds)[:rows], axis=0)


def _classes(y: Array) -> list[float]:
    """Return the class of each sample."""
    rows: list[float] = backend_of(y).to_host(y).tolist()
    if y.ndim == 2:  # noqa: PLR2004
        rows = [row[0] if y.shape[1] == 1 else _only(row) for row in backend_of(y).to_host(y).tolist()]
    if y.ndim > 2 or any(not math.isfinite(number) or number != int(number) for number in rows):  # noqa: PLR2004
        raise OptionError("balanced", True, "False where the targets are no classes, one a sample")
    return rows


def _only(row: list[float]) -> float:
    """Return where the single 1 of a row stands; NaN where it is not a single 1 among zeros."""
    return row.index(1) if row.count(0) == len(row) - 1 and 1 in row else math.nan


def balanced_order(data: Batch, size: int | None) -> Order:
    """Return the order of epochs in which the classes of the data's targets take turns.

    Raises
    ------
    OptionError
        All samples are in one batch, where an order changes nothing.
    """
    if size is None or size >= data[0].shape[0]:
        raise OptionError("balanced", True, "False without smaller batches", "Give batch_size=.")
    return Balanced(data[1]).order
