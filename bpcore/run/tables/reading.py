"""Tables from data files: find the file, see what it is, read it. And from the data sets that come along."""

from __future__ import annotations

from pathlib import Path

from bpcore.run.feeding.dataset import Dataset
from bpcore.run.files.missing import near_names
from bpcore.run.tables.columns import Column, Table
from bpcore.run.tables.csv_file import read_csv
from bpcore.run.tables.npz_file import read_npz
from bpcore.run.tables.parquet_file import read_parquet
from bpcore.words.errors import FileError

__all__ = ["read_table", "table_of"]


def read_table(path: str | Path, *, header: bool | None = None) -> Table:
    """Return the table in a data file.

    Parameters
    ----------
    path : str or Path
        A CSV file (comma, semicolon or tab; UTF-8); with the ending ``.npz`` a NumPy archive, with
        ``.parquet`` a Parquet file, which wants pyarrow.
    header : bool or None
        For CSV, whether the first row holds the names of the columns; None: look.

    Raises
    ------
    FileError
        There is no such file, it is a folder, or it is not what it should be. The message says where.
    """
    file = _existing(Path(path))
    ending = file.suffix.lower()
    if ending == ".npz":
        return read_npz(file)
    if ending == ".parquet":
        return read_parquet(file)
    if ending == ".npy":
        raise FileError(file, "one array has no columns to tell apart", "Save x and y with numpy.savez.")
    return read_csv(file, header=header)


def table_of(data: Dataset) -> Table:
    """Return a data set as a table: its features, and its targets with the classes' names."""
    columns = [Column(name=name, numbers=data.x[:, i]) for i, name in enumerate(data.features)]
    goals = [data.y.tolist()] if data.task == "multiclass" else data.y.T.tolist()
    for name, labels in zip(data.targets, goals, strict=True):
        columns.append(Column(name=name, numbers=None, text=tuple(data.classes[int(i)] for i in labels)))
    rows = range(1, data.x.shape[0] + 1)
    return Table(source=data.name, columns=tuple(columns), rows=rows, header=True)


def _existing(path: Path) -> Path:
    if path.is_dir():
        raise FileError(path, "that is a folder", "Name a CSV, NPZ or Parquet file in it.")
    if not path.exists():
        what = "there is no such file, and a CSV, NPZ or Parquet file is wanted"
        raise FileError(path, what, near_names(path, (".csv", ".npz", ".parquet")))
    return path
