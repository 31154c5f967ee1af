"""Answers in the words of the data, and how good they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore.run.datasets import iris
from bpcore.run.tables.answers import answers, compared
from bpcore.run.tables.columns import Column, Table
from bpcore.run.tables.preparation import Preparation


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
