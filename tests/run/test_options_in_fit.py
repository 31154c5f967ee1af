"""Options of optimizers through fit: batches that are gathered, averages, freezing, schedules in scans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.trees import leaves

RNG = np.random.default_rng(8)
X = RNG.normal(size=(32, 3))
Y = (X @ [1.0, -1.0, 0.5] + 0.3 * RNG.normal(size=32) > 0).astype(float)[:, None]
NET = bp.MLP([3, 4, 1], activation="tanh")


def trained(optimizer: Any, **options: Any) -> Any:
    settings: dict[str, Any] = {
        "loss": bp.BinaryCrossEntropy(),
        "epochs": 4,
        "batch_size": 8,
        "progress": None,
    }
    return bp.fit(NET, (X, Y), optimizer=optimizer, **(settings | options))


def close(one: Any, other: Any, rtol: float = 1e-10) -> None:
    for found, wanted in zip(leaves(one), leaves(other), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-13)


def test_gathered_batches_are_larger_batches() -> None:
    schedule = bp.Warmup(bp.Cosine(0.1, steps=6), steps=2)
    one, other = trained(bp.Adam(schedule, accumulate=2)), trained(bp.Adam(schedule), batch_size=16)
    close(one.params, other.params)


def test_more_batches_gathered_than_there_are_are_refused() -> None:
    trained(bp.SGD(0.1, accumulate=16))
    with pytest.raises(bp.OptionError, match="accumulate must be at most 16, as many as the run has batches"):
        trained(bp.SGD(0.1, accumulate=17))
    with pytest.raises(bp.OptionError, match="accumulate must be at most 4"):
        trained(bp.SGD(0.1, accumulate=5), batch_size=None)


@pytest.mark.parametrize("size", [None, 8])
def test_compiled_and_not(size: int | None) -> None:
    optimizer = bp.AdamW(
        bp.OneCycle(0.05, steps=40),
        clip=bp.clip_by_global_norm(0.1),
        groups={"*.bias": bp.Group(factor=0.5, decay=0.0)},
        averaging=0.9,
        accumulate=2,
    )
    one, other = (
        trained(optimizer, batch_size=size, epochs=70, compiled=compiled) for compiled in (True, False)
    )
    close(one.params, other.params, 1e-8)
    close(one.averaged, other.averaged, 1e-8)
    assert one.history["loss"] == pytest.approx(other.history["loss"], rel=1e-9)


def test_a_run_has_its_average() -> None:
    run = trained(bp.SGD(0.5, averaging=0.5))
    assert trained(bp.SGD(0.5)).averaged is None
    assert any((a != p).any() for a, p in zip(leaves(run.averaged), leaves(run.params), strict=True))
    smooth = replace(run, params=run.averaged)
    np.testing.assert_allclose(smooth.predict(X), NET(run.averaged, X))
    still = trained(bp.SGD(0.0, averaging=0.5))
    close(still.averaged, still.params)


def test_a_frozen_layer_keeps_its_bits() -> None:
    start = NET.init(bp.key(4), (3,), dtype=X.dtype)
    run = trained(bp.Adam(0.1, freeze="0.*"), params=start)
    assert run.params[0]["weight"].tobytes() == start[0]["weight"].tobytes()
    assert run.params[0]["bias"].tobytes() == start[0]["bias"].tobytes()
    assert (run.params[2]["weight"] != start[2]["weight"]).all()
    assert run.history["loss"][-1] < run.history["loss"][0]


@pytest.mark.parametrize(
    "optimizer",
    [
        bp.AdamW(
            bp.Warmup(bp.Cosine(0.05, steps=60), steps=5),
            clip=bp.clip_by_global_norm(0.1),
            groups={"0.*": bp.Group(factor=0.5, decay=0.1)},
            freeze="2.bias",
            averaging=0.9,
            accumulate=3,
        ),
        bp.SGD(bp.ReduceOnPlateau(1.0, patience=0, threshold=0.3)),
        bp.RAdam(bp.OneCycle(0.05, steps=60)),
        bp.Lion(1e-3),
        bp.LBFGS(memory=3),
    ],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_a_run_that_is_resumed_ends_in_the_same_bits(optimizer: Any, tmp_path: Path) -> None:
    options: dict[str, Any] = {"penalty": bp.L2(1e-3), "sample_weight": np.linspace(0.0, 1.0, 32)}
    options["batch_size"] = None if isinstance(optimizer, bp.LBFGS) else 8
    whole = trained(optimizer, epochs=9, **options)
    trained(optimizer, epochs=4, checkpoint=tmp_path / "run", **options)
    resumed = trained(optimizer, epochs=9, checkpoint=tmp_path / "run", **options)
    assert resumed.history == whole.history
    for found, wanted in zip(
        leaves([resumed.params, resumed.averaged]), leaves([whole.params, whole.averaged]), strict=True
    ):
        assert found.tobytes() == wanted.tobytes()


def test_a_loss_that_diverges_says_the_rate_that_it_had() -> None:
    with np.errstate(all="ignore"), pytest.raises(bp.BpcoreError, match=r"\(it was 1e\+30\)"):
        bp.fit(
            bp.Linear(1),
            (X, Y),
            loss=bp.SquaredError(),
            optimizer=bp.SGD(bp.StepDecay(1e30, every=1000)),
            epochs=40,
            progress=None,
        )
