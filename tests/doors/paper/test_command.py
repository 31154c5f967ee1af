"""``bpcore explain``: what it prints, what it writes, and what it refuses in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bpcore as bp


@pytest.mark.parametrize("name", ["mazur", "svpino", "spiral"])
def test_a_lesson_is_printed_as_it_is(done: Callable[..., Any], name: str) -> None:
    assert done("explain", name).stdout == f"{bp.explain(name)}\n"


def test_the_whole_course_and_a_part_of_it(done: Callable[..., Any]) -> None:
    whole = done("explain", "course").stdout
    for part in ("linear", "sigmoid", "cubic", "paraboloid", "chain", "descent"):
        assert str(bp.explain("course", part=part)) in whole
    assert done("explain", "course", "--part", "chain").stdout == f"{bp.explain('course', part='chain')}\n"


def test_its_options(done: Callable[..., Any]) -> None:
    text = done("explain", "mazur", "--order", "sequential", "--biases", "shared", "--decimals", 3).stdout
    assert text == f"{bp.explain('mazur', order='sequential', biases='shared', decimals=3)}\n"
    text = done("explain", "course", "--part", "sigmoid", "--by-hand", "--decimals", 4).stdout
    assert "z2 = h1 * w3 = 0.3775 * 0.5 = 0.1888" in text
    text = done("explain", "svpino", "--function", "nand", "--year", 2022, "--form", "matrices").stdout
    assert text.startswith("svpino's NAND, the form of 2022")
    text = done("explain", "course", "--part", "linear", "--digits", 30, "--backend", "strict:device1").stdout
    assert "computed in decimal numbers of 30 digits" in text


def test_a_net_of_one_s_own(done: Callable[..., Any]) -> None:
    text = done("explain", "net", "--sizes", "2,3,1", "--x", "1,2", "--y", "1", "--rate", 0.1).stdout
    assert "y_hat = 1 / (1 + exp(-z2)) = " in text
    assert "w1_23+ = w1_23 - eta * dL/dw1_23 = " in text
    text = done("explain", "net", "--sizes", "2,2,3", "--x", "1,2;2,1", "--y", "0;2", "--loss", "multiclass",
                "--activation", "relu").stdout  # fmt: skip
    assert "a1_22 = max(z1_22, 0) = " in text


def test_markdown_and_a_page(done: Callable[..., Any], folder: Path) -> None:
    text = done("explain", "mazur", "--markdown").stdout
    assert text == bp.explain("mazur").markdown()
    done("explain", "mazur", "--html", "mazur.html")
    page = (folder / "mazur.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert "0.298371109" in page


def test_answers_are_checked(call: Callable[..., Any], folder: Path) -> None:
    (folder / "right.csv").write_text("net_h1,0.3775\nout_h1,0.5933\n", encoding="utf-8")
    (folder / "wrong.csv").write_text("net_h1,0.3775\nE_o1,0.549622\n", encoding="utf-8")
    right = call("explain", "mazur", "--check", "right.csv")
    assert (right.exit_code, right.stdout) == (0, "all 2 answers are right\n")
    wrong = call("explain", "mazur", "--check", "wrong.csv")
    assert wrong.exit_code == 1
    assert "first wrong line: E_o1 = 0.549622, should be 0.274811083" in wrong.stdout
    assert "missing half" in wrong.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mazzur",), 'Did you mean "mazur"?'),
        (("net", "--sizes", "2,200,1", "--x", "1,2", "--y", "1"), "--form matrices"),
        (("net", "--sizes", "2,9999999,1", "--x", "1,2", "--y", "1"), "256 units a layer at most"),
        (("net", "--sizes", "2,0,1", "--x", "1,2", "--y", "1"), "--sizes must be"),
        (("net", "--sizes", "2,3,1", "--x", "1", "--y", "1"), "--x must be 2 numbers"),
        (("net", "--sizes", "2,3,1", "--x", "1,a", "--y", "1"), "--x must be numbers"),
        (("net", "--sizes", "2,3,1", "--x", "1,2", "--y", "1,2"), "--y must be 1 numbers"),
        (("net", "--sizes", "2,3,1"), "--x is missing"),
        (
            ("net", "--sizes", "1,1", "--x", "1", "--y", "1", "--activation", "sigmod"),
            'Did you mean "sigmoid"?',
        ),
        (("net", "--sizes", "1,1", "--x", "1", "--y", "1", "--output", "gelu", "--digits", "9"), "no erf"),
        (("mazur", "--year", "2021"), "It is for svpino"),
        (("mazur", "--x", "1"), "It is for net"),
        (("mazur", "--biases", "shard"), 'Did you mean "shared"?'),
        (("spiral", "--by-hand"), "elements with digits or by_hand"),
        (("mazur", "--check", "none.csv"), "there is no such file"),
        (("mazur", "--check", "."), "no ordinary file"),
        (("mazur", "--html", "mazur.csv"), "ends in .html or .htm"),
        (("mazur", "--markdown", "--html", "mazur.html"), "at once"),
        (("mazur", "--decimals", "50"), "or given with digits"),
        (
            ("net", "--sizes", "2,3", "--x", "1,2", "--y", "1.5", "--loss", "multiclass"),
            "a whole number from 0 to 2",
        ),
        (("net", "--sizes", "2,1", "--x", "1,2", "--y", "1", "--order", "sequential"), "given with a rate"),
        (("course", "--part", "chain", "--order", "sequential"), "given with a rate"),
        (("course", "--check", "none.csv"), "--part must be one of"),
        (("mazur", "--html", "none/mazur.html"), "there is no folder none"),
        (("mazur", "--backend", "nunpy"), 'Did you mean "numpy"?'),
    ],
)
def test_what_is_refused(refused: Callable[..., str], words: tuple[str, ...], told: str) -> None:
    assert told in refused("explain", *words)


def test_unknown_names_in_a_file_of_answers(call: Callable[..., Any], folder: Path) -> None:
    (folder / "answers.csv").write_text("net_h9,0.3775\n", encoding="utf-8")
    result = call("explain", "mazur", "--check", "answers.csv")
    assert result.exit_code == 2
    assert 'Did you mean "net_h' in result.stderr
