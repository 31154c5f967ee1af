"""Lists of batches are streams, however many there are of them; a pair of samples and targets is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.feeding.streams import is_stream

X = np.random.default_rng(0).normal(size=(48, 2))
Y = X[:, :1] + 1.0
BATCHES = [(X[i : i + 16], Y[i : i + 16]) for i in (0, 16, 32)]
HOW: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.SGD(0.1), "epochs": 2, "progress": None}


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("kind", [list, tuple])
def test_it_is_trained_batch_by_batch(count: int, kind: Any) -> None:
    """Two batches are no pair of samples and targets."""
    listed = bp.fit(bp.Linear(1), kind(BATCHES[:count]), **HOW)
    made = bp.fit(bp.Linear(1), lambda: iter(BATCHES[:count]), **HOW)
    assert listed.features == (2,)
    np.testing.assert_array_equal(listed.params["weight"], made.params["weight"])


def test_held_out_batches() -> None:
    run = bp.fit(bp.Linear(1), (X, Y), validation=BATCHES[:2], **HOW)
    pair = bp.fit(bp.Linear(1), (X, Y), validation=(X[:32], Y[:32]), **HOW)
    assert run.history["validation_loss"] == pytest.approx(pair.history["validation_loss"])


@pytest.mark.parametrize(
    "pair",
    [
        (X, Y), [X, Y], [X.tolist(), Y.tolist()], (X[:2].tolist(), Y[:2].tolist()),
        [[X[0], X[1]], [Y[0], Y[1]]], ([X[:2], X[2:4]], [0, 1]), (np.ones((2, 3, 3)), np.ones((2, 1))),
        [], (),
    ],
)  # fmt: skip
def test_a_pair_is_none(pair: Any) -> None:
    assert not is_stream(pair)
