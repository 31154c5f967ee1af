"""A first pass over tables larger than memory: what their `Preparation` has to know, and no row of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bpcore.ground.registry import backend as find_backend
from bpcore.run.tables.columns import Table, listed
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.samples import FEW, feature_matrix
from bpcore.words.errors import DataError
from bpcore.words.protocols import Array

__all__ = ["Moments", "surveyed"]

MANY = 10_000
"""Different names that a target may have."""


@dataclass
class Moments:
    """Count, mean, sum of squares about the mean, and ends of each column; missing values left out.

    Pieces are joined by T. Chan, G. Golub and R. LeVeque's update (1979), exact but for rounding.
    """

    rows: int = 0
    count: Array = None
    mean: Array = None
    squares: Array = None
    low: Array = None
    high: Array = None

    def add(self, x: Array) -> None:
        """Take in rows (rows, columns); NaN is a missing value."""
        xp = find_backend("numpy").namespace
        there = xp.logical_not(xp.isnan(x))
        count = xp.sum(xp.astype(there, xp.float64), axis=0)
        some = xp.maximum(count, xp.ones_like(count))
        mean = xp.sum(xp.where(there, x, 0.0), axis=0) / some
        squares = xp.sum(xp.where(there, xp.square(x - mean), 0.0), axis=0)
        low = xp.min(xp.where(there, x, math.inf), axis=0)
        high = xp.max(xp.where(there, x, -math.inf), axis=0)
        if not self.rows:
            self.count, self.mean, self.squares, self.low, self.high = count, mean, squares, low, high
        else:
            total = xp.maximum(self.count + count, xp.ones_like(count))
            apart = mean - self.mean
            self.squares = self.squares + squares + xp.square(apart) * self.count * count / total
            self.mean = self.mean + apart * count / total
            self.count = self.count + count
            self.low, self.high = xp.minimum(self.low, low), xp.maximum(self.high, high)
        self.rows += x.shape[0]

    def filled_with_zero(self) -> None:
        """Count every missing value as 0."""
        xp = find_backend("numpy").namespace
        missing = self.rows - self.count
        self.squares = self.squares + xp.square(self.mean) * self.count * missing / self.rows
        self.mean = self.mean * self.count / self.rows
        self.low = xp.where(missing > 0, xp.minimum(self.low, xp.zeros_like(self.low)), self.low)
        self.high = xp.where(missing > 0, xp.maximum(self.high, xp.zeros_like(self.high)), self.high)
        self.count = self.count + missing

    def scaling(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return mean and population standard deviation, over all rows; 1 where a column is constant."""
        xp = find_backend("numpy").namespace
        constant = self.low == self.high
        mean = xp.where(constant, self.low, self.mean)
        spread = xp.where(constant, xp.zeros_like(mean), xp.sqrt(self.squares / self.rows))
        return tuple(mean.tolist()), tuple(xp.where(spread == 0, 1.0, spread).tolist())


@dataclass
class _Target:
    """What the column of the target holds."""

    words: Counter[str] = field(default_factory=Counter)
    cells: Counter[str] = field(default_factory=Counter)
    numeric: bool = True
    whole: bool = True
    moments: Moments = field(default_factory=Moments)

    def add(self, table: Table, name: str) -> None:
        column = table.column(name)
        self.numeric = self.numeric and column.numbers is not None
        if column.numbers is not None:
            self.moments.add(column.numbers[:, None])
            self.whole = self.whole and all(number.is_integer() for number in column.numbers.tolist())
        if len(self.words) <= MANY:
            self.words.update(column.words)
        if len(self.cells) <= MANY:
            self.cells.update(column.text)

    @property
    def names(self) -> Counter[str]:
        """How often each class is there: by its number, or as it stands in the cells if one holds text."""
        return self.words if self.numeric else self.cells


def surveyed(
    tables: Iterable[Table],
    *,
    target: str,
    features: Sequence[str],
    task: str | None,
    fill: str | None,
    do: str,
) -> tuple[Preparation, int]:
    """Return the preparation of the rows of all tables, and how many rows there are.

    Parameters
    ----------
    tables : iterable of Table
        Read once; rows with a missing target are gone already.
    target : str
    features : sequence of str
    task, fill : as for `samples_of`
    do : str
        What is said of a value that is missing.

    Raises
    ------
    DataError
        As from `samples_of`.
    """
    moments, goal, source = Moments(), _Target(), ""
    for table in tables:
        source = table.source
        moments.add(feature_matrix(table, features, filled=fill is not None, do=do))
        goal.add(table, target)
    if not moments.rows:
        raise DataError(f"{source or 'the table'}: every row has a missing value: fill with mean or zero.")
    kind, classes = _kind(source, target, goal, task)
    filled = _fills(source, features, moments, fill)
    mean, scale = moments.scaling()
    y_mean, y_scale = goal.moments.scaling() if kind == "regression" else ((), ())
    preparation = Preparation(
        features=tuple(features),
        mean=mean,
        scale=scale,
        fill=filled,
        task=kind,
        targets=(target,),
        classes=classes,
        target_mean=y_mean,
        target_scale=y_scale,
    )
    return preparation, moments.rows


def _fills(source: str, features: Sequence[str], moments: Moments, fill: str | None) -> tuple[float, ...]:
    if fill in (None, "drop"):
        return ()
    if fill == "zero":
        moments.filled_with_zero()
        return (0.0,) * len(features)
    for name, count in zip(features, moments.count.tolist(), strict=True):
        if not count:
            raise DataError(f'{source}: column "{name}" has no value: its mean cannot be filled in.')
    return tuple(moments.mean.tolist())


def _kind(source: str, target: str, goal: _Target, task: str | None) -> tuple[str, tuple[str, ...]]:
    words = goal.names
    if len(words) == 1:
        only = next(iter(words))[:40]
        raise DataError(f'{source}: the target "{target}" is {only} in every row: there is nothing to learn.')
    few = len(words) <= min(FEW, sum(words.values()) // 2)
    guessed = "classes" if not goal.numeric or (goal.whole and few) else "regression"
    if (task or guessed) == "regression":
        if not goal.numeric:
            raise DataError(f'{source}: the target "{target}" holds text, and a regression wants numbers.')
        return "regression", ()
    if len(words) > MANY:
        raise DataError(f'{source}: the target "{target}" has more than {MANY} classes.')
    classes = tuple(sorted(words, key=float if goal.numeric else None))
    if task == "binary" and len(classes) != 2:  # noqa: PLR2004
        raise DataError(
            f'{source}: the task binary wants two classes, the target "{target}" has {len(classes)}: '
            f"{listed(classes, 6)}. Choose the task multiclass or regression."
        )
    return task or ("binary" if len(classes) == 2 else "multiclass"), classes  # noqa: PLR2004
