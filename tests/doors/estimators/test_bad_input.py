"""What is refused, and in which words."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from scipy import sparse
from sklearn.datasets import load_iris

from bpcore.estimators import BackpropClassifier, BackpropRegressor
from bpcore.words.errors import DataError, Diverged, OptionError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

WRONG = {
    "hidden_layer_sizes": [0, (3, -1), (2.5,), "many", (True,)],
    "activation": ["rleu", 3],
    "solver": ["adma"],
    "learning_rate": ["falling"],
    "dtype": ["float16"],
    "precision": ["float16", "bf16", "single", None],
    "alpha": [-1, "none", float("nan"), True],
    "tol": [-1e-9, None],
    "batch_size": [0, 2.5, "all", True],
    "max_iter": [0, 1.5],
    "max_fun": [0],
    "learning_rate_init": [0, -1.0, float("inf")],
    "epsilon": [0],
    "power_t": [-0.1],
    "momentum": [1.0, -0.1],
    "beta_1": [1.0],
    "beta_2": [-0.5],
    "validation_fraction": [1.0, -0.1],
    "n_iter_no_change": [0, 1.5],
    "shuffle": ["yes"],
    "early_stopping": [2],
    "verbose": ["x", None],
}


@pytest.fixture(scope="module")
def flowers() -> Any:
    return load_iris(return_X_y=True)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_parameter_outside_its_range(flowers: Any, name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=name) as told:
        BackpropClassifier(**{name: value}).fit(*flowers)
    assert "\n" not in str(told.value)


def test_a_near_word_is_offered(flowers: Any) -> None:
    with pytest.raises(OptionError, match='Did you mean "relu"'):
        BackpropClassifier(activation="rleu").fit(*flowers)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"class_weight": "even"}, 'a dict from class to weight, "balanced" or None'),
        ({"class_weight": {7: 1.0}}, "a weight for 7"),
        ({"backend": "nunpy"}, 'Did you mean "numpy"'),
        ({"early_stopping": True, "validation_fraction": 0.001}, "holds out 1: hold out 2 or more"),
    ],
)
def test_what_only_the_data_show(flowers: Any, options: dict[str, Any], what: str) -> None:
    with pytest.raises((ValueError, ImportError), match=what):
        BackpropClassifier(**options).fit(*flowers)


def test_regressors_refuse_too(flowers: Any) -> None:
    x, y = flowers
    with pytest.raises(OptionError, match="poisson, squared_error"):
        BackpropRegressor(loss="absolute").fit(x, y)
    with pytest.raises(ValueError, match="counts, numbers from 0 on"):
        BackpropRegressor(loss="poisson").fit(x, y - 1)


def test_batches_larger_than_the_data(flowers: Any) -> None:
    with pytest.warns(UserWarning, match="batch_size=1000 is more than the 150 samples") as told:
        BackpropClassifier(batch_size=1000, max_iter=1).fit(*flowers)
    assert told[0].filename == __file__


def test_passes_are_for_solvers_that_take_batches(flowers: Any) -> None:
    assert not hasattr(BackpropClassifier(solver="lbfgs"), "partial_fit")
    with pytest.raises(OptionError, match="early_stopping must be False for partial_fit"):
        BackpropClassifier(early_stopping=True).partial_fit(*flowers, classes=[0, 1, 2])


def test_labels_of_another_shape_in_a_later_pass(flowers: Any) -> None:
    x, y = flowers
    model = BackpropClassifier().partial_fit(x, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="the shape of the first fit"):
        model.partial_fit(x, np.eye(3, dtype=int)[y])


def test_scikit_learn_is_an_extra() -> None:
    program = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import bpcore, bpcore.estimators\n"
        "try:\n    from bpcore.estimators import BackpropClassifier\n"
        "except ImportError as error:\n    print(error)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout == (
        "bpcore.estimators needs scikit-learn, which is not installed: "
        'python -m pip install "bpcore[sklearn]".\n'
    )


def test_a_name_that_is_not() -> None:
    import bpcore.estimators

    with pytest.raises(AttributeError, match="no attribute 'BackpropClasifier'"):
        bpcore.estimators.BackpropClasifier  # noqa: B018
    assert "BackpropClassifier" in dir(bpcore.estimators)


def test_weights_below_zero(flowers: Any) -> None:
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        BackpropClassifier(max_iter=1).fit(*flowers, np.linspace(-1, 1, 150))


def test_classes_that_are_not_those_of_the_first_call(flowers: Any) -> None:
    x, y = flowers
    model = BackpropClassifier().partial_fit(x, y, classes=[0, 1, 2]).partial_fit(x[:50], y[:50])
    model.partial_fit(x, y, classes=[2, 1, 0])
    with pytest.raises(
        OptionError, match=r"classes of partial_fit must be those of the first fit, \[0 1 2\]"
    ):
        model.partial_fit(x[:100], y[:100], classes=[0, 1])
    again = BackpropClassifier(warm_start=True, max_iter=2).fit(x, y)
    with pytest.raises(OptionError, match="the classes of y with warm_start must be those of the first fit"):
        again.fit(x[:100], y[:100])
    named = BackpropClassifier(warm_start=True, max_iter=2).fit(x, np.asarray(["a", "b", "c"])[y])
    with pytest.raises(OptionError, match="with warm_start"):
        named.fit(x, y)


def test_a_fit_that_fails_leaves_what_was_learnt(flowers: Any) -> None:
    x, y = flowers
    model = BackpropRegressor(max_iter=3, random_state=0).fit(x, y)
    before, told = dict(vars(model)), model.predict(x)
    both = np.stack([y, y], axis=1)
    with pytest.raises(Diverged):
        model.set_params(solver="sgd", learning_rate_init=1e30).fit(x * 1e5, both)
    model.set_params(solver="adam", learning_rate_init=1e-3)
    assert vars(model).keys() == before.keys()
    assert model.n_outputs_ == 1
    np.testing.assert_array_equal(model.predict(x), told)


@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_targets(flowers: Any, estimator: Any, form: Any) -> None:
    x, y = flowers
    with pytest.raises(DataError) as told:
        estimator(max_iter=2).fit(x, form(np.eye(3, dtype=int)[y]))
    assert str(told.value) == "y must be dense, was given a matrix of scipy.sparse. Give y.toarray()."
