"""Averaged parameters: measured by choice, restored with the best epoch, saved and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import FileError, OptionError
from bpcore.words.trees import leaves, tree_map

RNG = np.random.default_rng(8)
X = RNG.normal(size=(32, 3))
Y = X @ [[1.0], [-1.0], [0.5]] + 0.3 * RNG.normal(size=(32, 1))
HELD = X[:10] + 0.1, Y[:10]
NET = bp.MLP([3, 4, 1], activation="tanh")
LOSS = bp.SquaredError()


def trained(optimizer: Any = None, net: Any = NET, **options: Any) -> Any:
    settings: dict[str, Any] = {"epochs": 6, "batch_size": 8, "progress": None, "validation": HELD}
    optimizer = optimizer or bp.SGD(0.3, averaging=0.9)
    return bp.fit(net, (X, Y), loss=LOSS, optimizer=optimizer, **(settings | options))


def same(one: Any, other: Any) -> bool:
    return all((a == b).all() for a, b in zip(leaves(one), leaves(other), strict=True))


class Copies:
    """Keeps the averages of each epoch."""

    def __init__(self) -> None:
        self.all: list[Any] = []

    def epoch_done(self, epoch: bp.Epoch) -> None:
        self.all.append(tree_map(np.array, epoch.averaged))


@pytest.mark.parametrize("compiled", [True, False])
def test_held_out_samples_are_measured_with_them_by_choice(*, compiled: bool) -> None:
    plain, smooth = (trained(evaluate_averaged=choice, compiled=compiled) for choice in (False, True))
    assert same(plain.params, smooth.params)
    assert smooth.history["loss"] == plain.history["loss"]
    wanted = float(LOSS(NET(smooth.averaged, HELD[0]), HELD[1]))
    assert smooth.history["validation_loss"][-1] == pytest.approx(wanted, rel=1e-12)
    assert plain.history["validation_loss"][-1] == pytest.approx(
        float(LOSS(NET(plain.params, HELD[0]), HELD[1]))
    )
    assert plain.history["validation_loss"][-1] != pytest.approx(wanted)


def test_they_are_restored_with_the_best_epoch() -> None:
    stopping, copies = bp.EarlyStopping(patience=2), Copies()
    run = trained(bp.SGD(1.1, averaging=0.5), epochs=40, callbacks=[stopping, copies], evaluate_averaged=True)
    assert 0 < stopping.best_epoch < len(copies.all)
    assert same(run.averaged, copies.all[stopping.best_epoch - 1])
    found = float(LOSS(NET(run.averaged, HELD[0]), HELD[1]))
    assert found == pytest.approx(stopping.best)


def test_so_they_are_in_a_run_that_goes_on(tmp_path: Path) -> None:
    def run(epochs: int) -> Any:
        stopping = bp.EarlyStopping(patience=30)
        options = {"callbacks": [stopping], "checkpoint": bp.Checkpoint(tmp_path / "c", every=1)}
        return trained(bp.SGD(1.1, averaging=0.5), epochs=epochs, evaluate_averaged=True, **options)

    run(4)
    resumed = run(12)
    (tmp_path / "c").unlink()
    assert same(resumed.averaged, run(12).averaged)
    with pytest.raises(FileError, match="another run: evaluate_averaged"):
        trained(
            bp.SGD(1.1, averaging=0.5),
            epochs=12,
            callbacks=[bp.EarlyStopping(patience=30)],
            checkpoint=tmp_path / "c",
        )


def test_they_are_saved_and_loaded(tmp_path: Path) -> None:
    net = bp.Chain(bp.Linear(4), bp.BatchNorm(), bp.Tanh(), bp.Linear(1))
    run = trained(net=net)
    loaded = bp.load(bp.save(tmp_path / "m", run))
    assert same(loaded.averaged, run.averaged)
    assert same(loaded.params, run.params)
    assert same(loaded.state, run.state)
    assert bp.load(bp.save(tmp_path / "n", trained(bp.SGD(0.1)))).averaged is None


def test_they_take_the_place_of_the_last_ones_by_choice(tmp_path: Path) -> None:
    run = trained()
    smooth = run.with_averaged()
    np.testing.assert_allclose(smooth.predict(X), NET(run.averaged, X), rtol=1e-12)
    loaded = bp.load(bp.save(tmp_path / "m", smooth))
    assert same(loaded.params, run.averaged)
    assert loaded.averaged is None


def test_where_there_are_none() -> None:
    with pytest.raises(OptionError, match="evaluate_averaged must be False without held-out samples and"):
        trained(bp.SGD(0.1), evaluate_averaged=True)
    with pytest.raises(OptionError, match="Give validation="):
        trained(validation=None, evaluate_averaged=True)
    with pytest.raises(OptionError, match="one whose optimizer averages"):
        trained(bp.SGD(0.1)).with_averaged()
