"""The race against scikit-learn's perceptrons is run, and judged by score. How fast it is is no test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

from benchmarks.estimators import TASKS, houses, main


def test_a_race_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "record.json"
    main(["--tasks", "breast cancer", "--seeds", "1", "--turns", "1", "--json", str(record)])
    (row,) = json.loads(record.read_text("utf-8"))["tasks"]["breast cancer"]
    assert abs(row["ours"] - row["theirs"]) < 0.02
    assert row["our epochs"] == row["their epochs"]
    assert "breast cancer" in capsys.readouterr().out


def test_houses_are_as_unlike_as_those_of_california() -> None:
    x, y = houses(500)
    assert x.shape == (500, 8)
    assert x.std(axis=0).max() / x.std(axis=0).min() > 1000
    assert y.max() <= 5.0
    assert all(TASKS[name].data()[0].shape[0] > 400 for name in TASKS)
