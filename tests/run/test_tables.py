"""Reading CSV and NPZ files, and saying what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bpcore.run.datasets import gates, iris
from bpcore.run.tables.reading import read_table, table_of
from bpcore.words.errors import BpcoreError, FileError

Write = Callable[..., Path]


@pytest.fixture
def csv(tmp_path: Path) -> Write:
    def write(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def columns(path: Path, **options: Any) -> dict[str, list[Any]]:
    table = read_table(path, **options)
    return {c.name: list(c.text) if c.numbers is None else c.numbers.tolist() for c in table.columns}


# -- what is read -------------------------------------------------------------------------------------------

PLAIN = {"a": [1.0, 3.0], "b": [2.5, -4e-3], "kind": ["x", "y z"]}


@pytest.mark.parametrize(
    "content",
    [
        "a,b,kind\n1,2.5,x\n3,-4e-3,y z\n",
        "a;b;kind\n1;2.5;x\n3;-4e-3;y z",
        "a\tb\tkind\r\n1\t2.5\tx\r\n3\t-4e-3\ty z\r\n",
        '"a", "b", "kind"\n"1", 2.5 , "x"\n3, -4e-3, "y z"\n',
        "\ufeffa,b,kind\n\n1,2.5,x\n\n3,-4e-3,y z\n\n",
    ],
    ids=["comma", "semicolon", "tab", "quoted", "mark and blank lines"],
)
def test_one_table_in_many_spellings(csv: Write, content: str) -> None:
    assert columns(csv(content)) == PLAIN
    assert columns(csv(content, "data.TSV")) == PLAIN


def test_a_delimiter_or_a_line_break_in_quotes_is_text(csv: Write) -> None:
    path = csv('a,kind\n1,"x, or ""y"""\n2,"two\nlines"\n3,z\n')
    assert columns(path)["kind"] == ['x, or "y"', "two\nlines", "z"]
    assert list(read_table(path).rows) == [2, 4, 5]


def test_commas_within_a_semicolon_file_stay_in_their_cells(csv: Write) -> None:
    assert columns(csv("1,5;2,5;0\n3,5;4,5;1\n")) == {
        "1": ["1,5", "3,5"],
        "2": ["2,5", "4,5"],
        "3": [0.0, 1.0],
    }


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("a,b\n1,2\n3,4\n", True),
        ("1,2\n3,4\n", False),
        ("1,b\n3,4\n", True),
        ("1,2,x\n3,4,y\n", False),
        ("?,2\n3,4\n", False),
        ("na,2\n3,4\n", False),
        ("one,two\nx,y\n", True),
        ("2019,2020,kind\n1,2,x\n", False),
        ("a,b\n1,?\n,4\n", True),
    ],
)
def test_a_header_is_seen_by_text_over_numbers(csv: Write, content: str, *, header: bool) -> None:
    table = read_table(csv(content))
    assert table.header is header
    assert len(table.rows) == content.count("\n") - header


def test_a_header_can_be_said_and_denied(csv: Write) -> None:
    assert columns(csv("1,2\n3,4\n"), header=True) == {"1": [3.0], "2": [4.0]}
    assert columns(csv("a,b\n3,4\n"), header=False) == {"1": ["a", "3"], "2": ["b", "4"]}


def test_a_column_without_a_name_gets_its_number(csv: Write) -> None:
    assert read_table(csv("a,,c\n1,2,3\n")).names == ("a", "2", "c")


def test_every_spelling_of_missing(csv: Write) -> None:
    column = read_table(csv("a,b\n1,1\n,1\nNA,1\nn/a,1\nNaN,1\n?,1\nnull,1\n")).column("a")
    assert column.missing == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("cell", ["1_000", "0x10", "1 2", "1e", "one", "--1"])
def test_what_is_no_number_is_text(csv: Write, cell: str) -> None:
    assert columns(csv(f"a,b\n{cell},1\n2,2\n"))["a"] == [cell, "2"]


def test_npz_with_x_and_y(tmp_path: Path) -> None:
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    path = tmp_path / "d.npz"
    np.savez(path, x=x, y=np.asarray([[1], [0], [1]]))
    assert columns(path) == {"x1": [0, 2, 4], "x2": [1, 3, 5], "y": [1, 0, 1]}
    np.savez_compressed(path, x=x, y=np.asarray(["a", "b", "a"]))
    assert columns(path)["y"] == ["a", "b", "a"]
    np.savez(path, x=x)
    assert columns(path) == {"x1": [0, 2, 4], "x2": [1, 3, 5]}


def test_npz_with_an_array_to_a_column(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "d.npz", width=np.asarray([1.5, 2.5]), kind=np.asarray([b"a", b"b"]), big=[True, False]
    )
    assert columns(tmp_path / "d.npz") == {"width": [1.5, 2.5], "kind": ["a", "b"], "big": [1.0, 0.0]}


def test_a_data_set_as_a_table() -> None:
    table = table_of(iris())
    assert table.names[-1] == "species"
    assert table.column("species").text[::50] == ("setosa", "versicolor", "virginica")
    assert table_of(gates()).column("XOR").text == ("0", "1", "1", "0")


# -- what is refused ----------------------------------------------------------------------------------------


def refusal(path: Path | str, **options: Any) -> str:
    with pytest.raises(FileError) as caught:
        read_table(path, **options)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file(csv: Write, content: bytes) -> None:
    assert "empty" in refusal(csv(content))


def test_a_header_alone(csv: Write) -> None:
    assert "header and no row" in refusal(csv("a,b,c\n"))


def test_ragged_rows(csv: Write) -> None:
    assert "row 3 has 2 cells, most rows have 3" in refusal(csv("a,b,c\n1,2,3\n4,5\n6,7,8\n"))
    assert "row 2 has 1 cell, most rows have 2" in refusal(csv("a,b\n1\n4,5\n"))


def test_not_utf8(csv: Write) -> None:
    assert "row 3 is not UTF-8 text (byte 0xe4)" in refusal(csv("a,b\n1,2\n\u00e4,3\n".encode("latin-1")))
    assert "UTF-8" in refusal(csv("a,b\n1,2\n".encode("utf-16")))


def test_a_binary_file_that_happens_to_decode(csv: Write) -> None:
    assert "row 2 holds a zero byte" in refusal(csv("a,b\n1,\0\n"))


def test_a_quote_that_is_not_closed(csv: Write) -> None:
    assert "quote" in refusal(csv('a,b\n1,"2\n3,4\n'))


def test_two_columns_of_one_name(csv: Write) -> None:
    assert '2 columns are called "a"' in refusal(csv("a,a,b\n1,2,3\n"))


def test_a_missing_file_and_a_near_one(csv: Write) -> None:
    path = csv("a,b\n1,2\n", "houses.csv")
    assert "Did you mean houses.csv?" in refusal(path.with_name("house.csv"))
    assert "no such file" in refusal(path.with_name("quite_else.csv"))
    assert "Nor is there a folder" in refusal(path.parent / "nowhere" / "a.csv")


def test_a_folder(tmp_path: Path) -> None:
    assert "a folder" in refusal(tmp_path)


def test_npz_cut_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, x=np.ones((3, 2)), y=np.asarray([0, 1, 0]))
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert "cut off" in refusal(path)


def test_npz_with_a_damaged_number(tmp_path: Path) -> None:
    path = tmp_path / "d.npz"
    np.savez(path, x=np.ones((3, 2)), y=np.asarray([0, 1, 0]))
    whole = bytearray(path.read_bytes())
    whole[whole.index(np.float64(1).tobytes())] ^= 1
    path.write_bytes(bytes(whole))
    assert '"x.npy" in it is damaged' in refusal(path)


def test_npz_that_is_another_file(csv: Write, tmp_path: Path) -> None:
    assert "not an NPZ file" in refusal(csv("a,b\n1,2\n", "d.npz"))
    np.save(tmp_path / "d.npy", np.ones(3))
    assert "numpy.savez" in refusal(tmp_path / "d.npy")


def test_npz_with_python_objects_is_not_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=np.ones((2, 2)), y=np.asarray([{}, None], dtype=object))
    assert "Python objects" in refusal(tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "no array"),
        ({"x": np.ones((3, 2)), "y": np.ones(2)}, "different lengths: x1 3, x2 3, y 2"),
        ({"x": np.ones((3, 2)), "y": np.ones((3, 2))}, 'array "y" has the shape (3, 2)'),
        ({"x": np.ones((3, 2, 2)), "y": np.ones(3)}, 'array "x" has the shape (3, 2, 2)'),
        ({"x": np.ones((0, 2)), "y": np.ones(0)}, "empty"),
        ({"x": np.ones((3, 0)), "y": np.ones(3)}, "no feature"),
        ({"x": np.ones((3, 2), dtype=complex), "y": np.ones(3)}, "dtype complex128"),
        ({"a": np.ones(3), "b": np.ones(())}, "the shape ()"),
    ],
)
def test_npz_of_another_form(tmp_path: Path, arrays: dict[str, Any], words: str) -> None:
    np.savez(tmp_path / "d.npz", **arrays)
    assert words in refusal(tmp_path / "d.npz")


CELLS = st.sampled_from(
    ["1", "2.5", "x", "", "?", '"', '""', ",", ";", "\t", "\n", "\r", "a", "inf", "-", " "]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=60), st.lists(CELLS, max_size=40).map(lambda c: "".join(c).encode()))
)
def test_no_content_whatever_raises_another_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    try:
        table = read_table(path)
    except BpcoreError as error:
        assert "\n" not in str(error)  # noqa: PT017 -- either is fine, a table or our error
    else:
        assert {column.length for column in table.columns} == {len(table.rows)}
