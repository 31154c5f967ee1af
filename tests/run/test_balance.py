"""Class-balanced batches: targets of every form, and those that are no classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.feeding.balance import Balanced

LABELS = np.asarray([0] * 20 + [1] * 3 + [2] * 7)


@pytest.mark.parametrize("outputs", [1, 3])
def test_shares_of_one_class_each_are_labels(outputs: int, backend: Any) -> None:
    y = np.eye(3)[LABELS] if outputs == 3 else (LABELS[:, None] > 0) * 1.0
    same = LABELS if outputs == 3 else (LABELS > 0) * 1
    key = bp.key(0, backend=backend.backend, device=backend.array(y).device)
    with backend.reading():
        found = backend.host(Balanced(backend.array(y, "float32")).order(key, 1, 30))
    np.testing.assert_array_equal(found, np.asarray(Balanced(same).order(bp.key(0), 1, 30)))


def test_one_hot_targets_take_turns_in_fit() -> None:
    how: dict[str, Any] = {"loss": bp.CrossEntropy(), "optimizer": bp.SGD(0.1), "epochs": 2, "progress": None}
    x = np.random.default_rng(0).normal(size=(30, 2))
    one, other = (
        bp.fit(bp.Linear(3), (x, y), balanced=True, batch_size=6, **how).history["loss"]
        for y in (LABELS, np.eye(3)[LABELS])
    )
    assert one == pytest.approx(other)


@pytest.mark.parametrize(
    "y", [[0.0, np.nan], [0.0, np.inf], [0.5, 1.0], [[0.5, 0.5], [1.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]]]
)
def test_what_is_no_class(y: Any) -> None:
    with pytest.raises(bp.OptionError, match="balanced must be False where the targets are no classes"):
        Balanced(np.asarray(y))
