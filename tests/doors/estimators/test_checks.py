"""scikit-learn's own checks of an estimator, all of them, and none that is expected to fail."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import pytest

pytest.importorskip("sklearn")
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from bpcore.estimators import BackpropClassifier, BackpropRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*batch_size.*:UserWarning"),
]


@parametrize_with_checks([BackpropClassifier(), BackpropRegressor()])
def test_check(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(("kind", "solver"), [(BackpropClassifier, "lbfgs"), (BackpropRegressor, "sgd")])
def test_other_solvers(kind: Any, solver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(
        "SCIPY_ARRAY_API", raising=False
    )  # leaves out the slow checks, which the default passed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(kind(solver=solver, max_iter=60), on_skip=None)
    told = Counter(result["status"] for result in results)
    assert told["passed"] > 50
    assert not told["failed"]
    assert not told["xfail"]
