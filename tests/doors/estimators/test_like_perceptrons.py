"""Beside scikit-learn's own perceptrons: the same names, the same start, the same steps."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_multilabel_classification
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import scale

from bpcore.estimators import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAIRS = [(BackpropClassifier, MLPClassifier), (BackpropRegressor, MLPRegressor)]


def fitted(theirs: Any, data: Any, **options: Any) -> tuple[Any, Any]:
    """Return our estimator and theirs, both told the same and fitted to the same."""
    kinds = {them: us for us, them in PAIRS}
    weights = options.pop("sample_weight", None)
    options = {"random_state": 3, **options}
    ours = kinds[theirs](dtype="float64", **options)
    return ours.fit(*data, weights), theirs(**options).fit(*data, weights)


def assert_alike(ours: Any, theirs: Any, tolerance: float) -> None:
    pairs = zip([*ours.coefs_, *ours.intercepts_], [*theirs.coefs_, *theirs.intercepts_], strict=True)
    for own, other in pairs:
        np.testing.assert_allclose(own, other, rtol=0, atol=tolerance)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.t_ == theirs.t_
    assert ours.out_activation_ == theirs.out_activation_
    assert (ours.n_layers_, ours.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)


@pytest.fixture(scope="module")
def digits() -> Any:
    x, y = load_digits(return_X_y=True)
    return x[:500] / 16, y[:500]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_names_and_defaults_are_theirs(ours: Any, theirs: Any) -> None:
    own, other = ours().get_params(), theirs().get_params()
    assert {name: own.get(name, "missing") for name in other} == other
    assert set(own) - set(other) <= {"backend", "class_weight", "compiled", "dtype", "precision"}
    positional = [
        name
        for name, parameter in inspect.signature(ours).parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    assert positional == ["hidden_layer_sizes", "activation"]


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
@pytest.mark.parametrize("nesterov", [True, False])
def test_descent_is_the_same_to_the_last_digits(digits: Any, activation: str, nesterov: bool) -> None:  # noqa: FBT001
    options: dict[str, Any] = {"solver": "sgd", "activation": activation, "nesterovs_momentum": nesterov}
    ours, theirs = fitted(
        MLPClassifier, digits, max_iter=4, hidden_layer_sizes=(9, 7), learning_rate_init=0.1, alpha=0.5,
        batch_size=64, **options,
    )  # fmt: skip
    assert_alike(ours, theirs, 1e-12)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(ours.predict_proba(digits[0]), theirs.predict_proba(digits[0]), rtol=1e-9)


def test_adam_differs_by_where_its_epsilon_stands(digits: Any) -> None:
    ours, theirs = fitted(MLPClassifier, digits, max_iter=5, epsilon=1e-14, alpha=0.1)
    assert_alike(ours, theirs, 1e-4)


def test_weights_of_samples(digits: Any) -> None:
    weights = np.random.default_rng(0).uniform(0, 3, len(digits[1]))
    ours, theirs = fitted(MLPClassifier, digits, max_iter=3, solver="sgd", sample_weight=weights, alpha=1.0)
    assert_alike(ours, theirs, 1e-12)


def test_two_classes_and_numbers() -> None:
    x, y = load_breast_cancer(return_X_y=True)
    assert_alike(*fitted(MLPClassifier, (scale(x), y), max_iter=3, solver="sgd", shuffle=False), 1e-12)
    x, y = load_diabetes(return_X_y=True)
    ours, theirs = fitted(MLPRegressor, (scale(x), scale(y)), max_iter=20, solver="sgd")
    assert_alike(ours, theirs, 1e-12)
    assert ours.best_loss_ == pytest.approx(theirs.best_loss_)
    np.testing.assert_allclose(ours.predict(scale(x)), theirs.predict(scale(x)), rtol=1e-9)


def test_counts() -> None:
    x, y = load_diabetes(return_X_y=True)
    ours, theirs = fitted(
        MLPRegressor, (scale(x), np.floor(y / 50)), max_iter=5, solver="sgd", loss="poisson"
    )
    assert_alike(ours, theirs, 1e-12)
    np.testing.assert_allclose(ours.predict(scale(x)), theirs.predict(scale(x)), rtol=1e-9)


def test_several_labels() -> None:
    x, y = make_multilabel_classification(n_samples=300, random_state=0)
    ours, theirs = fitted(MLPClassifier, (scale(x), y), max_iter=3, solver="sgd")
    assert_alike(ours, theirs, 1e-12)
    np.testing.assert_array_equal(ours.predict(scale(x)), theirs.predict(scale(x)))


def test_several_outputs() -> None:
    x, y = load_diabetes(return_X_y=True)
    both = np.stack([scale(y), -(scale(y) ** 2)], axis=1)
    ours, theirs = fitted(MLPRegressor, (scale(x), both), max_iter=3, solver="sgd")
    assert_alike(ours, theirs, 1e-12)
    assert ours.predict(scale(x)).shape == both.shape


@pytest.mark.parametrize("patience", [1, 2, 4, 7])
def test_it_stops_where_they_stop(patience: int) -> None:
    x, y = load_breast_cancer(return_X_y=True)
    options: dict[str, Any] = {"solver": "sgd", "learning_rate_init": 0.1, "tol": 2e-3}
    ours, theirs = fitted(MLPClassifier, (scale(x), y), n_iter_no_change=patience, **options)
    assert 5 < ours.n_iter_ < 150
    assert_alike(ours, theirs, 1e-9)


@pytest.mark.parametrize("learning_rate", ["adaptive", "invscaling"])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("nesterov", [True, False])
def test_rates_that_change(learning_rate: str, momentum: float, nesterov: bool) -> None:  # noqa: FBT001
    x, y = load_breast_cancer(return_X_y=True)
    options: dict[str, Any] = {
        "solver": "sgd",
        "learning_rate_init": 0.3,
        "momentum": momentum,
        "power_t": 0.1,
    }
    options |= {"nesterovs_momentum": nesterov, "learning_rate": learning_rate, "n_iter_no_change": 3}
    ours, theirs = fitted(MLPClassifier, (scale(x), y), tol=1e-3, **options)
    assert 5 < ours.n_iter_ < 200
    assert_alike(ours, theirs, 1e-9)


def test_the_rate_falls_with_the_default_momentum(digits: Any) -> None:
    options: dict[str, Any] = {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5}
    ours, theirs = fitted(MLPClassifier, digits, max_iter=15, **options)
    assert_alike(ours, theirs, 1e-9)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_passes_one_by_one(digits: Any, solver: str) -> None:
    x, y = digits
    options: dict[str, Any] = {"solver": solver, "random_state": 5, "alpha": 1.0, "epsilon": 1e-14}
    ours, theirs = BackpropClassifier(dtype="float64", **options), MLPClassifier(**options)
    for start, end in ((0, 250), (250, 350), (100, 500)):
        for model in (ours, theirs):
            model.partial_fit(x[start:end], y[start:end], classes=range(10))
    assert_alike(ours, theirs, 1e-12 if solver == "sgd" else 1e-6)


def test_lbfgs_comes_as_low() -> None:
    x, y = load_diabetes(return_X_y=True)
    options: dict[str, Any] = {"solver": "lbfgs", "alpha": 20.0, "hidden_layer_sizes": (5,)}
    ours, theirs = fitted(MLPRegressor, (scale(x), scale(y)), max_iter=300, activation="identity", **options)
    assert ours.loss_ == pytest.approx(theirs.loss_, abs=1e-6)
    np.testing.assert_allclose(ours.predict(scale(x)), theirs.predict(scale(x)), atol=1e-2)


def test_float32_scores_as_well(digits: Any) -> None:
    options: dict[str, Any] = {"max_iter": 25, "random_state": 0}
    ours, theirs = (kind(**options).fit(*digits) for kind in (BackpropClassifier, MLPClassifier))
    assert ours.coefs_[0].dtype == np.float32
    x, y = load_digits(return_X_y=True)
    assert ours.score(x[500:] / 16, y[500:]) == pytest.approx(theirs.score(x[500:] / 16, y[500:]), abs=0.005)
