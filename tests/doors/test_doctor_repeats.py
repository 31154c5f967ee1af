"""`bp.doctor` trains the run that it is asked about: all as it was, and the one change."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.trouble.advice import Advice

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.sin(X[:, :1]) + 0.5 * X[:, 1:2]
LABELS = (Y[:, 0] > 0.3).astype(int)
NET = bp.MLP([3, 6, 1], activation="tanh")
START = NET.init(bp.key(5), (3,), dtype=X.dtype)
RATE = Advice(kind="rate", words="w", what_to_do="d", option="rate")
TARGETS = Advice(kind="target_scale", words="w", what_to_do="d", option="targets")
INPUTS = Advice(kind="feature_scale", words="w", what_to_do="d", option="inputs")
COLUMNS = Advice(kind="leakage", words="w", what_to_do="d", option="columns", columns=(1,))


def trained(data: Any = (X, Y), net: Any = NET, **options: Any) -> Any:
    settings: dict[str, Any] = {"loss": bp.SquaredError(), "optimizer": bp.Adam(0.03), "epochs": 5}
    return bp.fit(net, data, progress=None, **(settings | options))


OPTIONS: dict[str, dict[str, Any]] = {
    "seed": {"seed": 7, "batch_size": 16},
    "penalty": {"penalty": bp.L2(1.0)},
    "share": {"validation": 0.25, "metrics": ["mae", "r2"], "batch_size": 16},
    "held": {"validation": (X[:9] + 0.1, Y[:9], np.arange(9.0))},
    "weights": {"sample_weight": np.linspace(0.0, 2.0, 60)},
    "start": {"params": START},
    "averages": {"validation": 0.25, "evaluate_averaged": True, "optimizer": bp.SGD(0.1, averaging=0.9)},
    "eager": {"compiled": False, "batch_size": 16},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_with_all_that_it_was_trained_with(name: str) -> None:
    optimizer = {"optimizer": bp.Adam(0.03)}
    options = optimizer | OPTIONS[name]
    run = trained(**options)
    checkup = bp.doctor(run, advice=[RATE])
    old = options["optimizer"]
    lower = replace(old, rate=float(f"{old.rate / 3:.2g}"))
    assert checkup.before == run.history
    assert checkup.after == trained(**(options | {"optimizer": lower})).history


def test_classes_take_turns_and_weigh_what_they_did() -> None:
    options: dict[str, Any] = {"loss": bp.CrossEntropy(), "balanced": True, "batch_size": 8, "seed": 3}
    options |= {"class_weight": {0: 2.0}, "net": bp.MLP([3, 6, 2]), "data": (X, LABELS)}
    checkup = bp.doctor(trained(**options), advice=[RATE])
    assert checkup.after == trained(**options, optimizer=bp.Adam(0.01)).history


def test_held_out_samples_are_changed_as_the_others_are() -> None:
    held = X[:9] * [1.0, 2.0, 3.0], Y[:9], np.arange(9.0)
    run = trained(validation=held)
    checkup = bp.doctor(run, advice=[INPUTS, TARGETS, COLUMNS])
    mean, size = X.mean(axis=0), X.std(axis=0)
    middle, unit = Y.mean(), Y.std()
    columns = [0, 2]
    wanted = trained(
        (((X - mean) / size)[:, columns], (Y - middle) / unit),
        bp.MLP([2, 6, 1], activation="tanh"),
        validation=(((held[0] - mean) / size)[:, columns], (held[1] - middle) / unit, held[2]),
    )
    for column in ("loss", "validation_loss"):
        found = np.asarray(checkup.after[column]) / unit**2
        np.testing.assert_allclose(found, wanted.history[column], rtol=1e-9)


def test_a_penalty_weighs_as_much_beside_the_loss_in_the_old_unit() -> None:
    run = trained((X, 10.0 * Y), penalty=bp.L2(0.5), optimizer=bp.SGD(0.0), params=START)
    checkup = bp.doctor(run, advice=[TARGETS])
    unit = (10.0 * Y).std()
    of_weights = float(bp.L2(0.5)(START))
    scaled = (10.0 * Y - 10.0 * Y.mean()) / unit
    wanted = float(bp.SquaredError()(NET(START, X), scaled)) * unit**2 + of_weights
    assert checkup.after["loss"][0] == pytest.approx(wanted)


def test_huber_and_schedules_are_changed_too() -> None:
    run = trained(
        (X, 300.0 + Y), loss=bp.Huber(2.0), optimizer=bp.Adam(bp.Warmup(bp.Cosine(0.3, steps=9), steps=2))
    )
    checkup = bp.doctor(run, advice=[TARGETS, RATE])
    assert checkup.changes[0] == "targets of mean 0 and standard deviation 1"
    assert checkup.changes[1].startswith("rate Warmup(")
    assert checkup.run.recipe is not None
    rate: Any = checkup.run.recipe.optimizer.rate
    assert rate.then.rate == pytest.approx(0.1)
    unit = Y.std()
    start = NET.init(bp.split(bp.key(0), 3)[0], (3,), dtype=X.dtype)
    wanted = float(bp.Huber(2.0)(unit * NET(start, X), Y - Y.mean()))
    assert checkup.run.first_loss * unit**2 == pytest.approx(wanted)


def test_an_embedding_is_not_drawn_anew_as_if_it_were_a_layer_of_weights() -> None:
    net = bp.Chain(bp.Embedding(5, 4), bp.Flatten(), bp.Linear(1))
    data = RNG.integers(0, 5, size=(20, 2)), RNG.normal(size=(20, 1))
    run = trained(data, net)
    checkup = bp.doctor(
        run, advice=[Advice(kind="exploding", words="w", what_to_do="d", option="weight_init")]
    )
    assert checkup.run.net.layers[0] == net.layers[0]  # type: ignore[attr-defined]


def test_what_diverges_still_is_said() -> None:
    run = trained(net=bp.MLP([3, 8, 1]), epochs=3)
    checkup = bp.doctor(run, (X * 1e100, Y), optimizer=bp.SGD(1e30), advice=[RATE])
    assert checkup.changes == ()
    assert checkup.run is run
    assert checkup.after == checkup.before
    assert checkup.diverged[0].startswith("rate 1e+30 to ")
    assert str(checkup).endswith("With that it diverged.")
    assert "the last loss" not in str(checkup).lower()


def test_only_the_changes_that_were_trained_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.doors import doctor

    run = trained(epochs=3)
    said = iter([(TARGETS,), (INPUTS,), (), ()])
    monkeypatch.setattr(doctor, "monitor", lambda *_, **__: next(said))
    real, calls = doctor.fit, []

    def fit(*args: Any, **options: Any) -> Any:
        calls.append(options)
        if len(calls) > 1:
            raise bp.Diverged("the loss became nan", 1, 0.1)
        return real(*args, **options)

    monkeypatch.setattr(doctor, "fit", fit)
    checkup = bp.doctor(run)
    assert checkup.changes == ("targets of mean 0 and standard deviation 1",)
    assert checkup.diverged[:2] == (*checkup.changes, "features of mean 0 and standard deviation 1")
    assert len(checkup.run.history["loss"]) == 3


def test_a_run_that_diverged_is_treated() -> None:
    with pytest.raises(bp.Diverged) as caught:
        trained(optimizer=bp.SGD(3.0), net=bp.MLP([3, 8, 1]), epochs=20, batch_size=10)
    run = caught.value.run
    assert isinstance(run, bp.Run)
    assert [one.kind for one in bp.monitor(run)][-1] == "rate"
    checkup = bp.doctor(run)
    assert checkup.changes[0].startswith("rate 3 to ")
    assert len(checkup.after["loss"]) == 20
    assert math.isfinite(checkup.after["loss"][-1])
    assert "it was nan" in str(checkup) or "it was inf" in str(checkup)


def test_a_loaded_run_is_to_be_given_its_data_and_optimizer(tmp_path: Path) -> None:
    loaded = bp.load(bp.save(tmp_path / "m", trained(epochs=3)))
    with pytest.raises(bp.OptionError, match="data of doctor must be the samples"):
        bp.doctor(loaded)
    with pytest.raises(bp.OptionError, match="data of monitor must be the samples"):
        bp.monitor(loaded)
    with pytest.raises(bp.OptionError, match="optimizer of doctor must be one that makes steps"):
        bp.doctor(loaded, (X, Y))
    assert bp.doctor(loaded, (X, Y), optimizer=bp.Adam(0.03)).run is loaded


def test_a_stream_is_to_be_given_as_arrays() -> None:
    run = trained(lambda: [(X, Y)], epochs=3)
    with pytest.raises(bp.OptionError, match="data of doctor must be the samples"):
        bp.doctor(run)
    assert bp.doctor(run, (X, Y), advice=[RATE]).changes == ("rate 0.03 to 0.01",)
