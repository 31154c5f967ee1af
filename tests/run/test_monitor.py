"""Advice: sick runs get theirs, healthy runs get none; both sets are labelled, and false alarms counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.trouble.advice import THRESHOLDS
from bpcore.run.trouble.signs_in_layers import signs_in_units

MSE, BCE, CE = bp.SquaredError(), bp.BinaryCrossEntropy(), bp.CrossEntropy()


class Case(NamedTuple):
    """A training, and what is wrong with it."""

    net: Any
    data: Any
    loss: Any
    optimizer: Any
    kind: str = ""
    epochs: int = 30
    batch_size: int | None = None


def plane(seed: int = 0, n: int = 120, columns: int = 3) -> Any:
    """Return features of one scale, and a smooth target of theirs with a little noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, columns))
    y = np.sin(x[:, :1]) + 0.5 * x[:, 1:2] + 0.1 * rng.normal(size=(n, 1))
    return x, y


def halves(seed: int = 0) -> Any:
    x, y = plane(seed)
    return x, (y > 0).astype(float)


def thirds(seed: int = 0) -> Any:
    x, y = plane(seed)
    return x, np.digitize(y[:, 0], [-0.5, 0.5])


def with_column(column: Callable[[Any, Any], Any], data: Any = None) -> Any:
    x, y = plane() if data is None else data
    return np.concatenate([x, column(x, y)], axis=1), y


def beside(data: Any, column: Callable[[Any], Any]) -> Any:
    """Return the data with what follows from the labels among the features."""
    x, y = data
    return np.concatenate([x, column(y)], axis=1), y


def in_windows() -> Any:
    """Return sequences of eight places and two channels, of three kinds."""
    x, y = plane(n=90, columns=16)
    return x.reshape(90, 8, 2), np.digitize(y[:, 0], [-0.5, 0.5])


def deep(activation: Any, depth: int, *, init: Any, outputs: int = 1) -> Any:
    layers = [part for _ in range(depth) for part in (bp.Linear(8, weight_init=init), activation)]
    return bp.Chain(*layers, bp.Linear(outputs, weight_init=init))


def wide(activation: Any, *, bias: float = 0.0, init: Any = None) -> Any:
    first = bp.Linear(16, weight_init=init or bp.Glorot(), bias_init=bp.Uniform(bias - 0.01, bias + 0.01))
    return bp.Chain(first, activation, bp.Linear(1))


GENTLE = bp.SGD(0.01)
SICK = {
    "biases far below zero": Case(wide(bp.Relu(), bias=-20.0), plane(), MSE, GENTLE, "dead_relu"),
    "one step too long": Case(
        bp.Chain(bp.Linear(16, weight_init=bp.He()), bp.Relu(), bp.Linear(1, weight_init=bp.He())),
        (plane()[0] + 5.0, plane()[1] - 3.0),
        MSE,
        bp.SGD(0.3, clip=bp.clip_by_global_norm(30.0)),
        "dead_relu",
        5,
    ),
    "sigmoids of large weights": Case(
        wide(bp.Sigmoid(), init=bp.Normal(1.0), bias=30.0), plane(), MSE, GENTLE, "saturated"
    ),
    "tanh of large features": Case(
        wide(bp.Tanh()), (plane()[0] * 0.1 + 20.0, plane()[1]), MSE, GENTLE, "saturated"
    ),
    "sigmoids, eight deep": Case(
        deep(bp.Sigmoid(), 8, init=bp.Glorot()), plane(), MSE, GENTLE, "vanishing", 5
    ),
    "tanhs of small weights, ten deep": Case(
        deep(bp.Tanh(), 10, init=bp.Normal(0.1)), halves(), BCE, GENTLE, "vanishing", 5
    ),
    "linear layers of large weights": Case(
        deep(bp.Identity(), 5, init=bp.Normal(3.0)), plane(), MSE, bp.SGD(1e-16), "exploding", 5
    ),
    "relus of large weights": Case(
        bp.Chain(
            bp.Linear(8, weight_init=bp.Normal(0.01)),
            *[part for _ in range(4) for part in (bp.Linear(8, weight_init=bp.Normal(20.0)), bp.Relu())],
            bp.Linear(1, weight_init=bp.Normal(20.0)),
        ),
        halves(),
        MSE,
        bp.SGD(1e-18),
        "exploding",
        5,
    ),
    "descent past the edge": Case(
        bp.MLP([3, 16, 1], activation="tanh"), plane(), MSE, bp.SGD(1.0), "rate", 60
    ),
    "Adam past the edge": Case(bp.MLP([3, 16, 1], activation="tanh"), plane(), MSE, bp.Adam(1.0), "rate", 60),
    "targets of hundreds": Case(
        bp.MLP([3, 8, 1]), (plane()[0], 300.0 + plane()[1]), MSE, bp.Adam(0.01), "target_scale"
    ),
    "targets of thousandths": Case(
        bp.MLP([3, 8, 1]), (plane()[0], 1e-3 * plane()[1]), MSE, bp.Adam(0.01), "target_scale"
    ),
    "a feature of thousands": Case(
        bp.MLP([3, 8, 1]), (plane()[0] * [1, 1, 2e3], plane()[1]), MSE, bp.Adam(0.01), "feature_scale"
    ),
    "features of ten-thousandths": Case(
        bp.MLP([3, 8, 1]), (1e-4 * plane()[0], plane()[1]), MSE, bp.Adam(0.01), "feature_scale"
    ),
    "a column of ones": Case(
        bp.MLP([4, 8, 1]), with_column(lambda x, y: np.ones_like(y)), MSE, bp.Adam(0.01), "constant_column"
    ),
    "the target among the features": Case(
        bp.MLP([4, 8, 1]), with_column(lambda x, y: y), MSE, bp.Adam(0.01), "leakage"
    ),
    "the label, scaled, among the features": Case(
        bp.MLP([4, 8, 1]), with_column(lambda x, y: 3 - 2 * y, halves()), BCE, bp.Adam(0.01), "leakage"
    ),
    "the label as zeros and ones among the features": Case(
        bp.MLP([6, 8, 3]), beside(thirds(), lambda y: np.eye(3)[y]), CE, bp.Adam(0.01), "leakage"
    ),
    "the label, renumbered, among the features": Case(
        bp.MLP([4, 8, 3]),
        beside(thirds(), lambda y: np.asarray([[5.0], [-1.0], [2.0]])[y]),
        *(CE, bp.Adam(0.01), "leakage"),
    ),
}
HEALTHY = {
    "relu, regression": Case(bp.MLP([3, 16, 1], activation="relu"), plane(), MSE, bp.Adam(0.01), epochs=100),
    "tanh, regression": Case(bp.MLP([3, 16, 1], activation="tanh"), plane(), MSE, bp.SGD(0.05), epochs=100),
    "sigmoid, two classes": Case(
        bp.MLP([3, 8, 1], activation="sigmoid"), halves(), BCE, bp.Adam(0.05), epochs=100
    ),
    "relu, three classes, batches": Case(
        bp.MLP([3, 16, 3], activation="relu"), thirds(), CE, bp.Adam(0.01), epochs=40, batch_size=16
    ),
    "a sigmoid at the end": Case(
        bp.Chain(bp.Linear(8), bp.Tanh(), bp.Linear(1), bp.Sigmoid()),
        halves(),
        bp.BinaryCrossEntropy(from_logits=False),
        bp.Adam(0.05),
        epochs=100,
    ),
    "relu, five deep": Case(deep(bp.Relu(), 5, init=bp.He()), plane(), MSE, bp.Adam(3e-3), epochs=60),
    "tanh, five deep": Case(
        deep(bp.Tanh(), 5, init=bp.Glorot()), halves(), BCE, bp.Momentum(0.05), epochs=60
    ),
    "linear": Case(bp.Linear(1), plane(), MSE, bp.SGD(0.1), epochs=60),
    "exclusive or": Case(
        bp.MLP([2, 8, 1], activation="tanh"),
        (np.asarray([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.asarray([[0.0], [1], [1], [0]])),
        BCE,
        bp.Adam(0.05),
        epochs=150,
    ),
    "irises": Case(
        bp.MLP([4, 16, 3], activation="relu"), "iris", CE, bp.Adam(0.01), epochs=60, batch_size=32
    ),
    "spiral": Case(
        bp.MLP([2, 16, 16, 1], activation="tanh"), "spiral", BCE, bp.Adam(0.01), epochs=60, batch_size=64
    ),
    "batch norm": Case(
        bp.Chain(bp.Linear(16), bp.BatchNorm(), bp.Relu(), bp.Linear(1)),
        *(plane(), MSE, bp.Adam(0.01)),
        epochs=40,
        batch_size=30,
    ),
    "dropout, a small rate": Case(
        bp.Chain(bp.Linear(16), bp.Relu(), bp.Dropout(0.3), bp.Linear(1)),
        *(halves(), BCE, bp.RMSprop(0.005)),
        epochs=40,
        batch_size=30,
    ),
    "very small batches": Case(
        bp.MLP([3, 8, 1], activation="relu"), plane(), MSE, bp.SGD(0.02), epochs=20, batch_size=4
    ),
    "targets of size 5, a related column": Case(
        bp.MLP([4, 8, 1]),
        with_column(lambda x, y: y + 0.1 * x[:, :1], (plane()[0], 5 * plane()[1])),
        *(MSE, bp.Adam(0.02)),
        epochs=60,
    ),
    "an autoencoder": Case(
        bp.MLP([3, 8, 3], activation="tanh"), (plane()[0], plane()[0]), MSE, bp.Adam(0.01), epochs=60
    ),
    "a line": Case(
        bp.Linear(1), (plane()[0][:, :1], 1.0 + 2.0 * plane()[0][:, :1]), MSE, bp.SGD(0.1), epochs=60
    ),
    "convolution": Case(
        bp.Chain(bp.Conv1D(6, 3), bp.Relu(), bp.Flatten(), bp.Linear(3)),
        in_windows(),
        CE,
        bp.Adam(0.01),
        epochs=40,
    ),
    "recurrent": Case(bp.Chain(bp.GRU(6), bp.Linear(3)), in_windows(), CE, bp.Adam(0.02), epochs=30),
    "residual": Case(
        bp.Chain(bp.Linear(8), bp.Residual(bp.Tanh(), bp.Linear(8)), bp.Linear(1)),
        *(plane(), MSE, bp.Adam(0.01)),
        epochs=60,
    ),
}


def data_of(case: Case) -> Any:
    if not isinstance(case.data, str):
        return case.data
    found = bp.datasets.iris() if case.data == "iris" else bp.datasets.spiral(60)
    x, y = (np.asarray(part) for part in (found.x, found.y))
    return ((x - x.mean(0)) / x.std(0), y)


def kinds(case: Case, *, known: bool = True, seed: int = 0) -> list[str]:
    data = data_of(case)
    options = {"batch_size": case.batch_size}
    run = bp.fit(
        case.net,
        data,
        loss=case.loss,
        optimizer=case.optimizer,
        epochs=case.epochs,
        seed=seed,
        progress=None,
        **options,
    )
    if known:
        return [one.kind for one in bp.monitor(run, data, optimizer=case.optimizer, **options)]
    return [one.kind for one in bp.monitor(run, data)]


def test_every_kind_has_a_sick_run_and_every_threshold_a_reason() -> None:
    assert {case.kind for case in SICK.values()} == {
        *("dead_relu", "saturated", "vanishing", "exploding", "rate"),
        *("target_scale", "feature_scale", "constant_column", "leakage"),
    }
    assert all(len(one.why) > 10 for one in THRESHOLDS.values())


def test_on_every_backend(backend: Any) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(40, 2)), np.ones((40, 1))], axis=1)
    x, y = backend.array(x), backend.array(50.0 + 2 * x[:, 1:2])
    with backend.reading():
        run = bp.fit(
            wide(bp.Relu(), bias=-20.0),
            (x, y),
            loss=MSE,
            optimizer=GENTLE,
            epochs=5,
            progress=None,
            backend=backend.backend,
            dtype=backend.float,
        )
        found = {one.kind: one for one in bp.monitor(run, (x, y), optimizer=GENTLE)}
    assert set(found) == {"constant_column", "leakage", "target_scale", "dead_relu"}
    assert found["leakage"].columns == (1,)
    assert found["constant_column"].columns == (2,)
    assert str(found["dead_relu"]).startswith("net[1] Relu: 16 of 16 units are 0 for all samples")


def test_answers_may_be_at_their_ends() -> None:
    params = [{"weight": np.full((3, 2), 100.0), "bias": np.asarray([500.0, 900.0])}, {}]
    for last, kinds in ((bp.Sigmoid(), []), (bp.Chain(bp.Sigmoid(), bp.Identity()), ["saturated"])):
        params[1] = [{}, {}] if isinstance(last, bp.Chain) else {}
        found = signs_in_units(bp.Chain(bp.Linear(2), last), params, plane()[0])
        assert [one.kind for one in found] == kinds


def test_numbers_of_larger_samples_are_no_columns() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4, 3))
    y = x[:, -1, :1]
    net = bp.Chain(bp.Flatten(), bp.Linear(1))
    run = bp.fit(net, (x, y), loss=MSE, optimizer=GENTLE, epochs=2, progress=None)
    (found,) = bp.monitor(run, (x, y))
    assert found.words == "number 9 of x is the target, up to a scale"


def test_a_carried_state_is_used(backend: Any) -> None:
    x, y = (backend.array(part) for part in plane(n=30))
    net = bp.Chain(bp.Linear(4), bp.BatchNorm(), bp.Tanh(), bp.Chain(bp.Linear(4), bp.Relu()), bp.Linear(1))
    with backend.reading():
        run = bp.fit(net, (x, y), loss=MSE, optimizer=bp.Adam(0.01), epochs=5, progress=None)
        assert bp.monitor(run, (x, y)) == ()


def test_the_sets_are_large_enough() -> None:
    assert len(SICK) >= 12
    assert len(HEALTHY) >= 12


@pytest.mark.parametrize("name", SICK)
def test_a_sick_run_gets_its_advice(name: str) -> None:
    assert SICK[name].kind in kinds(SICK[name])


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("known", [True, False], ids=["optimizer known", "optimizer unknown"])
def test_healthy_runs_raise_no_false_alarm(seed: int, *, known: bool) -> None:
    alarms = {name: kinds(case, known=known, seed=seed) for name, case in HEALTHY.items()}
    assert {name: found for name, found in alarms.items() if found} == {}


def test_large_features_are_not_the_targets_fault() -> None:
    x, y = plane()
    found = kinds(Case(bp.MLP([3, 8, 1]), (x * 1e4, y), MSE, bp.Adam(0.01)))
    assert "feature_scale" in found
    assert "target_scale" not in found


def test_a_rare_column_is_no_small_one() -> None:
    """Zeros, and a one here and there, beside others of size 1."""
    x, y = plane()
    rare = np.concatenate([x, np.eye(120)[:, :1]], axis=1)
    assert kinds(Case(bp.MLP([4, 8, 1]), (rare, y), MSE, bp.Adam(0.01), epochs=60)) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"optimizer": "adam"}, "optimizer of monitor must be .*, was given 'adam'"),
        ({"batch_size": -1}, "batch_size of monitor must be a whole number, 1 or more, was given -1"),
    ],
)
def test_options_that_are_none_are_refused(options: dict[str, Any], said: str) -> None:
    run = bp.fit(bp.Linear(1), plane(), loss=MSE, optimizer=GENTLE, epochs=1, progress=None)
    with pytest.raises(bp.OptionError, match=said):
        bp.monitor(run, **options)
