"""What the script for a GPU is told wrongly is one line, before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.gpu import __main__ as script
from benchmarks.gpu.options import options_of


def _said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit, match="2"):
        options_of([*arguments])
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize(
    ("option", "given", "wanted"),
    [
        *(("--cycles", given, "1 or more") for given in ("0", "-1", "1.5", "many")),
        *(("--turn", given, "more than 0") for given in ("-1", "0", "nan")),
        *(("--seconds", given, "0 or more") for given in ("nan", "-5", "inf")),
    ],
)
def test_a_number_without_sense_is_one_line(
    capsys: pytest.CaptureFixture[str], option: str, given: str, wanted: str
) -> None:
    assert f"argument {option}: must be {wanted}, was given '{given}'" in _said(capsys, option, given)


@pytest.mark.parametrize("given", ["nowhere/x.json", ".", ""])
def test_a_record_that_cannot_be_written_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, given: str
) -> None:
    path = str(tmp_path / given) if given else ""
    assert "argument --json: must be a file in a folder that is there" in _said(capsys, "--json", path)


@pytest.mark.parametrize("text", [None, "no JSON", "[]", "{}", '{"steps": {}}', '{"floors": 3}'])
def test_what_is_no_earlier_record_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str | None
) -> None:
    path = tmp_path / "first.json"
    if text is not None:
        path.write_text(text)
    said = _said(capsys, "--after", str(path))
    assert "argument --after: must be a record that an earlier call wrote with --json" in said


def test_what_can_be_is_taken(tmp_path: Path) -> None:
    earlier = tmp_path / "first.json"
    earlier.write_text('{"floors": {}}')
    options = options_of(
        ["--cycles", "1", "--turn", "0.1", "--seconds", "0", "--json", str(earlier), "--after", str(earlier)]
    )
    assert (options.cycles, options.turn, options.seconds) == (1, 0.1, 0.0)
    assert options.json == options.after == str(earlier)


def test_the_help_says_what_the_networks_are_and_counts_trainings_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        options_of(["--help"])
    said = capsys.readouterr().out
    assert "2-16-8-1 tanh, binary cross-entropy" in said
    assert said.count("three trainings beside NumPy, each in two dtypes") == 2
    assert "six trainings" not in said


def test_packages_that_tests_lack_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = {"failed": 1, "failures": {"a_test.py": ["ModuleNotFoundError: No module named 'hypothesis'"]}}
    monkeypatch.setattr(script, "axis_tests", lambda axis, clock: failed)
    monkeypatch.setattr(script, "missing", lambda: iter(["hypothesis>=6.100"]))
    assert script.main(["--backend", "numpy", "--only", "conformance"]) == 1
    assert "not installed, of what tests want: hypothesis>=6.100" in capsys.readouterr().out
