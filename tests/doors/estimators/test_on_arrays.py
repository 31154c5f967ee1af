"""Arrays of any library and device stay where they are, through whole grid searches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
import sklearn
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bpcore.estimators import BackpropClassifier, BackpropRegressor
from bpcore.ground.registry import backend as open_backend

if TYPE_CHECKING:
    from tests.conftest import Axis

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings(
        "ignore:invalid value encountered in divide"
    ),  # scikit-learn's scaler, at first
]
AXES = ("numpy", "numpy:readonly", "strict:device1", "strict:no_float64", "torch", "jax", "cupy")
EXITS = ("__array__", "__buffer__", "__dlpack__", "__array_interface__", "__iter__", "tolist")
NUMBERS = ("__bool__", "__complex__", "__float__", "__index__", "__int__")


@pytest.fixture
def dispatch() -> Iterator[None]:
    with sklearn.config_context(array_api_dispatch=True):
        yield


def blobs(classes: int = 3, samples: int = 90) -> tuple[Any, Any]:
    draw = np.random.default_rng(0)
    y = draw.integers(0, classes, samples)
    middles = draw.normal(size=(classes, 4)) * 3
    return middles[y] + draw.normal(size=(samples, 4)), y


def small(kind: Any, **options: Any) -> Any:
    return kind(
        **{
            "hidden_layer_sizes": (6,),
            "max_iter": 25,
            "learning_rate_init": 0.05,
            "random_state": 0,
            **options,
        }
    )


@pytest.mark.axes(*AXES)
@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"solver": "lbfgs"}, {"compiled": False}])
def test_predictions_are_beside_the_samples(backend: Axis, options: dict[str, Any]) -> None:
    x, y = blobs()
    model = small(BackpropClassifier, batch_size=40, **options).fit(
        backend.array(x), backend.array(y, "int32")
    )
    there = backend.array(x)
    for found in (model.predict(there), model.predict_proba(there), model.decision_function(there),
                  model.predict_log_proba(there), *model.coefs_, model.classes_):  # fmt: skip
        assert type(found) is type(there)
        assert found.device == there.device
    assert model.predict_proba(there).dtype == there.dtype
    assert model.predict(there).dtype == model.classes_.dtype
    host = small(BackpropClassifier, batch_size=40, dtype=backend.float, **options).fit(x, y)
    np.testing.assert_allclose(
        backend.host(model.predict_proba(there)), host.predict_proba(x), atol=2e-3 if options else 2e-4
    )
    assert np.mean(backend.host(model.predict(there)) == y) > 0.9


@pytest.mark.axes(*AXES)
@pytest.mark.usefixtures("dispatch")
def test_numbers_too(backend: Axis) -> None:
    x, _ = blobs()
    y = x[:, :2] * [1.0, -2.0]
    model = small(BackpropRegressor).fit(backend.array(x), backend.array(y), backend.array(np.ones(90)))
    found = model.predict(backend.array(x))
    assert type(found) is type(backend.array(x))
    assert found.shape == y.shape
    assert found.dtype == backend.array(x).dtype


class Watch:
    """What was read from arrays of a library: copies, and single numbers by the file that reads them."""

    def __init__(self) -> None:
        self.copies: list[str] = []
        self.numbers: dict[str, int] = {}

    def exit(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def left(array: Any, *args: Any, **options: Any) -> Any:
            self.copies.append(f"{name} of an array {array.shape} by {sys._getframe(1).f_code.co_filename}")
            return original(array, *args, **options)

        return left

    def number(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def read(array: Any, *args: Any) -> Any:
            by = sys._getframe(1).f_code.co_filename
            self.numbers[by] = self.numbers.get(by, 0) + 1
            assert array.shape == ()
            return original(array, *args)

        return read


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Every way out of array-api-strict's arrays, watched."""
    strict = pytest.importorskip("array_api_strict")
    kind, seen = type(strict.asarray(0.0)), Watch()
    for name in EXITS:
        if hasattr(kind, name):
            monkeypatch.setattr(kind, name, seen.exit(name, getattr(kind, name)))
    for name in NUMBERS:
        monkeypatch.setattr(kind, name, seen.number(getattr(kind, name)))
    return seen


@pytest.mark.axes("strict:device1")
@pytest.mark.usefixtures("dispatch")
@pytest.mark.parametrize(
    "options", [{}, {"early_stopping": True, "class_weight": "balanced"}, {"batch_size": 7}]
)
def test_a_grid_search_copies_nothing_to_the_host(
    backend: Axis, watch: Watch, options: dict[str, Any]
) -> None:
    x, y = blobs()
    there, labels = backend.array(x), backend.array(y, "int64")
    pipeline = make_pipeline(StandardScaler(), small(BackpropClassifier, max_iter=12, **options))
    grid = {"backpropclassifier__alpha": [1e-4, 10.0], "backpropclassifier__hidden_layer_sizes": [(4,), ()]}
    search = GridSearchCV(pipeline, grid, cv=KFold(2), error_score="raise").fit(there, labels)
    found = search.predict(there)
    assert watch.copies == []
    ours = {by: count for by, count in watch.numbers.items() if "bpcore" in by and "test" not in by}
    fits, epochs = 9, 12
    assert sum(ours.values()) < fits * (2 * epochs + 12)  # a loss and a score an epoch, and a few checks
    assert found.device == there.device
    assert search.best_score_ > 0.8


@pytest.mark.axes("strict:device1")
@pytest.mark.usefixtures("dispatch")
def test_the_watch_sees_a_copy(backend: Axis, watch: Watch) -> None:
    x = backend.array([[1.0, 2.0]])
    backend.host(x)
    assert watch.copies
    float(x[0, 0])
    assert watch.numbers


@pytest.mark.parametrize("name", ["numba", "torch", "jax", "strict:device1", "strict:no_float64"])
def test_a_backend_that_is_asked_for_computes(name: str) -> None:
    if name in ("numba", "torch", "jax"):
        pytest.importorskip({"numba": "llvmlite"}.get(name, name))
    else:
        pytest.importorskip("array_api_strict")
    x, y = blobs()
    model = small(BackpropClassifier, backend=name, batch_size=30, max_iter=4).fit(x, y)
    place = open_backend(name)
    assert type(model.coefs_[0]) is type(place.asarray([0.0]))
    for found in (model.predict(x), model.predict_proba(x)):
        assert type(found) is np.ndarray
    assert model.predict_proba(x).dtype == np.float64
    host = small(BackpropClassifier, batch_size=30, max_iter=4).fit(x, y)
    np.testing.assert_allclose(model.predict_proba(x), host.predict_proba(x), atol=2e-4)


def test_samples_of_another_library_are_refused() -> None:
    torch = pytest.importorskip("torch")
    x, y = blobs()
    model = small(BackpropClassifier).fit(x, y)
    with (
        sklearn.config_context(array_api_dispatch=True),
        pytest.raises(ValueError, match=r"X of BackpropClassifier\.predict\(\) must use the same namespace"),
    ):
        model.predict(torch.asarray(x))


def test_labels_that_are_texts_stay_on_the_host() -> None:
    torch = pytest.importorskip("torch")
    x, y = blobs()
    texts = np.asarray(["low", "middle", "top"])[y]
    with sklearn.config_context(array_api_dispatch=True):
        model = small(BackpropClassifier).fit(torch.asarray(x), texts)
        assert model.predict(torch.asarray(x)).dtype == texts.dtype
        assert type(model.predict_proba(torch.asarray(x))) is torch.Tensor


def test_the_dtype_of_learning() -> None:
    x, y = blobs()
    assert small(BackpropClassifier).fit(x, y).coefs_[0].dtype == np.float64  # a small step
    assert small(BackpropClassifier).fit(x.astype(np.float32), y).coefs_[0].dtype == np.float32
    wide = small(BackpropClassifier, hidden_layer_sizes=(400, 400)).set_params(max_iter=2).fit(x, y)
    assert wide.coefs_[0].dtype == np.float32  # a large one
    assert small(BackpropClassifier, dtype="float32").fit(x, y).coefs_[0].dtype == np.float32
    assert wide.predict_proba(x).dtype == np.float64
    hidden = x
    for coef, intercept in zip(wide.coefs_[:-1], wide.intercepts_[:-1], strict=True):
        hidden = np.maximum(hidden @ coef.astype(np.float64) + intercept, 0.0)
    output = hidden @ wide.coefs_[-1].astype(np.float64) + wide.intercepts_[-1]
    np.testing.assert_allclose(
        wide.decision_function(x), output, rtol=1e-10
    )  # in float64, as the samples are
    assert wide.predict_proba(x.astype(np.float32)).dtype == np.float32
    assert (
        small(BackpropRegressor).fit((10 * x).astype(int), y).predict((10 * x).astype(int)).dtype
        == np.float64
    )
