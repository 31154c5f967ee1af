"""Parquet files as tables, whole or in pieces."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from bpcore.doors.cli import cli
from bpcore.run.tables import parquet_file
from bpcore.run.tables.parquet_file import parquet_tables
from bpcore.run.tables.reading import read_table
from bpcore.words.errors import FileError, LibraryMissing

COLUMNS: dict[str, list[Any]] = {
    "whole": [1, 2, None, 4, 5],
    "part": [0.5, None, 1.5, 2.5, 3.5],
    "truth": [True, False, True, True, None],
    "word": ["a", None, "b", "a", "b"],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table(COLUMNS), tmp_path / "t.parquet", row_group_size=2)
    return tmp_path / "t.parquet"


def cells(table: Any) -> dict[str, list[Any]]:
    return {
        column.name: list(column.text) if column.numbers is None else column.numbers.tolist()
        for column in table.columns
    }


def wanted() -> dict[str, list[Any]]:
    numbers = {
        name: [np.nan if cell is None else float(cell) for cell in COLUMNS[name]]
        for name in COLUMNS
        if name != "word"
    }
    return {**numbers, "word": ["" if cell is None else cell for cell in COLUMNS["word"]]}


@pytest.mark.parametrize("rows", [2, 100_000])
def test_a_whole_file(path: Path, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_file, "ROWS", rows)
    table = read_table(path)
    assert table.names == tuple(COLUMNS)
    for name, values in wanted().items():
        np.testing.assert_equal(cells(table)[name], values)
    assert list(table.rows) == [1, 2, 3, 4, 5]


def test_pieces_follow_one_another(path: Path) -> None:
    pieces = list(parquet_tables(path, rows=2))
    assert [number for piece in pieces for number in piece.rows] == [1, 2, 3, 4, 5]
    assert [cell for piece in pieces for cell in cells(piece)["word"]] == wanted()["word"]


def test_trained_and_asked_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0).normal(size=(60, 2))
    kinds = np.where(draw[:, 0] > 0, "high", "low")
    parquet.write_table(arrow.table({"a": draw[:, 0], "b": draw[:, 1], "kind": kinds}), "t.parquet")
    for words in (["train", "t.parquet", "--epochs", "60"], ["predict", "t.safetensors", "t.parquet"]):
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, result.output
    assert "over 60 rows" in result.output


def test_a_file_that_is_none(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(FileError, match="is no Parquet file, or damaged"):
        read_table(path)
    parquet.write_table(arrow.table({"a": arrow.array([], type=arrow.float64())}), path)
    with pytest.raises(FileError, match="there is no row in it"):
        read_table(path)


def test_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(LibraryMissing) as caught:
        read_table(path)
    assert 'python -m pip install "bpcore[parquet]"' in str(caught.value)


def indexed(path: Path, index: Any) -> Path:
    """Write a table as pandas writes a frame with that index."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"a": [0.5, 1.5], "price": [2.0, 3.0], "__index_level_0__": [3, 7]})
    told = json.dumps({"index_columns": index, "columns": []})
    parquet.write_table(table.replace_schema_metadata({"pandas": told}), path)
    return path


def test_the_index_of_a_frame_is_no_column(tmp_path: Path) -> None:
    """A frame that was filtered stores the numbers of its rows, which tell their order."""
    path = indexed(tmp_path / "t.parquet", ["__index_level_0__"])
    assert read_table(path).names == ("a", "price")
    assert next(parquet_tables(path, rows=1)).names == ("a", "price")


@pytest.mark.parametrize("index", [[{"kind": "range", "start": 0, "stop": 2, "step": 1}], None, 3, []])
def test_an_index_that_is_no_column(tmp_path: Path, index: Any) -> None:
    assert len(read_table(indexed(tmp_path / "t.parquet", index)).names) == 3
