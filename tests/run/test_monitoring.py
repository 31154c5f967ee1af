"""`bp.Monitor`: each kind of advice is said once, while the run goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError

X = np.random.default_rng(0).normal(size=(40, 3))
Y = 300.0 + X[:, :1] ** 2
LOSS = bp.SquaredError()


def watched(net: Any, x: Any, y: Any, **options: Any) -> tuple[Any, list[str]]:
    said: list[str] = []
    watch = bp.Monitor(net, (x, y), loss=LOSS, **{"say": said.append} | options)
    bp.fit(net, (x, y), loss=LOSS, optimizer=bp.Adam(0.01), epochs=7, callbacks=[watch], progress=None)
    return watch, said


def test_each_kind_is_said_once(backend: Any) -> None:
    net = bp.Chain(bp.Linear(4), bp.BatchNorm(), bp.Tanh(), bp.Linear(1))
    with backend.reading():
        watch, said = watched(net, backend.array(X), backend.array(Y), every=3)
    assert [(epoch, [one.kind for one in new]) for epoch, new in watch.advice.items()] == [
        (3, ["target_scale"])
    ]
    assert len(said) == 1
    assert said[0].startswith("epoch 3: the targets have mean 301")


def test_it_looks_after_the_last_epoch() -> None:
    watch, _ = watched(bp.MLP([3, 1]), X, Y, every=100)
    assert list(watch.advice) == [7]


def test_a_healthy_run_hears_nothing() -> None:
    _, said = watched(bp.MLP([3, 8, 1]), X.tolist(), (Y - 301).tolist(), every=1)
    assert said == []


def test_it_warns_where_nobody_else_is_told() -> None:
    with pytest.warns(UserWarning, match="epoch 7: the targets have mean 301"):
        watched(bp.MLP([3, 1]), X, Y, every=7, say=None)


def test_it_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    net = bp.MLP([3, 4, 1])
    for epochs in (3, 6):
        watch = bp.Monitor(net, (X, Y), loss=LOSS, every=6, say=lambda words: None)
        run = bp.fit(
            net,
            (X, Y),
            loss=LOSS,
            optimizer=bp.Adam(0.01),
            epochs=epochs,
            callbacks=[watch],
            checkpoint=tmp_path / "run.ckpt",
            progress=None,
        )
    assert watch.kept()["history"] == run.history
    assert list(watch.advice) == [3]  # after the last epoch of the first


def test_it_changes_nothing_and_says_nothing_twice(tmp_path: Path) -> None:
    x = np.linspace(-1.0, 1.0, 20)[:, None]
    data, said = (x, 300.0 + x**2), []
    options = {"loss": bp.SquaredError(), "optimizer": bp.Adam(0.01), "progress": None}
    options |= {"checkpoint": tmp_path / "c"}
    net = bp.MLP([1, 8, 1])
    bp.fit(net, data, epochs=2, **options)
    for epochs in (4, 6, 8):  # a run that goes on with it, and again
        watch = bp.Monitor(net, data, loss=bp.SquaredError(), every=2, say=said.append)
        bp.fit(net, data, epochs=epochs, callbacks=[watch], **options)
        assert list(watch.advice) == [4]
    assert len(said) == 1
    bp.fit(net, data, epochs=9, **options)


def test_every_is_a_number_of_epochs() -> None:
    with pytest.raises(OptionError, match="every of Monitor"):
        bp.Monitor(bp.Linear(1), (X, Y), loss=LOSS, every=0)
