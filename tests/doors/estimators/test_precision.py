"""Estimators whose steps compute in a precision that one word names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from bpcore.estimators import BackpropClassifier, BackpropRegressor
from bpcore.words.errors import OptionError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
OPTIONS: dict[str, Any] = {
    "hidden_layer_sizes": (16,), "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def flowers() -> Any:
    x, y = load_iris(return_X_y=True)
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def test_bfloat16_learns_with_weights_in_float32(flowers: Any) -> None:
    pytest.importorskip("torch")
    exact = BackpropClassifier(backend="torch", dtype="float32", **OPTIONS).fit(*flowers)
    narrow = BackpropClassifier(backend="torch", precision="bfloat16", **OPTIONS).fit(*flowers)
    assert {str(w.dtype) for w in (*narrow.coefs_, *narrow.intercepts_)} == {"torch.float32"}
    assert narrow.loss_curve_ != exact.loss_curve_
    np.testing.assert_allclose(narrow.loss_curve_, exact.loss_curve_, rtol=0.1, atol=0.02)
    assert narrow.score(*flowers) > 0.9
    eager = clone(narrow).set_params(compiled=False, max_iter=2).fit(*flowers)
    np.testing.assert_allclose(eager.loss_curve_, narrow.loss_curve_[:2], rtol=1e-2)


def test_a_machine_goes_on_only_in_its_precision(flowers: Any) -> None:
    pytest.importorskip("torch")
    x, y = flowers
    model = BackpropClassifier(backend="torch", precision="bfloat16", **OPTIONS)
    model.partial_fit(x, y, classes=[0, 1, 2])
    first = model._machine
    assert model.partial_fit(x, y)._machine is first
    assert model.set_params(precision="float32").partial_fit(x, y)._machine is not first


def test_tf32_without_tensor_cores_is_float32_and_says_so(flowers: Any) -> None:
    exact = BackpropRegressor(dtype="float32", **OPTIONS).fit(*flowers)
    with pytest.warns(UserWarning, match=r'precision "tf32" is float32 on numpy: it has no tensor cores\.'):
        fast = BackpropRegressor(precision="tf32", **OPTIONS).fit(*flowers)
    assert fast.loss_curve_ == exact.loss_curve_


def test_it_is_a_parameter_like_the_others(flowers: Any) -> None:
    model = BackpropClassifier(precision="tf32", **OPTIONS)
    assert model.get_params()["precision"] == "tf32"
    assert clone(model).precision == "tf32"
    assert BackpropClassifier().precision == "float32"
    search = GridSearchCV(model.set_params(max_iter=2), {"precision": ["float32", "tf32"]}, cv=2)
    with pytest.warns(UserWarning, match="no tensor cores"):
        assert search.fit(*flowers).best_params_ == {"precision": "float32"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"precision": "bfloat16"}, "precision must be float32 or tf32 of an estimator with numpy, was"),
        ({"precision": "float16"}, "float32, tf32 or bfloat16 of an estimator"),
        ({"precision": "half"}, "precision must be one of bfloat16, float32, tf32, was given 'half'"),
        ({"precision": None}, "precision must be one of bfloat16, float32, tf32, was given None"),
        ({"precision": "tf32", "solver": "lbfgs"}, '"float32" with solver "lbfgs"'),
        ({"precision": "tf32", "dtype": "float64"}, 'dtype must be "float32" with precision "tf32"'),
    ],
)
def test_what_does_not_go_together(flowers: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        BackpropClassifier(**options).fit(*flowers)
