"""What a run that diverges leaves: its last good parameters, its history, and a run of them."""

from __future__ import annotations

import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.trouble import replay
from bpcore.words.errors import Diverged
from bpcore.words.trees import leaves, tree_map

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 3))
Y = RNG.normal(size=(24, 1))
NET = bp.Chain(bp.Linear(4), bp.Linear(1))


class Watch:
    """Keeps each epoch's parameters, and hears the end."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self.endings = 0

    def epoch_done(self, epoch: bp.Epoch) -> None:
        self.all.append(tree_map(np.array, epoch.params))

    def ended(self) -> None:
        self.endings += 1


def diverged(**options: Any) -> Diverged:
    settings: dict[str, Any] = {"optimizer": bp.SGD(1.0), "epochs": 100, "progress": None, "batch_size": 8}
    with pytest.raises(Diverged) as caught:
        bp.fit(NET, (X, Y), loss=bp.SquaredError(), **(settings | options))
    return caught.value


def same(one: Any, other: Any) -> bool:
    return all((a == b).all() for a, b in zip(leaves(one), leaves(other), strict=True))


@pytest.mark.parametrize("compiled", [True, False])
def test_the_last_good_parameters_and_the_history(monkeypatch: pytest.MonkeyPatch, *, compiled: bool) -> None:
    monkeypatch.setattr(replay, "APART", 0.0)
    watch = Watch()
    error = diverged(callbacks=[watch], compiled=compiled)
    run = error.run
    assert isinstance(run, bp.Run)
    finite = [params for params in watch.all if all(np.isfinite(p).all() for p in leaves(params))]
    assert same(run.params, finite[-1])
    assert len(run.history["loss"]) == error.epoch
    assert np.isfinite(run.history["loss"][:-1]).all()
    assert not np.isfinite(run.history["loss"][-1])
    assert run.predict(X).shape == (24, 1)
    assert watch.endings == 1


def test_the_best_epoch_where_one_was_kept() -> None:
    stopping, watch = bp.EarlyStopping("loss", patience=500), Watch()
    error = diverged(optimizer=bp.SGD(0.35), epochs=500, callbacks=[stopping, watch])
    assert isinstance(error.run, bp.Run)
    assert same(error.run.params, watch.all[stopping.best_epoch - 1])


def test_an_update_that_no_loss_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "APART", 0.0)
    watch = Watch()
    error = diverged(optimizer=bp.SGD(1e308), epochs=1, batch_size=None, callbacks=[watch])
    assert isinstance(error.run, bp.Run)
    assert all(np.isfinite(p).all() for p in leaves(error.run.params))
    assert watch.endings == 1


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    error = diverged(diagnose=False)
    assert (error.run, error.origin) == (None, None)


def peak(*, diagnose: bool) -> int:
    x, net = RNG.normal(size=(8, 500)).astype("float32"), bp.MLP([500, 800, 10])
    options: dict[str, Any] = {"loss": bp.CrossEntropy(), "optimizer": bp.Adam(0.01), "progress": None}
    options |= {"callbacks": [bp.TimeLimit(1e9)], "diagnose": diagnose, "epochs": 4}
    tracemalloc.start()
    try:
        bp.fit(net, (x, np.arange(8)), **options)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_there_is_one_copy_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "APART", 0.0)
    size = 4 * (500 * 800 + 800 + 8010) * 3  # parameters, and the two moments of Adam
    assert peak(diagnose=True) - peak(diagnose=False) < 1.1 * size


def test_what_was_there_before_any_update_is_not_told_to_be_the_rate() -> None:
    x = X.copy()
    x[3, 1] = 1e200
    with pytest.raises(Diverged, match=r"in epoch 1: look at what it began with\. It began in epoch 1"):
        bp.fit(NET, (x, Y), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), epochs=2, progress=None)
    assert "lower the learning rate (it was 1)" in str(diverged())


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    "layer",
    [
        bp.Conv2D(3, 3, weight_init=bp.Uniform(2.0, 3.0)),
        bp.Chain(bp.Reshape((36, 1)), bp.MultiHeadAttention(1)),
    ],
)
def test_the_sample_where_a_layer_joins_samples_and_places(layer: Any, seed: int) -> None:
    x = RNG.normal(size=(12, 6, 6, 1)).astype("float32")
    x[7] = 3e38
    net = bp.Chain(layer, bp.Flatten(), bp.Linear(1))
    with pytest.raises(Diverged) as caught:
        bp.fit(
            *(net, (x, np.zeros((12, 1)))),
            loss=bp.SquaredError(),
            optimizer=bp.SGD(1e-3),
            batch_size=4,
            seed=seed,
            epochs=1,
            progress=None,
        )
    origin: Any = caught.value.origin
    assert origin.layer.startswith("net[0]")
    assert origin.sample == 7


def test_a_validation_loss_that_is_not_finite_is_told_once() -> None:
    held = X * 1.0, Y
    held[0][0] = 1e200
    with pytest.warns(UserWarning, match="validation_loss became inf in epoch 1: look for held-out") as said:
        run = bp.fit(
            *(NET, (X, Y)),
            loss=bp.SquaredError(),
            optimizer=bp.SGD(0.01),
            epochs=3,
            validation=held,
            progress=None,
        )
    assert len([one for one in said if one.category is UserWarning]) == 1
    assert len(run.history["loss"]) == 3


def test_a_pickled_run_leaves_its_data_behind() -> None:
    run = bp.fit(bp.Linear(1), (X, Y), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), progress=None)
    assert run.recipe is not None
    assert run.recipe.data[0] is X
    again = pickle.loads(pickle.dumps(run))  # noqa: S301 -- its own
    assert again.recipe is None
    assert np.array_equal(again.predict(X), run.predict(X))


class Tenfold(bp.Chain):
    """Made of layers, and more than these."""

    def __call__(self, params: Any, x: Any, /) -> Any:
        return super().__call__(params, bp.array_namespace(x).multiply(x, 1e300))


def test_a_chain_of_ones_own_is_run_as_it_computes() -> None:
    net = bp.Chain(Tenfold(bp.Linear(2), bp.Linear(1)))
    with pytest.raises(Diverged) as caught:
        bp.fit(net, (X * 1e12, Y), loss=bp.SquaredError(), optimizer=bp.SGD(0.0), progress=None)
    origin = caught.value.origin
    assert origin is not None
    assert origin.function == "multiply"
