"""Recurrent layers beside PyTorch's, from the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError, ShapeError

KINDS = [
    (bp.RNN, "RNN", {}),
    (bp.RNN, "RNN", {"activation": "relu"}),
    (bp.GRU, "GRU", {}),
    (bp.LSTM, "LSTM", {}),
]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(("kind", "name", "options"), KINDS)
def test_as_in_torch(
    torch: Any, agrees: Callable[..., Any], kind: Any, name: str, options: Any, *, whole: bool
) -> None:
    how = {"nonlinearity": options["activation"]} if options else {}
    module = getattr(torch.nn, name)(3, 4, batch_first=True, dtype=torch.float64, **how)

    def weights(of: Callable[[Any], Any]) -> Any:
        return {
            "input_weight": of(module.weight_ih_l0).T,
            "hidden_weight": of(module.weight_hh_l0).T,
            "input_bias": of(module.bias_ih_l0),
            "hidden_bias": of(module.bias_hh_l0),
        }

    def oracle(x: Any) -> Any:
        y, _ = module(x)
        return y if whole else y[:, -1]

    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    agrees(kind(4, return_sequences=whole, **options), x, weights, oracle)


@pytest.mark.parametrize(("kind", "name", "options"), KINDS)
def test_it_learns_what_came_first(kind: Any, name: str, options: Any) -> None:
    x = np.random.default_rng(0).normal(size=(64, 4, 1))
    net = bp.Chain(kind(8, **options), bp.Linear(1))
    run = bp.fit(
        net, (x, x[:, 0]), loss=bp.SquaredError(), optimizer=bp.Adam(0.02), epochs=150, progress=None, seed=1
    )
    assert run.history["loss"][-1] < 0.1 * run.history["loss"][0]


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ShapeError) as caught:
        bp.Chain(bp.Linear(4), bp.LSTM(3)).init(bp.key(0), (5,))
    assert str(caught.value) == (
        "net[1] LSTM(3) wants inputs of shape (batch, length, features), was given ('batch', 4)."
    )
    params = bp.GRU(3).init(bp.key(0), (5, 2))
    with pytest.raises(
        ShapeError, match=r"GRU\(3\) wants inputs of shape \(batch, length, 2\), was given \(1, 5, 4\)"
    ):
        bp.GRU(3)(params, np.ones((1, 5, 4)))
    with pytest.raises(OptionError, match="units of RNN must be a whole number, 1 or more, was given 0"):
        bp.RNN(0)
    with pytest.raises(OptionError, match="activation of RNN must be one of relu, tanh"):
        bp.RNN(3, activation="gelu")
