"""What is only looked at is looked at in pieces: the same numbers, in memory that does not grow with them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.feeding import pieces
from bpcore.run.feeding.held_out import HeldOut
from bpcore.run.feeding.pieces import in_pieces, piece_of

RNG = np.random.default_rng(2)
X = RNG.normal(size=(24, 4))
Y = RNG.normal(size=(24, 2))
HELD = RNG.normal(size=(23, 4)), RNG.normal(size=(23, 2))
WEIGHTS = np.concatenate([np.zeros(10), np.linspace(0.5, 2.0, 13)])  # the first piece weighs nothing
NET = bp.MLP([4, 5, 2], activation="tanh")
CONV = bp.Chain(bp.Conv2D(8, 3, padding="same"), bp.Relu(), bp.GlobalAvgPool(), bp.Linear(3))


def trained(**options: Any) -> Any:
    settings: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.Adam(0.03), "epochs": 3}
    settings |= {"batch_size": 5, "progress": None, "validation": HELD}
    return bp.fit(NET, (X, Y), **(settings | options))


OPTIONS: dict[str, dict[str, Any]] = {
    "mean": {},
    "sum": {"loss": bp.SquaredError(reduction="sum")},
    "penalty": {"penalty": bp.L2(0.3)},
    "sum and penalty": {"loss": bp.SquaredError(reduction="sum"), "penalty": bp.L2(0.3)},
    "weights": {"validation": (*HELD, WEIGHTS)},
    "metrics": {"metrics": ["r2", "mae"]},
    "eager": {"compiled": False},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_held_out_samples_in_batches_have_the_same_numbers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(**OPTIONS[name]).history
    seen: list[int] = []
    real = HeldOut.row

    def row(self: HeldOut, *args: Any) -> Any:
        seen.extend(batch[0].shape[0] for batch in self.pieces())
        return real(self, *args)

    monkeypatch.setattr(HeldOut, "row", row)
    monkeypatch.setattr(pieces, "NUMBERS", 1)
    parts = trained(**OPTIONS[name]).history
    assert seen[:5] == [5, 5, 5, 5, 3]
    assert list(parts) == list(whole)
    for column, values in whole.items():
        assert parts[column] == pytest.approx(values, rel=1e-12)


def test_predictions_in_batches_are_the_same(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net = bp.Chain(bp.Linear(3), bp.BatchNorm(), bp.Relu(), bp.Linear(2))
    x, y = backend.array(X, "float32"), backend.array(Y, "float32")
    with backend.reading():  # data are looked at before the first step
        run = bp.fit(net, (x, y), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=2, progress=None)
    wanted = backend.host(run.predict(x))
    np.testing.assert_allclose(backend.host(run.predict(x, batch_size=7)), wanted, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(pieces, "NUMBERS", 45)
    np.testing.assert_allclose(backend.host(run.predict(x)), wanted, rtol=1e-5, atol=1e-6)
    assert run.predict(x[:0, ...]).shape == (0, 2)


def test_a_batch_size_that_is_none() -> None:
    with pytest.raises(bp.OptionError, match="batch_size of predict must be a whole number, 1 or more"):
        trained().predict(X, batch_size=0)


def test_memory_does_not_grow_with_the_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "NUMBERS", 2**15)
    params = CONV.init(bp.key(0), (12, 12, 1))
    run = bp.Run(
        net=CONV, params=params, loss=bp.CrossEntropy(), features=(12, 12, 1), backend=bp.backend("numpy")
    )

    def peak(samples: int) -> int:
        x = np.ones((samples, 12, 12, 1), "float32")
        tracemalloc.start()
        try:
            run.predict(x)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(600) < 1.5 * peak(60)


def test_how_many_at_once() -> None:
    assert piece_of(CONV, (28, 28, 1)) == 2**20 // (28 * 28 * 8)
    assert piece_of(bp.Chain(bp.Residual(bp.Linear(7), bp.Linear(4))), (4,)) == 2**20 // 7
    assert piece_of(bp.Linear(2**21), (4,)) == 1
    assert piece_of(bp.Linear(2**21), (4,), least=32) == 32
    assert [part.shape[0] for (part,) in in_pieces((X,), 10)] == [10, 10, 4]
    assert next(in_pieces((X,), 24))[0] is X


def test_exhausted_memory_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "NUMBERS", 1)

    def full(*_: Any) -> Any:
        raise MemoryError

    real = HeldOut.__init__

    def starved(self: HeldOut, *args: Any) -> None:
        real(self, *args)
        self.evaluate = full

    monkeypatch.setattr(HeldOut, "__init__", starved)
    told = "batches of 5 samples, of those that are held out. Try batch_size=2, or a smaller network"
    with pytest.raises(bp.OutOfMemory, match=told):
        trained()
