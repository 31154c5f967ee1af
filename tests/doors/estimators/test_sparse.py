"""Sparse samples: the same results as dense ones, and never all of them dense at once."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from scipy import sparse

from bpcore.doors.estimators import sparse as module
from bpcore.doors.estimators.sparse import SparseRows
from bpcore.estimators import BackpropClassifier, BackpropRegressor
from bpcore.words.errors import BpcoreError, Diverged

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(90, 12)) * (DRAW.random((90, 12)) < 0.3)
Y = (X @ DRAW.normal(size=12) > 0).astype(int)
WEIGHTS = DRAW.uniform(0.5, 2, 90)

pytestmark = pytest.mark.filterwarnings("ignore:not converged")


def small(kind: Any = BackpropClassifier, **more: Any) -> Any:
    options = {"hidden_layer_sizes": (6,), "batch_size": 16, "random_state": 0, "max_iter": 8}
    return kind(**{**options, **more})


def same(one: Any, other: Any) -> None:
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("form", ["csr_matrix", "csc_array", "coo_matrix", "lil_array"])
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"batch_size": 90}, {"solver": "sgd"}])
def test_it_learns_the_same_numbers(form: str, options: dict[str, Any]) -> None:
    x = getattr(sparse, form)(X)
    found, wanted = small(**options).fit(x, Y, WEIGHTS), small(**options).fit(X, Y, WEIGHTS)
    same(found, wanted)
    assert found.loss_curve_ == wanted.loss_curve_
    for method in ("predict", "predict_proba", "decision_function"):
        np.testing.assert_array_equal(getattr(found, method)(x), getattr(found, method)(X))
    assert found.score(x, Y) == wanted.score(X, Y)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_dtypes_are_those_of_dense_samples(dtype: str) -> None:
    x = np.round(X * 3).astype(dtype)
    found, wanted = (small(BackpropRegressor).fit(given, Y) for given in (sparse.csr_array(x), x))
    same(found, wanted)
    assert found.coefs_[0].dtype == wanted.coefs_[0].dtype
    assert found.predict(sparse.csr_array(x)).dtype == wanted.predict(x).dtype


def test_single_batches_several_outputs_and_a_pickle() -> None:
    y = np.stack([Y, 1 - Y], axis=1)
    found, wanted = small(), small()
    for start in (0, 40):
        rows = slice(start, start + 50)
        found.partial_fit(sparse.csr_matrix(X[rows]), y[rows], classes=[0, 1])
        wanted.partial_fit(X[rows], y[rows], classes=[0, 1])
    same(found, wanted)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 -- our own
    np.testing.assert_array_equal(again.predict(sparse.csr_matrix(X)), wanted.predict(X))


def test_no_more_than_some_batches_are_dense_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = SparseRows.take

    def take(self: Any, places: Any) -> Any:
        sizes.append(len(places))
        return real(self, places)

    monkeypatch.setattr(SparseRows, "take", take)
    monkeypatch.setattr(module, "ROOM", 8 * 12 * 20)
    from bpcore.doors.estimators import passes

    monkeypatch.setattr(passes, "ROOM", 8 * 14 * 32)
    model = small(early_stopping=True).fit(sparse.csr_matrix(X), Y)
    assert max(sizes) == 32, "two batches"
    sizes.clear()
    model.predict(sparse.csr_matrix(X))
    assert sizes == [20, 20, 20, 20, 10]
    monkeypatch.undo()
    same(model, small(early_stopping=True).fit(X, Y))


@pytest.mark.axes("numpy", "strict:device1", "torch")
def test_it_computes_elsewhere(backend: Any) -> None:
    name = backend.name
    with backend.reading():
        found = small(backend=name).fit(sparse.csr_matrix(X), Y)
        wanted = small(backend=name).fit(X, Y)
    for a, b in zip(found.coefs_, wanted.coefs_, strict=True):
        np.testing.assert_allclose(backend.host(a), backend.host(b), rtol=1e-12)
    assert isinstance(found.predict(sparse.csr_matrix(X)), np.ndarray)


def test_in_a_pipeline_of_words() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    words = ["good fine nice", "bad poor sad", "nice good", "sad bad", "fine", "poor"] * 10
    model = make_pipeline(TfidfVectorizer(), small(learning_rate_init=0.05, max_iter=30))
    assert model.fit(words, [1, 0, 1, 0, 1, 0] * 10).score(["good", "bad"], [1, 0]) == 1.0


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_the_origin_of_what_diverges() -> None:
    y = X.sum(axis=1)
    y[17] = 1e200
    with pytest.raises(Diverged) as caught:
        small(BackpropRegressor, solver="sgd").fit(sparse.csr_matrix(X), y)
    assert caught.value.origin.sample == 17


def test_a_search_wants_all_samples_at_once() -> None:
    with pytest.raises(BpcoreError) as caught:
        small(solver="lbfgs").fit(sparse.csr_matrix(X), Y)
    assert str(caught.value) == (
        'solver must be "adam" or "sgd" with a sparse X, was given \'lbfgs\'. '
        "It wants all samples in a step: give X.toarray(), or another solver."
    )
