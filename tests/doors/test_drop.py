"""``bpcore train --drop``: columns that say nothing of a row but which one it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import bpcore as bp
from bpcore.doors.material import found_again


@pytest.fixture
def table(folder: Path) -> str:
    lines = [f"id{i},{i % 7},{i / 20},red,{i % 2}" for i in range(40)]
    Path("t.csv").write_text("\n".join(["name,a,b,colour,t", *lines, ""]), encoding="utf-8")
    return "t.csv"


def test_columns_are_left_out(done: Callable[..., Result], table: str) -> None:
    done("train", table, "--drop", "name", "--drop", "colour", "--epochs", 2, "--quiet")
    run = bp.load("t.safetensors")
    assert run.features == (2,)
    material = found_again(run)
    assert material is not None
    assert material.train.features == ("a", "b")
    command = run.extra["command"]
    assert isinstance(command, list)
    done(*command[1:], "--quiet", "--save", "again.safetensors")
    assert bp.load("again.safetensors").history == run.history
    done("predict", "t.safetensors", table)


def test_what_is_said_without_it(refused: Callable[..., str], table: str) -> None:
    assert "or leave the column out, as bpcore train --drop NAME" in refused("train", table, "--quiet")


def test_a_column_that_is_not_there(refused: Callable[..., str], table: str) -> None:
    told = refused("train", table, "--drop", "nam")
    assert 'no column "nam": the columns are name, a, b, colour, t. Did you mean "name"?' in told
    assert "--drop must be left out with iris" in refused("train", "iris", "--drop", "name")


def test_the_target_and_lists_of_names(refused: Callable[..., str], table: str) -> None:
    told = refused("train", table, "--target", "b", "--drop", "b")
    assert told == "--drop must be another column than that of --target, was given 'b'."
    told = refused("train", table, "--drop", "name,colour")
    assert told == (
        "--drop must be the name of one column, was given 'name,colour'. Write --drop name --drop colour."
    )


def test_a_missing_value_names_the_option(refused: Callable[..., str], folder: Path) -> None:
    Path("m.csv").write_text("a,b\n1,2\n,3\n4,5\n", encoding="utf-8")
    assert "choose with --fill how missing values are filled: mean, median, zero or drop." in refused(
        "train", "m.csv"
    )
