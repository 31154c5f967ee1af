"""What is named on the command line as data: a data set that comes along, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.parts.keys import fold_in, key
from bpcore.run import datasets
from bpcore.run.datasets import DATASETS, Dataset
from bpcore.run.tables.columns import Table
from bpcore.run.tables.reading import read_table, table_of
from bpcore.run.tables.samples import samples_of
from bpcore.words.errors import FileError, OptionError, did_you_mean
from bpcore.words.protocols import Array

__all__ = ["DATA", "SPLIT", "key_for", "load_samples", "load_table"]

DATA, SPLIT = 1, 2
"""What a seed is used for here; `fit` uses it for the start and the order."""


def key_for(seed: int, use: int) -> Array:
    """Return the key, on the host, for one use of the seed."""
    return fold_in(key(seed), use)


def load_samples(
    source: str,
    *,
    seed: int,
    target: str | None = None,
    task: str | None = None,
    drop: Sequence[str] = (),
    fill: str | None = None,
    header: bool | None = None,
) -> Dataset:
    """Return the samples of a data set or a file, as host arrays of float64.

    Raises
    ------
    OptionError
        An option that is meant for files was given for a data set that comes along.
    FileError, DataError
        As `read_table` and `samples_of`.
    """
    if source not in DATASETS:
        table = _read(source, header=header)
        _check_dropped(table, drop, target)
        return samples_of(table.without(drop), target=target, task=task, fill=fill)
    named = (("--target", target), ("--task", task), ("--drop", ",".join(drop) or None), ("--fill", fill))
    for option, given in named:
        if given is not None:
            raise OptionError(option, given, f"left out with {source}", "It is for files.")
    return _built_in(source, seed)


def _check_dropped(table: Table, drop: Sequence[str], target: str | None) -> None:
    """Refuse to drop the target, and several names in one."""
    for name in drop:
        if name == target:
            raise OptionError("--drop", name, "another column than that of --target")
        parts = [part.strip() for part in name.split(",")]
        if name not in table.names and len(parts) > 1 and set(parts) <= set(table.names):
            do = f"Write {' '.join(f'--drop {part}' for part in parts)}."
            raise OptionError("--drop", name, "the name of one column", do)


def load_table(source: str, *, header: bool | None = None) -> Table:
    """Return the table of a data set or a file."""
    return table_of(_built_in(source, 0)) if source in DATASETS else _read(source, header=header)


def _built_in(name: str, seed: int) -> Dataset:
    wide = find_backend("numpy").dtype("float64")
    if name == "spiral":
        return datasets.spiral(key=key_for(seed, DATA), dtype=wide)
    if name == "gates":
        return datasets.gates(dtype=wide)
    return datasets.iris() if name == "iris" else datasets.digits()


def _read(source: str, *, header: bool | None) -> Table:
    path = Path(source)
    if not path.exists() and not path.suffix:
        near = did_you_mean(source, DATASETS)
        what = "neither a data set that comes along nor a file"
        raise FileError(source, what, f"The data sets are {', '.join(DATASETS)}.{near}")
    return read_table(path, header=header)
