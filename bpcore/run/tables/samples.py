"""A table into samples and targets: which column is the target, what kind of task it is, what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bpcore.ground.registry import backend as find_backend
from bpcore.run.feeding.dataset import Dataset
from bpcore.run.tables.columns import Column, Table, listed
from bpcore.words.errors import DataError, choose
from bpcore.words.protocols import Array

__all__ = ["FILLS", "TASKS", "feature_matrix", "samples_of"]

FILLS = ("mean", "median", "zero", "drop")
"""What can be done about missing values."""

FILL = (
    f"Give it, or choose with --fill how missing values are filled: {', '.join(FILLS[:-1])} or {FILLS[-1]}."
)

TASKS = ("binary", "multiclass", "regression")

THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
"""What may be a thousand, or one with decimals."""

FEW = 20
"""At most so many different whole numbers in a target are taken for classes."""


def samples_of(
    table: Table, *, target: str | None = None, task: str | None = None, fill: str | None = None
) -> Dataset:
    """Return the samples of a table, checked.

    Parameters
    ----------
    table : Table
    target : str or None
        The column to predict; None: the last one.
    task : "binary", "multiclass", "regression" or None
        None: text and few whole numbers (at most 20 different ones, each twice on average) are classes,
        other numbers a regression.
    fill : "mean", "median", "zero", "drop" or None
        What to do about missing values: fill them later, with what `Preparation` measures, or drop their
        rows; None: refuse them.

    Returns
    -------
    Dataset
        Host arrays of float64; NaN in `x` where a value is to be filled. Classes in the order of
        their numbers or of the alphabet.

    Raises
    ------
    DataError
        No such target, text or infinity where numbers belong, missing values, a target that is constant, a
        class with one sample, a task that does not fit. The message says which row and column.
    """
    if task is not None:
        choose("task", task, TASKS)
    if fill is not None:
        choose("fill", fill, FILLS)
    if len(table.columns) < 2:  # noqa: PLR2004
        raise DataError(f"{table.source}: one column only: it needs features and a target.")
    name = table.names[-1] if target is None else table.column(target).name
    features = tuple(other for other in table.names if other != name)
    if fill == "drop":
        table = _without_missing(table)
    elif table.column(name).missing:
        at = table.at(table.column(name).missing[0], name)
        raise DataError(f"{at}: the target is missing. Targets are not filled: give it, or drop such rows.")
    x = feature_matrix(table, features, filled=fill is not None)
    y, classes, kind = _goals(table, table.column(name), task)
    return Dataset(
        name=table.source, x=x, y=y, features=features, targets=(name,), classes=classes, task=kind
    )


def _without_missing(table: Table) -> Table:
    missing = {row for column in table.columns for row in column.missing}
    kept = [row for row in range(len(table.rows)) if row not in missing]
    if not kept:
        raise DataError(f"{table.source}: every row has a missing value: fill with mean, median or zero.")
    return table.keep(kept) if missing else table


def feature_matrix(table: Table, features: Sequence[str], *, filled: bool, do: str = FILL) -> Array:
    """Return the columns `features` as a (rows, features) host array of float64.

    Missing values become NaN if they are going to be `filled`; else the first one is an error, that says what
    to `do`.
    """
    host = find_backend("numpy").namespace
    return host.stack([_feature(table, table.column(name), do, filled=filled) for name in features], axis=1)


def _feature(table: Table, column: Column, do: str, *, filled: bool) -> Array:
    numbers = _numbers(table, column)
    missing = column.missing
    if missing and not filled:
        others = f" ({len(missing)} in this column)" if len(missing) > 1 else ""
        raise DataError(f"{table.at(missing[0], column.name)}: the value is missing{others}. {do}")
    return numbers


def _numbers(table: Table, column: Column) -> Array:
    """Return the numbers of a column, or say in which cell there is none."""
    if column.numbers is None:
        row = next(i for i, cell in enumerate(column.text) if not _is_number(cell))
        cell = column.text[row]
        do = "Write a number there, or leave the column out, as bpcore train --drop NAME."
        if THOUSANDS.fullmatch(cell):
            do = "Write thousands without a comma, and decimals with a point."
        elif "," in cell and _is_number(cell.replace(",", ".")):
            do = "Write decimals with a point."
        raise DataError(f'{table.at(row, column.name)}: found "{cell[:40]}" where a number belongs. {do}')
    for row in column.infinite[:1]:
        raise DataError(f"{table.at(row, column.name)}: the number is infinite. Give a finite one.")
    return column.numbers


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return "_" not in cell


def _goals(table: Table, column: Column, task: str | None) -> tuple[Array, tuple[str, ...], str]:
    host = find_backend("numpy")
    if column.numbers is not None:
        _numbers(table, column)
    cells = column.words
    _check_varied(table, column, cells)
    if (task or _guessed(table, column, cells)) == "regression":
        return host.namespace.reshape(_numbers(table, column), (-1, 1)), (), "regression"
    classes = _classes(column, cells)
    kind = task or ("binary" if len(classes) == 2 else "multiclass")  # noqa: PLR2004
    _check_classes(table, column, cells, classes, kind)
    number = {name: i for i, name in enumerate(classes)}
    labels = [number[cell] for cell in cells]
    if kind == "multiclass":
        return host.asarray(labels, dtype=host.dtype("int64")), classes, kind
    return host.asarray([[float(i)] for i in labels], dtype=host.dtype("float64")), classes, kind


def _guessed(table: Table, column: Column, cells: list[str]) -> str:
    if column.numbers is None:
        numbers = {cell for cell in cells if _is_number(cell)}
        if len(numbers) > FEW and sum(cell in numbers for cell in cells) > len(cells) // 2:
            _numbers(table, column)  # numbers, but for a slip: this says where
        return "classes"
    whole = all(number.is_integer() for number in column.numbers.tolist())
    distinct = len(set(cells))
    return "classes" if whole and distinct <= min(FEW, len(cells) // 2) else "regression"


def _classes(column: Column, cells: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(cells), key=None if column.numbers is None else float))


def _check_varied(table: Table, column: Column, cells: list[str]) -> None:
    if len(set(cells)) == 1:
        raise DataError(
            f'{table.source}: the target "{column.name}" is {cells[0][:40]} in every row: there is nothing '
            "to learn. Name another column as the target."
        )


def _check_classes(
    table: Table, column: Column, cells: list[str], classes: tuple[str, ...], kind: str
) -> None:
    if kind == "binary" and len(classes) != 2:  # noqa: PLR2004
        raise DataError(
            f'{table.source}: the task binary wants two classes, the target "{column.name}" has '
            f"{len(classes)}: {listed(classes, 6)}. Choose the task multiclass or regression."
        )
    name, times = Counter(cells).most_common()[-1]
    if times == 1:
        raise DataError(
            f'{table.at(cells.index(name), column.name)}: the class "{name[:40]}" has one sample only. '
            "A class needs two or more; if the target is a quantity, choose the task regression."
        )
