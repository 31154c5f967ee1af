"""The monitor sees the layers inside of residuals, and many samples piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.feeding import pieces
from bpcore.run.trouble.signs_in_gradients import signs_in_gradients
from bpcore.run.trouble.signs_in_layers import layers_of, signs_in_units

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 3))
Y = X @ RNG.normal(size=(3, 1))
LOSS = bp.SquaredError()
FAR = bp.Uniform(-50.0, -49.0)


def run_of(net: Any, x: Any = X, y: Any = Y) -> Any:
    return bp.fit(net, (x, y), loss=LOSS, optimizer=bp.Adam(1e-3), epochs=5, progress=None)


def test_dead_units_in_a_residual(backend: Any) -> None:
    inner = bp.Residual(bp.Linear(8, bias_init=FAR), bp.Relu(), bp.Linear(8))
    net = bp.Chain(bp.Linear(8), bp.Chain(inner, bp.Identity()), bp.Linear(1))
    with backend.reading():
        (found,) = bp.monitor(run_of(net, backend.array(X), backend.array(Y)))
    assert str(found).startswith("net[1][0][1] Relu: 8 of 8 units are 0 for all samples")


def test_a_network_that_is_a_residual() -> None:
    net = bp.Residual(bp.Linear(5, bias_init=FAR), bp.Relu(), bp.Linear(3))
    (found,) = bp.monitor(run_of(net, X, X[:, ::-1].copy() @ RNG.normal(size=(3, 3))))
    assert found.words.startswith("net[1] Relu: 5 of 5")


def test_a_gradient_that_vanishes_in_a_residual() -> None:
    chain = [part for _ in range(6) for part in (bp.Linear(3, weight_init=bp.Normal(0.01)), bp.Tanh())]
    inner = bp.Residual(*chain, bp.Linear(3, weight_init=bp.Normal(0.01)))
    params = inner.init(bp.key(0), (3,), dtype=X.dtype)
    found = [
        one for one in signs_in_gradients(inner, params, (X, X[:, ::-1]), LOSS) if one.kind == "vanishing"
    ]
    assert found[0].words.startswith("the gradient at net[0] Linear(3) is ")
    assert "that at net[12] Linear(3)" in found[0].words


def test_a_way_around_is_healthy() -> None:
    inner = [bp.Residual(bp.LayerNorm(), bp.Linear(8), bp.Relu(), bp.Linear(8)) for _ in range(6)]
    net = bp.Chain(bp.Linear(8), *inner, bp.Linear(1))
    assert bp.monitor(run_of(net)) == ()
    attention = bp.Residual(bp.LayerNorm(), bp.MultiHeadAttention(2))
    x = RNG.normal(size=(40, 5, 4))
    assert (
        bp.monitor(run_of(bp.Chain(attention, bp.Flatten(), bp.Linear(1)), x, x[:, 0, :1] + x[:, 1, :1]))
        == ()
    )


def test_the_output_of_the_walk_is_that_of_the_network() -> None:
    net = bp.Chain(
        bp.Residual(bp.Linear(4), bp.Tanh(), bp.Residual(bp.Linear(4)), bp.Linear(3)), bp.Linear(1)
    )
    params = net.init(bp.key(0), (3,), dtype=X.dtype)
    found = layers_of(net, params, None, X)
    assert [name for name, _, _ in found] == ["net[0][0]", "net[0][1]", "net[0][2][0]", "net[0][3]", "net[1]"]
    np.testing.assert_array_equal(found[-1][2], net(params, X))


@pytest.mark.parametrize("state", [False, True])
def test_piece_by_piece_it_says_the_same(monkeypatch: pytest.MonkeyPatch, *, state: bool) -> None:
    dead, full = bp.Linear(9, bias_init=FAR), bp.Linear(9, bias_init=bp.Uniform(8.0, 9.0))
    for first in (bp.Linear(9, weight_init=bp.Uniform(1.0, 2.0), bias_init=bp.Uniform(-9.0, -8.0)), dead):
        norm = [bp.BatchNorm()] if state else []
        net = bp.Chain(*norm, first, bp.Relu(), full, bp.Tanh(), bp.Linear(1))
        run = run_of(net)
        x = np.concatenate([np.zeros((45, 3)), np.full((45, 3), 40.0)])  # the first pieces only are dead
        wanted = [*signs_in_units(net, run.params, x, state=run.state)]
        assert ("dead_relu" in [one.kind for one in wanted]) == (first is dead)
        with monkeypatch.context() as patch:
            patch.setattr(pieces, "NUMBERS", 9 * 17)
            assert [*signs_in_units(net, run.params, x, state=run.state)] == wanted
    assert len(wanted) == 2


def test_many_samples_are_run_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Wide(bp.Layer):
        def __call__(self, params: Any, x: Any) -> Any:
            seen.append(x.shape[0])
            return x

    monkeypatch.setattr(pieces, "NUMBERS", 1)
    x = RNG.normal(size=(1500, 3))
    run = run_of(bp.Chain(Wide(), bp.Linear(1)), x, x @ [[1.0], [2.0], [3.0]])
    seen.clear()
    bp.monitor(run)
    assert max(seen) <= 128
