"""Metrics of one's own: what they are called, which way they are better, what they may return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError

X = np.random.default_rng(0).normal(size=(160, 3))


def score(y: Any, output: Any) -> float:
    return 1.0 - float(((np.asarray(y) - np.asarray(output)) ** 2).mean())


def fit(*, stopping: Any = None, metrics: Any = (score,)) -> bp.Run:
    return bp.fit(
        bp.MLP([3, 8, 1]), (X, np.sin(X[:, :1])), loss=bp.SquaredError(), optimizer=bp.Adam(0.01), epochs=8,
        batch_size=16, validation=0.3, metrics=metrics, progress=None,
        callbacks=[] if stopping is None else [stopping],
    )  # fmt: skip


def test_early_stopping_asks_which_way_is_better() -> None:
    with pytest.raises(
        OptionError, match='mode of EarlyStopping must be "min" or "max" for \'validation_score\''
    ):
        fit(stopping=bp.EarlyStopping("validation_score", patience=3))
    stopping = bp.EarlyStopping("validation_score", patience=3, mode="max")
    run = fit(stopping=stopping)
    assert stopping.best == max(run.history["validation_score"])
    assert stopping.best_epoch > 1


def test_two_of_one_name() -> None:
    with pytest.raises(
        OptionError, match="metrics must be metrics of different names, was given 'two of the"
    ):
        fit(metrics=[lambda y, output: 0.0, lambda y, output: 1.0])


@pytest.mark.parametrize(
    ("returned", "told"),
    [(None, "NoneType"), ("good", "str"), (np.zeros(3), r"an array of shape \(3,\)")],
)
def test_what_is_no_number(returned: object, told: str) -> None:
    def mine(y: Any, output: Any) -> Any:
        return returned

    with pytest.raises(OptionError, match=f"the metric mine must be a function that returns one .*{told}"):
        fit(metrics=[mine])


@pytest.mark.parametrize("returned", [1, 0.5, np.float32(2.0), np.zeros(()), np.zeros((1,))])
def test_what_is_a_number(returned: Any) -> None:
    def mine(y: Any, output: Any) -> Any:
        return returned

    assert fit(metrics=[mine]).history["validation_mine"][-1] == pytest.approx(float(np.sum(returned)))


def test_a_mean_of_ones_is_one() -> None:
    """Batches of 8, 8 ... and 3: their shares of the whole do not add up to 1 in floats."""
    x = np.concatenate([np.ones((75, 1)), -np.ones((78, 1))])
    run = bp.fit(
        bp.Linear(1), (x, (x > 0) * 1.0), loss=bp.BinaryCrossEntropy(), optimizer=bp.Adam(0.1), epochs=3,
        batch_size=7, params={"weight": np.ones((1, 1)), "bias": np.zeros((1,))}, progress=None,
    )  # fmt: skip
    assert run.history["accuracy"] == [1.0] * 3


def test_a_column_without_numbers_is_told() -> None:
    def none(y: Any, output: Any) -> float:
        return float("nan")

    stopping = bp.EarlyStopping("validation_none", patience=2, mode="min")
    with pytest.warns(UserWarning, match=r"validation_none was not a number in any of 2 epochs"):
        fit(stopping=stopping, metrics=[none])
    assert repr(stopping) == (
        "EarlyStopping(monitor='validation_none', patience=2, min_delta=0.0, restore_best=True, mode='min')"
    )
