"""Answers in the words of the data, and how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bpcore.run.datasets import iris
from bpcore.run.tables.answers import answers, compared
from bpcore.run.tables.columns import Column, Table
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.reading import read_table

MADE = {
    "mean": [0.0], "scale": [1.0], "fill": [], "task": "binary", "targets": ["t"], "target_mean": [],
    "target_scale": [],
}  # fmt: skip


@pytest.mark.parametrize("spelling", ["{}", "{}.0", " {}e0"])
def test_a_number_is_one_class_however_it_is_written(spelling: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,t\n" + "".join(f"1,{spelling.format(i % 2)}\n" for i in range(4)))
    preparation = Preparation.from_dict({**MADE, "features": ["a"], "classes": ["0", "1"]})
    output = np.asarray([[-1.0], [1.0], [-1.0], [-1.0]])
    assert (
        compared(preparation, answers(preparation, output), read_table(path)) == "accuracy 0.7500 over 4 rows"
    )


def test_the_truth_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a row, a table of many rows would never be done."""
    reads, words = [], Column.words.fget  # type: ignore[attr-defined]

    def counted(column: Column) -> Any:
        reads.append(column.name)
        return words(column)

    monkeypatch.setattr(Column, "words", property(counted))
    preparation = Preparation.from_dict(
        {**Preparation.measured(iris()).to_dict(), "classes": ["0", "1", "2"]}
    )
    output = np.eye(3)[[0, 1, 2, 2, 1]]
    truth = Column(name="species", numbers=np.asarray([0.0, 1.0, 2.0, 0.0, np.nan]))
    table = Table(source="t", columns=(truth,), rows=range(1, 6), header=True)
    assert compared(preparation, answers(preparation, output), table) == "accuracy 0.7500 over 4 rows"
    assert reads == ["species"]
