"""How a run ends: what is said of its last update, and what an epoch's loss is where the loss sums."""

from __future__ import annotations

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import DataError, Diverged

X = np.linspace(-1.0, 1.0, 20).reshape(10, 2)
Y = np.linspace(0.0, 9.0, 10).reshape(10, 1)


def test_a_last_update_that_overflows_is_no_success() -> None:
    with pytest.raises(Diverged, match="a parameter became infinite or not a number in epoch 1: lower the"):
        bp.fit(
            bp.Chain(bp.Linear(1)),
            (X.astype("float32"), Y.astype("float32")),
            loss=bp.SquaredError(),
            optimizer=bp.SGD(3e38),
            epochs=1,
            progress=None,
        )


def test_a_loss_that_sums_is_summed_over_the_batches() -> None:
    loss = bp.SquaredError(reduction="sum")

    def first(batch_size: int | None) -> float:
        run = bp.fit(
            bp.MLP([2, 1]),
            (X, Y),
            loss=loss,
            optimizer=bp.SGD(0.0),
            epochs=1,
            batch_size=batch_size,
            progress=None,
        )
        return run.history["loss"][0]

    assert first(3) == pytest.approx(first(None), rel=1e-12)


def test_labels_of_more_than_32_bits_do_not_wrap() -> None:
    labels = np.asarray([0, 1] * 5, dtype=np.uint64) + np.uint64(2**32)
    with pytest.raises(DataError, match="more than 32 bits"):
        bp.fit(bp.MLP([2, 2]), (X, labels), loss=bp.CrossEntropy(), optimizer=bp.SGD(0.1), progress=None)
