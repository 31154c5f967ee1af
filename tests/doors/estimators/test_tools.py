"""In the tools of scikit-learn: pipelines, searches, routing, outputs as tables, several outputs."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
import sklearn
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from bpcore.estimators import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
OPTIONS: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "max_iter": 30,
    "learning_rate_init": 0.03,
    "random_state": 0,
}


@pytest.fixture(scope="module")
def flowers() -> Any:
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def patients() -> Any:
    x, y = load_diabetes(return_X_y=True)
    return scale(x), scale(y)


def test_a_search_over_a_pipeline(flowers: Any) -> None:
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**OPTIONS))
    grid = {"backpropclassifier__alpha": [1e-4, 1000.0], "backpropclassifier__activation": ["tanh", "relu"]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(*flowers)
    assert search.best_params_["backpropclassifier__alpha"] == 1e-4
    assert search.best_score_ > 0.9
    again = pickle.loads(pickle.dumps(search))  # noqa: S301
    np.testing.assert_array_equal(again.predict(flowers[0]), search.predict(flowers[0]))


def test_scores_of_folds(patients: Any) -> None:
    scores = cross_val_score(BackpropRegressor(**OPTIONS), *patients, cv=3)
    assert scores.shape == (3,)
    assert min(scores) > 0.2


def test_fits_in_threads_do_not_meet(flowers: Any) -> None:
    alone = cross_val_score(BackpropClassifier(**OPTIONS), *flowers, cv=4)
    with parallel_config(backend="threading", n_jobs=4):
        together = cross_val_score(BackpropClassifier(**OPTIONS), *flowers, cv=4)
    np.testing.assert_array_equal(alone, together)


def test_clones_know_nothing(flowers: Any) -> None:
    model = BackpropClassifier(**OPTIONS).fit(*flowers)
    fresh = clone(model)
    assert not hasattr(fresh, "coefs_")
    assert fresh.get_params() == model.get_params()
    np.testing.assert_array_equal(fresh.fit(*flowers).coefs_[0], model.coefs_[0])


def test_weights_are_routed(flowers: Any) -> None:
    x, y = flowers
    weights = np.where(y == 2, 0.0, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = BackpropClassifier(**OPTIONS).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        found = cross_validate(pipeline, x, y, cv=2, params={"sample_weight": weights}, return_estimator=True)
    assert all(2 not in one.predict(x) for one in found["estimator"])
    assert min(found["test_score"]) > 0.9  # of class 2 nothing counts


def test_feature_names_and_tables(flowers: Any) -> None:
    pandas = pytest.importorskip("pandas")
    x, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), BackpropClassifier(**OPTIONS)).set_output(transform="pandas")
    model.fit(x, y)
    assert model[-1].feature_names_in_.tolist() == list(x.columns)
    assert model.predict(x).shape == (150,)
    with pytest.raises(ValueError, match="feature names"):
        model[-1].predict(pandas.DataFrame(x.to_numpy(), columns=list("abcd")))


def test_several_labels_a_sample() -> None:
    x, y = make_multilabel_classification(n_samples=200, n_classes=3, random_state=0)
    model = BackpropClassifier(**OPTIONS).fit(scale(x), y)
    assert model.predict(scale(x)).shape == model.predict_proba(scale(x)).shape == (200, 3)
    assert model.decision_function(scale(x)).shape == (200, 3)
    assert model.score(scale(x), y) > 0.6
    stopped = BackpropClassifier(**OPTIONS, early_stopping=True).fit(scale(x), y)
    assert len(stopped.validation_scores_) == stopped.n_iter_


def test_several_columns_of_classes(flowers: Any) -> None:
    x, y = flowers
    both = np.stack([y, y % 2], axis=1)
    with pytest.raises(ValueError, match="MultiOutputClassifier"):
        BackpropClassifier(**OPTIONS).fit(x, both)
    assert MultiOutputClassifier(BackpropClassifier(**OPTIONS)).fit(x, both).predict(x).shape == (150, 2)


def test_several_outputs(patients: Any) -> None:
    x, y = patients
    model = BackpropRegressor(**OPTIONS).fit(x, np.stack([y, -2 * y], axis=1))
    assert model.predict(x).shape == (442, 2)
    assert model.score(x, np.stack([y, -2 * y], axis=1)) > 0.4


def test_in_an_ensemble(flowers: Any) -> None:
    ensemble = BaggingClassifier(BackpropClassifier(**OPTIONS), n_estimators=3, random_state=0).fit(*flowers)
    assert ensemble.score(*flowers) > 0.9


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [-1, 1], [2.0, 5.0]])
def test_two_classes_of_any_kind(flowers: Any, labels: list[Any]) -> None:
    x, y = flowers
    named = np.asarray(labels)[(y == 0).astype(int)]
    model = BackpropClassifier(**OPTIONS).fit(x, named)
    assert model.out_activation_ == "logistic"
    assert model.classes_.tolist() == labels
    assert model.score(x, named) > 0.95
    assert model.predict_proba(x).shape == (150, 2)
    assert model.decision_function(x).shape == (150,)
    np.testing.assert_array_equal(
        model.predict(x), model.classes_[(model.decision_function(x) > 0).astype(int)]
    )
    np.testing.assert_allclose(np.log(model.predict_proba(x)), model.predict_log_proba(x))
    second = 1 / (1 + np.exp(-model.decision_function(x)))
    np.testing.assert_allclose(model.predict_proba(x), np.stack([1 - second, second], axis=1), atol=1e-12)
