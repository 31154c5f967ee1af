"""Why a loss rose: the notebook's spiral at its own rate, at a lower one, and what cannot be explained."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.trouble.diagnosis import diagnosed, limit
from bpcore.run.trouble.repetition import Repetition, first_difference
from tests.run.notebook_spiral import DATA, KNOWN, LOSS, NET, start


def repetition(optimizer: Any, **options: Any) -> Repetition:
    given = {"net": NET, "data": DATA, "loss": LOSS, "backend": bp.backend("numpy"), "dtype": "float64"}
    return Repetition(**(given | {"optimizer": optimizer, "params": start()} | options))


def test_the_notebooks_spike_is_a_step_that_is_too_long() -> None:
    again = repetition(bp.SGD(0.5))
    run = again.run(1000)
    seen = diagnosed(run, DATA, repetition=again)
    spike, band = seen.worst, KNOWN["run_lr_0.5_as_published"]["ensemble_40_sample_orders"]
    assert spike is not None
    assert band["spike_loss"][0] <= spike.height <= band["spike_loss"][2]
    assert band["spike_epoch"][0] <= spike.peak <= band["spike_epoch"][2]
    low, _, high = band["min_accuracy_after_100"]
    assert low <= seen.lowest_accuracy <= high
    assert (seen.optimizer, seen.rate, seen.full_batch, seen.limit) == ("SGD", 0.5, True, 4.0)
    assert seen.before is not None
    assert seen.before.epoch == spike.start - 1
    assert seen.before.loss == run.history["loss"][spike.start - 2]
    assert seen.before.sharpness > 4.0 > 0.5 * seen.before.sharpness
    assert seen.back is not None
    assert seen.end is not None
    assert seen.back.sharpness < 4.0
    assert seen.end.sharpness < 2.0
    assert seen.advised < 2 / seen.before.sharpness
    assert [(trial.rate, trial.spikes, trial.rising) for trial in seen.trials] == [(seen.advised, 0, 0)]
    assert seen.differs is None


def test_at_rate_0_2_there_is_nothing_to_explain() -> None:
    again = repetition(bp.SGD(0.2))
    seen = diagnosed(again.run(1000), DATA, repetition=again)
    assert (seen.rising, seen.spikes, seen.worst, seen.before) == (0, (), None, None)
    assert seen.end is not None
    assert seen.end.sharpness < seen.limit == 10.0
    assert math.isnan(seen.advised)


def test_a_rate_is_lowered_until_no_spike_is_left() -> None:
    again = repetition(bp.SGD(2.0))
    seen = diagnosed(again.run(250), DATA, repetition=again)
    assert len(seen.spikes) > 1
    assert seen.worst == max(seen.spikes, key=lambda spike: spike.height)
    assert seen.trials[-1].spikes == 0
    assert seen.advised == seen.trials[-1].rate
    assert all(b.rate < a.rate for a, b in zip(seen.trials, seen.trials[1:], strict=False))


def test_without_optimizer_or_data_the_curve_is_all_there_is() -> None:
    run = repetition(bp.SGD(0.5)).run(160)
    bare = diagnosed(run)
    assert bare.worst is not None
    assert (bare.end, bare.before, bare.full_batch, bare.optimizer) == (None, None, None, "")
    with_data = diagnosed(run, DATA)
    assert with_data.end is not None
    assert with_data.end.epoch == 161


def test_another_start_is_noticed() -> None:
    run = repetition(bp.SGD(0.5)).run(160)
    seen = diagnosed(run, DATA, repetition=repetition(bp.SGD(0.5), params=None))
    assert (seen.before, seen.differs, seen.trials) == (None, 1, ())


def test_a_run_that_took_an_hour_is_not_repeated() -> None:
    again = repetition(bp.SGD(0.5))
    seen = diagnosed(replace(again.run(160), seconds=3600.0), DATA, repetition=again)
    assert seen.too_long
    assert (seen.before, seen.differs, seen.trials) == (None, None, ())
    assert seen.limit == 4.0


@pytest.mark.parametrize("options", [{"batch_size": 100}, {"optimizer": bp.Adam(0.5)}])
def test_no_limit_is_claimed_where_none_is_known(options: Any) -> None:
    again = repetition(**({"optimizer": bp.SGD(0.9)} | options))
    seen = diagnosed(again.run(60), DATA, repetition=again)
    assert math.isnan(seen.limit)
    assert seen.before is None
    assert seen.end is not None


@pytest.mark.parametrize(
    ("kind", "options"), [(bp.SGD, {}), (bp.Momentum, {"momentum": 0.8}), (bp.Nesterov, {"momentum": 0.8})]
)
def test_the_limit_is_where_descent_on_a_parabola_turns(kind: Any, options: Any) -> None:
    """On c/2 w^2 the loss falls in the end with a curvature just below the limit, and grows just above it."""
    curvature = limit(kind(0.1, **options))
    ends = []
    for factor in (0.98, 1.02):
        optimizer = kind(0.1, **options)
        params, state = {"w": np.asarray(1.0)}, optimizer.init({"w": np.asarray(1.0)})
        for _ in range(2000):
            params, state = optimizer.update(params, {"w": factor * curvature * params["w"]}, state)
        ends.append(abs(float(params["w"])))
    assert ends[0] < 1e-3
    assert ends[1] > 1e3


def test_a_seed_repeats_a_run_from_its_first_epoch() -> None:
    again = repetition(bp.SGD(0.1), params=None, batch_size=64, seed=5)
    run = bp.fit(NET, DATA, loss=LOSS, optimizer=bp.SGD(0.1), epochs=3, batch_size=64, seed=5)
    params, losses = again.seen_in(4)
    assert losses == run.history["loss"]
    np.testing.assert_array_equal(params[0]["weight"], run.params[0]["weight"])
    params, losses = again.seen_in(1)
    assert losses == []
    one = bp.fit(NET, DATA, loss=LOSS, optimizer=bp.SGD(0.0), epochs=1, seed=5)
    np.testing.assert_array_equal(params[0]["weight"], one.params[0]["weight"])


def test_where_losses_part() -> None:
    assert first_difference([1.0, 0.5, 0.4], [1.0, 0.5001, 0.3]) == 3
    assert first_difference([1.0, 0.5], [1.0, 0.5, 0.3]) is None
