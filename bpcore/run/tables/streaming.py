"""Tables larger than memory as streams of prepared samples: read twice, a piece at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.machine.step import Batch
from bpcore.parts.keys import fold_in
from bpcore.run.feeding.streams import ROWS, Stream, check_rows, mixed, without
from bpcore.run.tables.columns import Table, listed
from bpcore.run.tables.csv_pieces import csv_tables
from bpcore.run.tables.parquet_file import parquet_tables
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.samples import TASKS, feature_matrix
from bpcore.run.tables.survey import surveyed
from bpcore.words.errors import DataError, choose
from bpcore.words.protocols import Array, Static

__all__ = ["TableStream", "from_csv", "from_parquet"]

FILLS = ("drop", "mean", "zero")
"""What can be done about missing values; a median would want all values at once."""
FILL = 'Give it, or choose how missing values are filled: fill="mean", "zero" or "drop".'


class TableStream(Stream):
    """Rows of a file, prepared. See `from_csv`.

    Attributes
    ----------
    preparation : Preparation
        What was measured in a first pass, or given.
    samples : int or None
        Rows of an epoch; None where the preparation was given, and no row was counted.
    """

    def __init__(
        self,
        tables: Callable[[], Iterator[Table]],
        *,
        target: str | None,
        task: str | None,
        fill: str | None,
        shuffle: bool,
        rows: int,
        preparation: Preparation | None,
    ) -> None:
        if task is not None:
            choose("task", task, TASKS)
        if fill is not None:
            choose("fill", fill, FILLS)
        self.tables, self.fill, self.shuffle, self.rows = tables, fill, shuffle, rows
        first = next(tables())
        if len(first.columns) < 2:  # noqa: PLR2004
            raise DataError(f"{first.source}: one column only: it needs features and a target.")
        if preparation is not None:
            self.preparation, self.target = preparation, preparation.targets[0]
            return
        self.target = first.names[-1] if target is None else first.column(target).name
        features = tuple(name for name in first.names if name != self.target)
        self.preparation, self.samples = surveyed(
            self._kept(), target=self.target, features=features, task=task, fill=fill, do=FILL
        )

    def described(self) -> Static:
        """Return how it is read, and what was measured in it: of other data that is something else."""
        how = {"rows": self.rows, "shuffle": self.shuffle, "fill": self.fill, "samples": self.samples}
        return {**super().described(), **how, "preparation": self.preparation.to_dict()}

    def pieces(self, epoch: int, key: Array) -> Iterator[Batch]:
        """Yield the prepared samples of each table, in the file's order, each piece mixed."""
        return self.after(epoch, key, 0)

    def after(self, epoch: int, key: Array, samples: int) -> Iterator[Batch]:
        """Yield the same without the first samples; rows of which none is left are read, and not prepared."""
        its_key, left = fold_in(key, epoch), samples
        for number, table in enumerate(self._kept()):
            if left >= len(table.rows):
                left -= len(table.rows)
                continue
            piece = self._samples(table)
            piece = mixed(piece, fold_in(its_key, number)) if self.shuffle else piece
            yield tuple([part[left:, ...] for part in piece])
            left = 0
        yield from without((), epoch, left)

    def _samples(self, table: Table) -> Batch:
        preparation = self.preparation
        x = feature_matrix(table, preparation.features, filled=bool(preparation.fill), do=FILL)
        return preparation.inputs(x), preparation.goals(self._goals(table))

    def _goals(self, table: Table) -> Array:
        """Return the targets as numbers: labels, or a column."""
        host, column, classes = find_backend("numpy"), table.column(self.target), self.preparation.classes
        if self.preparation.task == "regression":
            if column.numbers is None:
                raise DataError(f'{table.source}: the target "{self.target}" holds text.')
            return column.numbers[:, None]
        number = {name: i for i, name in enumerate(classes)}
        words = column.names(classes)
        strange = next((i for i, word in enumerate(words) if word not in number), None)
        if strange is not None:
            at, known = table.at(strange, self.target), listed(classes, 6)
            raise DataError(f'{at}: found "{words[strange][:40]}", which is none of the classes {known}.')
        labels = [number[word] for word in words]
        if self.preparation.task == "multiclass":
            return host.asarray(labels, dtype=host.dtype("int64"))
        return host.asarray([[float(label)] for label in labels], dtype=host.dtype("float64"))

    def _kept(self) -> Iterator[Table]:
        """Yield the tables, without the rows that are dropped."""
        for table in self.tables():
            missing = table.column(self.target).missing
            if missing and self.fill != "drop":
                at = table.at(missing[0], self.target)
                do = "Targets are not filled: give it, or drop such rows."
                raise DataError(f"{at}: the target is missing. {do}")
            if self.fill != "drop":
                yield table
                continue
            out = {row for column in table.columns for row in column.missing}
            rows = [row for row in range(len(table.rows)) if row not in out]
            if rows:
                yield table.keep(rows) if out else table


def from_csv(
    path: str | os.PathLike[str],
    /,
    *,
    target: str | None = None,
    task: str | None = None,
    fill: str | None = None,
    header: bool | None = None,
    rows: int = ROWS,
    shuffle: bool = True,
    preparation: Preparation | None = None,
) -> TableStream:
    """Return the rows of a CSV file as a stream for `bpcore.fit`; the file may be larger than memory.

    It is read once to measure means, scales and classes, and once in each epoch.

    Parameters
    ----------
    path : path
    target : str or None
        The column to predict; None: the last one.
    task : "binary", "multiclass", "regression" or None
        None: seen from the target, as ``bpcore train`` sees it.
    fill : "mean", "zero", "drop" or None
        What to do about missing values; None: refuse them.
    header : bool or None
        Whether the first row holds names; None: look.
    rows : int >= 1
        How many rows are in memory at a time.
    shuffle : bool
        Whether rows are mixed with those that are read with them. A file that is sorted by its target is best
        shuffled before: rows that are far apart never meet in a batch.
    preparation : Preparation or None
        What another file was prepared with; then this one is not read to measure, and `target` and `task`
        are the preparation's.

    Returns
    -------
    TableStream
        With `preparation`, whose ``inputs`` prepares features for ``run.predict``, and whose ``quantities``
        brings a regression's answers back to the unit of its target: what is learnt is standardised.

    Raises
    ------
    FileError, DataError
        With the row and the column, as from ``bpcore train``.
    """
    tables = partial(csv_tables, Path(path), rows=check_rows(rows), header=header)
    return TableStream(
        tables, target=target, task=task, fill=fill, shuffle=shuffle, rows=rows, preparation=preparation
    )


def from_parquet(
    path: str | os.PathLike[str],
    /,
    *,
    target: str | None = None,
    task: str | None = None,
    fill: str | None = None,
    rows: int = ROWS,
    shuffle: bool = True,
    preparation: Preparation | None = None,
) -> TableStream:
    """Return the rows of a Parquet file as a stream for `bpcore.fit`, read by pyarrow (``bpcore[parquet]``).

    Parameters, and what is raised: as for `from_csv`.

    Raises
    ------
    LibraryMissing
        pyarrow is not installed.
    """
    tables = partial(parquet_tables, Path(path), rows=check_rows(rows))
    return TableStream(
        tables, target=target, task=task, fill=fill, shuffle=shuffle, rows=rows, preparation=preparation
    )
