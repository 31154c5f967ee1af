"""Commands that are given a file that is not there, or a word that is none, say what was wanted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import bpcore as bp
from bpcore.words.errors import FileError

MODEL = "there is no such file, and a model of bpcore (.safetensors) is wanted."
DO = "Write one with bpcore train, or look at the spelling and the folder."

COMMANDS = (
    "report nothing.safetensors",
    "predict nothing.safetensors new.csv",
    "export nothing.safetensors --to c",
    "plot boundary nothing.safetensors",
    "plot curves nothing.safetensors",
)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_model_that_is_not_there(words: str, refused: Callable[..., str]) -> None:
    assert refused(*words.split()) == f"nothing.safetensors: {MODEL} {DO}"


@pytest.mark.parametrize(
    ("given", "there", "do"),
    [
        ("spiral", "spiral.safetensors", "Did you mean spiral.safetensors?"),
        ("spirl.safetensors", "spiral.safetensors", "Did you mean spiral.safetensors?"),
        ("m.safetensors", "other.safetensors", "There are other.safetensors."),
        ("m.safetensors", "other.txt", DO),
        ("no/m.safetensors", "other.safetensors", "Nor is there a folder no."),
    ],
)
def test_what_is_there_instead(
    given: str, there: str, do: str, refused: Callable[..., str], folder: Path
) -> None:
    (folder / there).touch()
    assert refused("report", given) == f"{given}: {MODEL} {do}"


def test_many_are_not_all_named(refused: Callable[..., str], folder: Path) -> None:
    for name in "abcde":
        (folder / f"{name * 9}.safetensors").touch()
    names = ", ".join(f"{name * 9}.safetensors" for name in "abc")
    assert refused("report", "model").endswith(f"There are {names} and 2 more.")


def test_a_folder_in_its_place(refused: Callable[..., str], folder: Path) -> None:
    (folder / "m").mkdir()
    said = refused("report", "m")
    assert said == "m: that is a folder, and a model of bpcore (.safetensors) is wanted. Name a file in it."


@pytest.mark.parametrize("name", ["none.csv", "none.npz", "none.parquet"])
def test_a_table_that_is_not_there(name: str, refused: Callable[..., str]) -> None:
    assert refused("train", name) == (
        f"{name}: there is no such file, and a CSV, NPZ or Parquet file is wanted. "
        "Look at the spelling and the folder."
    )


def test_a_folder_of_a_log_that_is_not_there(refused: Callable[..., str]) -> None:
    said = refused("train", "gates", "--log", "no/log", "--epochs", 1, "--no-progress")
    assert said == "no/log: there is no folder no. Make it, or name another."


def test_streams_in_python(tmp_path: Path) -> None:
    path = tmp_path / "none"
    for call in (
        lambda: bp.datasets.from_npy(path, path),
        lambda: bp.datasets.from_csv(path),
        lambda: bp.load(path),
    ):
        with pytest.raises(FileError, match=r"there is no such file, and a .* is wanted"):
            call()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("explain mazur --biases shard", '--biases must be one of frozen, .* Did you mean "shared"'),
        ("explain svpino --function XRO", '--function must be one of .* Did you mean "XOR"'),
        ("explain svpino --year 2023", "--year must be one of 2021, 2022, was given '2023'"),
        ("explain course --part=liner", '--part must be one of .* Did you mean "linear"'),
        ("train gates --rate -1", "--rate must be a number, 0 or more"),
        ("train gates --epochs 2 --validation 2", "--validation must be"),
        ("plot vanishing --activation tan", '--activation must be one of .*Did you mean "tanh"'),
        ("plot graph mazur --path w55", '--path must be .*Did you mean "w5"'),
    ],
)
def test_a_word_that_is_none_is_named_with_its_option(
    words: str, said: str, refused: Callable[..., str]
) -> None:
    found = refused(*words.split())
    assert re.match(said, found), found
