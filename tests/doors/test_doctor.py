"""`bp.doctor`: the change that is advised is made, and the run is better for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.trouble.advice import Advice
from bpcore.words.errors import OptionError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = np.sin(X[:, :1]) + 0.5 * X[:, 1:2] + 0.1 * RNG.normal(size=(120, 1))
MSE = bp.SquaredError()


def far(init: Any = None, bias: float = 0.0, activation: Any = None) -> Any:
    first = bp.Linear(16, weight_init=init or bp.Glorot(), bias_init=bp.Uniform(bias - 0.01, bias + 0.01))
    return bp.Chain(first, activation or bp.Relu(), bp.Linear(1))


SICK = {
    "rate": (bp.MLP([3, 16, 1], activation="tanh"), X, Y, bp.SGD(1.0), "rate 1 to 0.33"),
    "dead": (far(bias=-20.0), X, Y, bp.SGD(0.05), "Gelu in place of Relu"),
    "saturated": (far(bias=30.0, activation=bp.Sigmoid()), X, Y, bp.SGD(0.05), "weights from Glorot()"),
    "features": (bp.MLP([3, 8, 1]), X * [1, 1, 2e3], Y, bp.Adam(0.003), "features of mean 0"),
    "targets": (bp.MLP([3, 8, 1]), X, 300.0 + Y, bp.Adam(0.01), "targets of mean 0"),
    "vanishing": (
        bp.Chain(*[part for _ in range(8) for part in (bp.Linear(8), bp.Sigmoid())], bp.Linear(1)),
        *(X, Y, bp.SGD(0.03), "Relu in place of Sigmoid and Tanh"),
    ),
}


def trained(net: Any, x: Any, y: Any, optimizer: Any, epochs: int = 60) -> Any:
    return bp.fit(net, (x, y), loss=MSE, optimizer=optimizer, epochs=epochs, progress=None)


@pytest.mark.parametrize("name", SICK)
def test_a_sick_run_is_better_after_its_change(name: str) -> None:
    net, x, y, optimizer, change = SICK[name]
    run = trained(net, x, y, optimizer)
    checkup = bp.doctor(run, (x, y), optimizer=optimizer)
    assert any(one.startswith(change) for one in checkup.changes)
    assert checkup.before == run.history
    assert checkup.after["loss"][-1] < 0.8 * checkup.before["loss"][-1]
    assert checkup.left == ()
    assert all(one in str(checkup) for one in checkup.changes)


def test_a_leaking_column_is_left_out() -> None:
    x = np.concatenate([X, Y, np.ones_like(Y)], axis=1)
    run = trained(bp.MLP([5, 8, 1]), x, Y, bp.Adam(0.01))
    checkup = bp.doctor(run, (x, Y), optimizer=bp.Adam(0.01), epochs=3)
    assert checkup.changes == ("columns 3, 4 left out",)
    assert checkup.run.features == (3,)
    assert len(checkup.after["loss"]) == 3


def test_a_healthy_run_is_left_alone() -> None:
    run = trained(bp.MLP([3, 8, 1]), X, Y, bp.Adam(0.01), 20)
    checkup = bp.doctor(run, (X, Y), optimizer=bp.Adam(0.01))
    assert (checkup.changes, str(checkup)) == ((), "nothing was found")
    assert checkup.run is run
    assert checkup.after == checkup.before


def test_the_losses_of_scaled_targets_are_in_the_old_unit() -> None:
    run = trained(bp.Linear(1), X, 100.0 * Y, bp.SGD(0.0), 2)
    checkup = bp.doctor(run, (X, 100.0 * Y), optimizer=bp.SGD(0.0))
    scaled = 100.0 * (Y - Y.mean()) / Y.std() * Y.std()
    same = trained(bp.Linear(1), X, scaled / (100.0 * Y.std()), bp.SGD(0.0), 2)
    assert checkup.after["loss"][0] == pytest.approx(same.history["loss"][0] * (100.0 * Y.std()) ** 2)


def test_on_another_backend(backend: Any) -> None:
    x, y = backend.array(X), backend.array(300.0 + Y)
    how = {"optimizer": bp.Adam(0.01), "batch_size": 40}
    with backend.reading():
        run = bp.fit(bp.MLP([3, 4, 1]), (x, y), loss=MSE, epochs=5, progress=None, **how)
        checkup = bp.doctor(run, (x, y), **how)
    assert checkup.changes == ("targets of mean 0 and standard deviation 1",)
    assert checkup.run.backend.name == run.backend.name


def test_both_curves_are_drawn() -> None:
    pytest.importorskip("matplotlib")
    run = trained(bp.MLP([3, 8, 1]), X, 300.0 + Y, bp.Adam(0.01), 10)
    ax = bp.doctor(run, (X, 300.0 + Y), optimizer=bp.Adam(0.01)).plot()
    assert [line.get_label() for line in ax.lines] == [
        "as it was",
        "targets of mean 0 and standard deviation 1",
    ]
    assert ax.get_yscale() == "log"


def test_what_it_cannot_treat_is_refused() -> None:
    run = trained(bp.Linear(1), X, Y, bp.SGD(0.1), 5)
    with pytest.raises(OptionError, match="optimizer of doctor must be one that makes steps"):
        bp.doctor(run, (X, Y), optimizer=bp.LBFGS())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": 0}, "epochs of doctor must be a whole number, 1 or more, was given 0"),
        ({"batch_size": -1}, "batch_size of doctor must be a whole number, 1 or more, was given -1"),
        ({"advice": ["target_scale"]}, "advice of doctor must be some of what bpcore.monitor returned"),
        ({"advice": "rate"}, "advice of doctor must be some of what bpcore.monitor returned"),
    ],
)
def test_options_that_are_none_are_refused(options: dict[str, Any], said: str) -> None:
    run = trained(bp.Linear(1), X, Y, bp.SGD(0.1), 2)
    with pytest.raises(OptionError, match=said):
        bp.doctor(run, **options)


def test_rows_that_are_made_pictures_keep_their_places() -> None:
    """The corners of digits are empty in all of them, which is no fault of theirs."""
    x = np.random.default_rng(0).normal(size=(40, 16))
    x[:, 0] = 0.0
    net = bp.Chain(bp.Reshape((4, 4, 1)), bp.Conv2D(2, 3), bp.Relu(), bp.Flatten(), bp.Linear(1))
    run = bp.fit(
        net,
        (x, x[:, 1:2] + x[:, 5:6]),
        loss=bp.SquaredError(),
        optimizer=bp.Adam(0.01),
        epochs=5,
        progress=None,
    )
    assert "constant_column" not in [one.kind for one in bp.monitor(run)]
    told = Advice(kind="leakage", words="", what_to_do="", option="columns", columns=(3,))
    assert bp.doctor(run, advice=[told], epochs=2).changes == ()
