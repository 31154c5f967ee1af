"""Answers as they are written: numbers, names and files, and what is said of those that do not fit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import bpcore as bp
from bpcore.words.errors import FileError, OptionError


def test_numbers_of_every_kind_are_read() -> None:
    mazur = bp.explain("mazur")
    for given_as in (0.593269992, "0.593269992", Decimal("0.593269992"), "5.93269992e-1", 0.5932699921071872):
        assert mazur.check({"out_h1": given_as})
    assert mazur.check({"dE_total/dout_o2": "\N{MINUS SIGN}0.217071535"})
    assert bp.explain("course", part="linear").check({"L": 162})


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"net_h9": "1"}, "net_h"),
        ({"net_h1": "0,3775"}, "must be a number"),
        ({"net_h1": "nan"}, "must be a number"),
        ({"net_h1": True}, "must be a number"),
        ({"NET_H1": "1"}, 'Did you mean "net_h1"?'),
        ({}, "one at least"),
    ],
)
def test_bad_answers_are_one_line(answers: Any, words: str) -> None:
    with pytest.raises(OptionError) as caught:
        bp.check_by_hand(answers, "mazur")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_several_lessons_are_asked_about() -> None:
    with pytest.raises(OptionError, match="Say which"):
        bp.check_by_hand({"w1": "0.1"})
    assert bp.check_by_hand({"z1": "-0.5", "h1": "0.3775"})
    assert bp.check_by_hand({"y_hat": "2", "L": "162"}, "course")  # of its parts, the linear network's
    assert not bp.check_by_hand({"h": "5"}, "course")
    for wrong in (5, [1, 2]):
        with pytest.raises(OptionError):
            bp.check_by_hand(wrong)
    with pytest.raises(OptionError, match="what explain returned"):
        bp.check_by_hand({"h": "4"}, 5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,number\n", "no answers"),
        ("net_h1;abc;1\n", "row 1 has 3 cells"),
        ("", "no answers"),
        ("net_h1\n", "row 1 has 1 cells"),
        ("name,value\nnet_h1,abc\n", "row 2: 'abc' is no number"),
        ("net_h1,1\nnet_h1,2\n", "there twice"),
        (",1\n", "row 1"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as caught:
        bp.check_by_hand(path, "mazur")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(FileError, match="no such file"):
        bp.check_by_hand(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("lesson", "answers", "verdict"),
    [
        ("mazur", {"net_h1": "1e999"}, "too few digits to tell"),
        ("mazur", {"net_h1": "1"}, "too few digits to tell"),
        ("mazur", {"out_o1": "0"}, "too few digits to tell"),
        ("mazur", {"out_o1": "0.9"}, "wrong"),
        ("mazur", {"eta": "0.6"}, "wrong"),
        ("mazur", {"w1": "0.2"}, "too few digits to tell"),
        ("mazur", {"w1": "0.16"}, "wrong"),
        ("linear", {"L": "161"}, "wrong"),
        ("linear", {"dL/dw1": "-17"}, "wrong"),
        ("cubic", {"df/dx": "3"}, "wrong"),
        ("chain", {"y": "6"}, "wrong"),
        ("chain", {"y": "5"}, "right"),
    ],
)
def test_few_digits_are_neither_right_nor_explained(lesson: str, answers: Any, verdict: str) -> None:
    explanation = bp.explain("mazur") if lesson == "mazur" else bp.explain("course", part=lesson)
    checked = explanation.check(answers)
    assert checked.findings[0].verdict == verdict
    assert ("right" in str(checked)) == (verdict == "right")
    assert checked.findings[0].kind in ("", "sign")


def test_a_matrix_is_no_answer() -> None:
    with pytest.raises(OptionError, match="one number"):
        bp.explain("svpino").check({"z1": "1"})
    assert bp.explain("svpino").check({"z1_22": "0.645894"})


def test_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("Name;Wert\nnet_h1;0,3775\nout_h1;0,5933\n", encoding="utf-8")
    assert bp.check_by_hand(path)


def test_a_file_with_headings_is_read(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("\ufeffname,value\nnet_h1,0.3775\n\nout_h1, 0.5933\n", encoding="utf-8")
    checked = bp.check_by_hand(path)
    assert checked
    assert str(checked) == "all 2 answers are right"
