"""Weights of samples and of classes through fit: batches, scans, validation, averages, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.feeding.place import Place
from bpcore.run.feeding.weights import class_weighted
from bpcore.words.errors import DataError, OptionError, ShapeError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(30, 3))
Y = (X[:, 0] + 0.5 * RNG.normal(size=30) > 0.9).astype(np.int64) + (X[:, 0] > 0.5)
W = RNG.integers(0, 4, size=30).astype(float)
NET = bp.Linear(3)
ONE_EACH = "sample_weight wants 30 weights, one a sample, was given"
HOLDS, ARE = "sample_weight holds", "weights are finite numbers, 0 or more."
BY_CLASS = "class_weight must be 3 finite numbers, 0 or more, one a class, was given"


def trained(x: Any = X, y: Any = Y, **options: Any) -> Any:
    settings: dict[str, Any] = {
        "loss": bp.CrossEntropy(),
        "optimizer": bp.SGD(0.3),
        "epochs": 5,
        "progress": None,
    }
    return bp.fit(NET, (x, y), **(settings | options))


def test_a_weight_of_2_is_a_sample_given_twice() -> None:
    repeated = np.repeat(np.arange(30), W.astype(int))
    one, other = trained(sample_weight=W), trained(X[repeated], Y[repeated])
    np.testing.assert_allclose(one.params["weight"], other.params["weight"], rtol=1e-12)
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(one.history[name], other.history[name], rtol=1e-12)


def test_weights_of_1_are_none() -> None:
    for size in (None, 8):
        one, other = trained(sample_weight=np.ones(30), batch_size=size), trained(batch_size=size)
        np.testing.assert_allclose(one.params["weight"], other.params["weight"], rtol=1e-12)
        np.testing.assert_allclose(one.history["loss"], other.history["loss"], rtol=1e-12)


@pytest.mark.parametrize("size", [None, 8])
def test_on_every_axis(backend: Any, size: int | None) -> None:
    """Compiled and not, in batches and whole, on each library: the same numbers."""
    wanted = trained(sample_weight=W, class_weight={1: 2.0}, batch_size=size, compiled=False)
    with backend.reading():
        found = trained(
            backend.array(X),
            backend.array(Y, "int32"),
            sample_weight=backend.array(W),
            class_weight={1: 2.0},
            batch_size=size,
        )
    precise = 1e-10 if backend.backend.float64 else 1e-4
    np.testing.assert_allclose(found.history["loss"], wanted.history["loss"], rtol=precise)
    np.testing.assert_allclose(
        backend.host(found.params["weight"]), wanted.params["weight"], rtol=precise, atol=1e-4
    )


def test_many_whole_epochs_in_one_call() -> None:
    """More epochs than are made one by one: a backend with a loop scans over them."""
    one, other = trained(sample_weight=W, epochs=200), trained(sample_weight=W, epochs=200, compiled=False)
    assert one.history["loss"] == pytest.approx(other.history["loss"], rel=1e-10)


def test_an_epoch_is_the_mean_over_the_weight() -> None:
    """At rate 0 the epoch's loss in batches is the loss of all: batches weigh what their samples do."""
    whole = trained(sample_weight=W, optimizer=bp.SGD(0.0), epochs=1)
    parts = trained(sample_weight=W, optimizer=bp.SGD(0.0), epochs=1, batch_size=7)
    for name in ("loss", "accuracy"):
        assert parts.history[name] == pytest.approx(whole.history[name], rel=1e-12)
    assert set(parts.history) == {"loss", "accuracy"}


def test_classes_by_scikit_learn() -> None:
    learn = pytest.importorskip("sklearn.utils.class_weight")
    place, loss = Place.of(X, None, None), bp.CrossEntropy()
    data = (X, Y.astype(np.int32))
    own = np.asarray([0.5, 2.0, 3.0])
    for by_class, wanted in (
        ("balanced", "balanced"),
        ({1: 2.0}, {0: 1.0, 1: 2.0, 2: 1.0}),
        (own, dict(enumerate(own))),
    ):
        *_, found = class_weighted(place, data, loss, 3, by_class)
        np.testing.assert_allclose(found, learn.compute_sample_weight(wanted, Y), rtol=1e-12)
        *_, found = class_weighted(place, (*data, W), loss, 3, by_class)
        np.testing.assert_allclose(found, W * learn.compute_sample_weight(wanted, Y), rtol=1e-12)
    *_, found = class_weighted(place, data, loss, 5, "balanced")  # two classes have no samples
    np.testing.assert_allclose(found, learn.compute_sample_weight("balanced", Y), rtol=1e-12)


@pytest.mark.parametrize("loss", [bp.BinaryCrossEntropy(), bp.BinaryFocal(), bp.Hinge()])
def test_two_classes(loss: Any) -> None:
    place, y = Place.of(X, None, None), (Y > 0).astype(float)[:, None]
    *_, found = class_weighted(place, (X, y), loss, 1, {1: 3.0})
    np.testing.assert_array_equal(found, np.where(y[:, 0] > 0, 3.0, 1.0))
    *_, found = class_weighted(place, (X, y[:, 0]), loss, 1, [0.5, 2.0])
    np.testing.assert_array_equal(found, np.where(y[:, 0] > 0, 2.0, 0.5))


def test_signed_classes_of_the_hinge() -> None:
    place, y = Place.of(X, None, None), np.where(Y > 0, 1.0, -1.0)
    *_, found = class_weighted(place, (X, y), bp.Hinge(), 1, {-1: 3.0})
    np.testing.assert_array_equal(found, np.where(y < 0, 3.0, 1.0))


def test_what_is_held_out_is_not_weighed_by_class() -> None:
    options: dict[str, Any] = {"optimizer": bp.SGD(0.0), "epochs": 1}
    plain = trained(validation=(X, Y), **options).history
    classes = trained(validation=(X, Y), class_weight="balanced", **options).history
    assert classes["validation_loss"] == plain["validation_loss"]
    assert classes["loss"] != plain["loss"]
    weighted = trained(validation=(X, Y, W), **options).history
    assert weighted["validation_loss"] == pytest.approx(trained(sample_weight=W, **options).history["loss"])
    shared = trained(validation=0.4, sample_weight=W, **options).history
    assert shared["validation_loss"] != trained(validation=0.4, **options).history["validation_loss"]


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"sample_weight": W[:7]}, ShapeError, f"{ONE_EACH} shape (7,)."),
        ({"sample_weight": W[:, None]}, ShapeError, f"{ONE_EACH} shape (30, 1)."),
        (
            {"sample_weight": np.where(np.arange(30) == 4, -1.0, W)},
            DataError,
            f"{HOLDS} -1 at index 4: {ARE}",
        ),
        (
            {"sample_weight": np.where(np.arange(30) == 9, np.nan, W)},
            DataError,
            f"{HOLDS} nan at index 9: {ARE}",
        ),
        ({"sample_weight": np.zeros(30)}, DataError, f"{HOLDS} only zeros: no sample would count."),
        (
            {"sample_weight": ["a"] * 30},
            DataError,
            "sample_weight must be real numbers, was given an array of",
        ),
        ({"validation": (X, Y, W[:3])}, ShapeError, "weights of the validation data wants 30 weights, one a"),
        ({"validation": (X,)}, OptionError, "validation must be a pair (x, y), was given 'tuple of 1'."),
        (
            {"class_weight": "balance"},
            OptionError,
            'class_weight must be "balanced", a mapping, or a weight for',
        ),
        ({"class_weight": {7: 1.0}}, OptionError, "class_weight must be weights of classes from 0 to 2, was"),
        ({"class_weight": [1.0, 2.0]}, OptionError, f"{BY_CLASS} [1.0, 2.0]."),
        ({"class_weight": {0: -1}}, OptionError, f"{BY_CLASS} [-1, 1.0, 1.0]."),
        ({"class_weight": 3}, OptionError, f"{BY_CLASS} 3."),
        (
            {"class_weight": "balanced", "loss": bp.SquaredError(), "y": X},
            OptionError,
            "class_weight must be left out with SquaredError, a loss that has no classes, was given 'one'.",
        ),
        (
            {"class_weight": "balanced", "loss": bp.BinaryCrossEntropy(), "y": (X > 0) * 1.0},
            DataError,
            "class_weight wants one target a sample, was given 3: weigh samples, with sample_weight=.",
        ),
        (
            {"class_weight": "balanced", "y": np.eye(3)[Y]},
            DataError,
            "class_weight wants labels of shape (samples,), was given probabilities.",
        ),
    ],
)
def test_refusals(options: dict[str, Any], kind: type[Exception], sentence: str) -> None:
    with pytest.raises(kind) as caught:
        trained(**options)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
