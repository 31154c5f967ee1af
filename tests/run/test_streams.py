"""Streams: pieces of files larger than memory, the same samples as the whole file gives."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts.keys import key
from bpcore.run.feeding import streams
from bpcore.run.feeding.streams import is_stream, rebatched, stream_of
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.reading import read_table
from bpcore.run.tables.samples import samples_of
from bpcore.words.errors import BpcoreError, DataError, FileError, OptionError, ShapeError


def pieces(*sizes: int) -> Iterator[tuple[Any, Any]]:
    start = 0
    for size in sizes:
        yield np.arange(start, start + size)[:, None] * 1.0, np.arange(start, start + size)
        start += size


@pytest.mark.parametrize("size", [None, 1, 4, 7, 50])
def test_batches_of_another_size(size: int | None) -> None:
    found = list(rebatched(pieces(5, 3, 9, 1), size))
    assert np.concatenate([y for _, y in found]).tolist() == list(range(18))
    assert all((x[:, 0] == y).all() for x, y in found)
    if size is not None:
        assert [len(y) for _, y in found] == [size] * (18 // size) + [18 % size] * (18 % size > 0)


def test_what_is_a_stream() -> None:
    assert is_stream(pieces(1))
    assert is_stream(lambda: pieces(1))
    assert not is_stream(([[1.0]], [1.0]))
    assert not is_stream(np.ones((2, 2)))


def test_the_first_piece_is_not_lost() -> None:
    stream = stream_of(pieces(2, 2))
    assert stream.once
    first = stream.first(key(0))
    found = [y.tolist() for _, y in stream.pieces(1, key(0))]
    assert found == [[0, 1], [2, 3]]
    assert first[1].tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [[1, 2, 3], [np.ones(2)], [(1, 2, 3, 4)]])
def test_no_pairs(wrong: list[Any]) -> None:
    with pytest.raises(DataError, match="must yield pairs"):
        list(stream_of(iter(wrong)).pieces(1, key(0)))


def test_an_empty_stream() -> None:
    with pytest.raises(DataError, match="before its first piece"):
        stream_of(iter([])).first(key(0))


def saved(folder: Path, x: Any, y: Any) -> tuple[Path, Path]:
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    return folder / "x.npy", folder / "y.npy"


def test_mapped_files_give_every_sample_once(tmp_path: Path) -> None:
    x = np.arange(23.0)[:, None]
    stream = bp.datasets.from_npy(*saved(tmp_path, x, np.arange(23)), rows=5)
    assert stream.samples == 23
    orders = []
    for epoch in (1, 2):
        found = list(stream.pieces(epoch, key(3)))
        assert all((part[:, 0] == labels).all() for part, labels in found)
        orders.append(np.concatenate([labels for _, labels in found]).tolist())
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(23))
    assert orders[0] != orders[1]
    again = np.concatenate([labels for _, labels in stream.pieces(2, key(3))]).tolist()
    assert again == orders[1]
    plain = bp.datasets.from_npy(tmp_path / "x.npy", tmp_path / "y.npy", rows=5, shuffle=False)
    assert np.concatenate([y for _, y in plain.pieces(1, key(3))]).tolist() == list(range(23))


def test_mapped_files_that_do_not_fit(tmp_path: Path) -> None:
    paths = saved(tmp_path, np.ones((3, 1)), np.ones(2))
    with pytest.raises(ShapeError, match="3 targets"):
        bp.datasets.from_npy(*paths)
    with pytest.raises(FileError, match="no such file"):
        bp.datasets.from_npy(tmp_path / "none.npy", paths[1])
    (tmp_path / "x.npy").write_bytes(b"nothing")
    with pytest.raises(FileError, match="cut off"):
        bp.datasets.from_npy(*paths)
    np.save(tmp_path / "x.npy", np.asarray([{}, {}], dtype=object))
    with pytest.raises(FileError, match="objects are not read"):
        bp.datasets.from_npy(*paths)
    with pytest.raises(OptionError, match="rows must be"):
        bp.datasets.from_npy(*paths, rows=0)


def table(folder: Path, *, gaps: bool = False) -> Path:
    draw = np.random.default_rng(0)
    path = folder / "table.csv"
    lines = ["a,b,kind"]
    for i in range(101):
        a = "" if gaps and i % 7 == 0 else f"{draw.normal() * 3 + 5:.6f}"
        lines.append(f"{a},{draw.integers(9)},{'uvw'[i % 3]}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("fill", [None, "mean", "zero", "drop"])
def test_rows_as_the_whole_file_gives_them(tmp_path: Path, fill: str | None) -> None:
    path = table(tmp_path, gaps=fill is not None)
    whole = samples_of(read_table(path), fill=fill)
    wanted = Preparation.measured(whole, fill=fill)
    stream = bp.datasets.from_csv(path, fill=fill, rows=10, shuffle=False)
    assert stream.samples == whole.x.shape[0]
    assert stream.preparation.classes == wanted.classes
    assert stream.preparation.mean == pytest.approx(wanted.mean)
    assert stream.preparation.scale == pytest.approx(wanted.scale)
    assert stream.preparation.fill == pytest.approx(wanted.fill)
    found = list(stream.pieces(1, key(0)))
    assert len(found) >= 9
    prepared = wanted.apply(whole)
    assert np.concatenate([x for x, _ in found]) == pytest.approx(prepared.x)
    assert np.concatenate([y for _, y in found]).tolist() == prepared.y.tolist()
    mixed = bp.datasets.from_csv(path, fill=fill, rows=10)
    order = np.concatenate([x for x, _ in mixed.pieces(1, key(0))])
    assert sorted(order.tolist()) == sorted(np.concatenate([x for x, _ in found]).tolist())
    assert order.tolist() != np.concatenate([x for x, _ in found]).tolist()


@pytest.mark.parametrize(
    ("target", "task", "kind"),
    [("b", None, "multiclass"), ("a", None, "regression"), ("b", "regression", "regression")],
)
def test_tasks_are_seen_as_in_the_whole_file(
    tmp_path: Path, target: str, task: str | None, kind: str
) -> None:
    path = tmp_path / "numbers.csv"
    draw = np.random.default_rng(0)
    lines = [f"{draw.normal():.5f},{draw.integers(4)}" for _ in range(60)]
    path.write_text("a,b\n" + "\n".join(lines), "utf-8")
    whole = samples_of(read_table(path), target=target, task=task)
    stream = bp.datasets.from_csv(path, target=target, task=task, rows=7, shuffle=False)
    assert stream.preparation.task == whole.task == kind
    wanted = Preparation.measured(whole)
    assert stream.preparation.target_mean == pytest.approx(wanted.target_mean)
    assert stream.preparation.target_scale == pytest.approx(wanted.target_scale)
    found = np.concatenate([y for _, y in stream.pieces(1, key(0))])
    assert found == pytest.approx(wanted.apply(whole).y)


def test_a_given_preparation_is_used(tmp_path: Path) -> None:
    path = table(tmp_path)
    fitted = bp.datasets.from_csv(path, rows=10).preparation
    other = bp.datasets.from_csv(path, rows=50, preparation=fitted)
    assert other.preparation is fitted
    assert other.samples is None
    assert sum(len(y) for _, y in other.pieces(1, key(0))) == 101


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("a,b\n", "no row under it"),
        ("a,b\n1,2\n3,4\n5\n", "row 4 has 1 cell, most rows have 2"),
        ("a,b\n1,2\n=SUM(A1),4\n5,6\n", 'row 3, column "a": found "=SUM(A1)" where a number belongs'),
        ("a,b\n1,2\n3,\n5,6\n", "the target is missing"),
        ("a,b\n,2\n3,3\n5,6\n", 'row 2, column "a": the value is missing'),
        ("a,b\n1,2\n3,2\n5,2\n", "2 in every row"),
        ('a,b\n1,"2\n3,2\n', "cannot be read"),
        ("a,b\n1," + "9" * 140_000 + "\n", "field larger than field limit"),
        ("a,a\n1,2\n", '2 columns are called "a"'),
        ("a,b\n1,2\nü\0,3\n", "row 3 holds a zero byte"),
        ("a\n1\n2\n", "one column only"),
        ("a,b\n1,x\n2,y\n3,z\n", "wants two classes"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, "utf-8")
    task = "binary" if "classes" in said else None
    with pytest.raises(BpcoreError) as caught:
        bp.datasets.from_csv(path, rows=2, task=task)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes("a,b\n1,2\n1,größe\n".encode("latin-1"))
    with pytest.raises(FileError, match="row 3 is not UTF-8 text"):
        bp.datasets.from_csv(path)


def test_options_that_a_stream_has_not(tmp_path: Path) -> None:
    path = table(tmp_path)
    with pytest.raises(OptionError, match="fill must be one of drop, mean, zero"):
        bp.datasets.from_csv(path, fill="median")
    with pytest.raises(FileError, match="no such file"):
        bp.datasets.from_csv(tmp_path / "none.csv")


def test_memory_stays_bounded(tmp_path: Path) -> None:
    """The file is 100 times as large as what is read of it at a time."""
    x, y = np.zeros((200_000, 10)), np.arange(200_000) % 2
    stream = bp.datasets.from_npy(*saved(tmp_path, x, y), rows=2000)
    tracemalloc.start()
    count = sum(len(labels) for _, labels in rebatched(stream.pieces(1, key(0)), 64))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < x.nbytes / 10


def peak_of_csv(path: Path, rows: int) -> int:
    path.write_text("\n".join(f"{i}.5,2.5,{i % 2}" for i in range(rows)), "utf-8")
    tracemalloc.start()
    stream = bp.datasets.from_csv(path, rows=50, header=False)
    count = sum(len(labels) for _, labels in stream.pieces(1, key(0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == rows
    return peak


def test_memory_does_not_grow_with_a_csv_file(tmp_path: Path) -> None:
    short, long = (peak_of_csv(tmp_path / "t.csv", rows) for rows in (1000, 10_000))
    assert long < 1.2 * short


def test_parquet_as_csv(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    draw = np.random.default_rng(0)
    columns = {
        "a": [None if i % 7 == 0 else float(draw.normal()) for i in range(50)],
        "b": [bool(i % 3) for i in range(50)],
        "kind": ["uvw"[i % 3] for i in range(50)],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "t.parquet")
    lines = [
        ",".join(
            "" if cell is None else str(float(cell)) if type(cell) is bool else str(cell) for cell in row
        )
        for row in zip(*columns.values(), strict=True)
    ]
    (tmp_path / "t.csv").write_text("a,b,kind\n" + "\n".join(lines), "utf-8")
    one = bp.datasets.from_parquet(tmp_path / "t.parquet", fill="mean", rows=8)
    other = bp.datasets.from_csv(tmp_path / "t.csv", fill="mean", rows=8)
    assert one.preparation == other.preparation
    for left, right in zip(one.pieces(1, key(0)), other.pieces(1, key(0)), strict=True):
        assert left[0] == pytest.approx(right[0])
        assert left[1].tolist() == right[1].tolist()
    (tmp_path / "t.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-30])
    with pytest.raises(FileError, match="no Parquet file, or damaged"):
        bp.datasets.from_parquet(tmp_path / "t.parquet")
    with pytest.raises(FileError, match="there is no such file, and a Parquet file is wanted"):
        bp.datasets.from_parquet(tmp_path / "none.parquet")


def test_small_pieces_are_joined_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Joined anew for each piece, a batch of n pieces would take the square of n."""
    joined, before = [], streams._joined
    monkeypatch.setattr(streams, "_joined", lambda pieces: joined.append(len(pieces)) or before(pieces))
    found = list(rebatched(pieces(*[1] * 70), 32))
    assert [len(batch[0]) for batch in found] == [32, 32, 6]
    assert joined == [32, 32, 6]


SPELT = [f"{i},{1 + i % 2}.0" for i in range(120)]


@pytest.mark.parametrize("rows", [7, 50, 1000])
@pytest.mark.parametrize("last", [["120,x", "121,x"], ["120,01", "121,1e0"], []])
def test_classes_do_not_hang_on_how_many_rows_are_read(rows: int, last: list[str], tmp_path: Path) -> None:
    """One cell of text, and the numbers before it are text too; without it one number is one class."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,t", *SPELT, *last]), encoding="utf-8")
    whole = samples_of(read_table(path))
    stream = bp.datasets.from_csv(path, rows=rows, shuffle=False)
    assert stream.preparation.classes == whole.classes
    labels = np.concatenate([y for _, y in stream.pieces(1, key(0))])
    np.testing.assert_array_equal(labels, whole.y)
    again = bp.datasets.from_csv(path, rows=rows, shuffle=False, preparation=stream.preparation)
    np.testing.assert_array_equal(np.concatenate([y for _, y in again.pieces(1, key(0))]), whole.y)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_a_line(end: str, tmp_path: Path) -> None:
    """As the reader of whole files."""
    path = tmp_path / "t.csv"
    path.write_bytes(end.join(["a,b", *(f"{i},{i / 2}" for i in range(30)), ""]).encode())
    stream = bp.datasets.from_csv(path, target="b", shuffle=False, rows=7)
    assert stream.samples == len(read_table(path).rows) == 30
    path.write_bytes(end.join(["a,b", "1,2", "3,\xff", ""]).encode("latin-1"))
    for read in (bp.datasets.from_csv, read_table):
        with (
            pytest.raises(FileError, match="row 3 is not UTF-8 text")
            if end != "\r"
            else pytest.raises(FileError)
        ):
            read(path)


def test_a_short_first_row_is_that_which_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1,2\n3,4\n5,6\n", encoding="utf-8")
    for read in (bp.datasets.from_csv, read_table):
        with pytest.raises(FileError, match="row 1 has 1 cell, most rows have 2"):
            read(path)


def test_what_is_said_of_a_missing_value_can_be_done(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n,4\n5,6\n1,9\n", encoding="utf-8")
    with pytest.raises(DataError, match='how missing values are filled: fill="mean", "zero" or "drop"'):
        bp.datasets.from_csv(path, target="b")
    filled = bp.datasets.from_csv(path, target="b", fill="drop")
    with pytest.raises(DataError, match="train again with a way to fill such values, as bpcore train --fill"):
        filled.preparation.inputs_of(read_table(path))


@pytest.mark.parametrize(
    ("cell", "do"),
    [
        ("1,000", "Write thousands without a comma, and decimals with a point"),
        ("12,5", "Write decimals with a point"),
        ("abc", "Write a number there, or leave the column out"),
    ],
)
def test_what_is_said_of_a_comma(cell: str, do: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'a,b\n1,2\n"{cell}",4\n5,6\n1,9\n', encoding="utf-8")
    with pytest.raises(DataError, match=do):
        samples_of(read_table(path), target="b")
