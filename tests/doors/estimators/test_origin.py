"""A training that diverges says where that began: epoch, batch, sample, layer and function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from bpcore.estimators import BackpropClassifier, BackpropRegressor
from bpcore.words.errors import Diverged

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(50, 3))
Y = X.sum(axis=1)


def told(model: Any, x: Any = X, y: Any = Y) -> Any:
    with pytest.raises(Diverged) as caught:
        model.fit(x, y)
    assert "\n" not in str(caught.value)
    return caught.value


def small(kind: Any = BackpropRegressor, **more: Any) -> Any:
    options: dict[str, Any] = {"hidden_layer_sizes": (4,), "batch_size": 8, "random_state": 0, "max_iter": 20}
    return kind(**{**options, **more})


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [8, 50])
def test_the_sample_and_the_function(batch_size: int, shuffle: Any) -> None:
    y = Y.copy()
    y[17] = 1e200
    error = told(small(solver="sgd", batch_size=batch_size, shuffle=shuffle), y=y)
    origin = error.origin
    assert (origin.epoch, origin.sample) == (1, 17)
    assert origin.layer == "the loss SquaredError"
    assert origin.function in {"square", "multiply"}
    if not shuffle:
        assert origin.batch == (3 if batch_size == 8 else 1)
    assert str(error).endswith(f"{origin}.")
    assert "sample 17, forward in the loss SquaredError: " in str(error)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize(
    "options",
    [
        {"solver": "sgd", "learning_rate_init": 1e6},
        {"solver": "sgd", "learning_rate_init": 1e4, "learning_rate": "invscaling", "momentum": 0.0},
        {"solver": "adam", "learning_rate_init": 1e300},
        {"solver": "sgd", "learning_rate_init": 1e6, "compiled": False},
    ],
)
def test_a_rate_that_is_too_high(options: dict[str, Any]) -> None:
    error = told(small(max_iter=300, **options), X * 1e3)
    assert error.origin is not None
    assert 1 <= error.origin.epoch <= error.epoch
    assert 1 <= error.origin.batch <= 7
    assert error.origin.layer.startswith(("net", "the loss", "Nesterovs", "Nesterov", "SGD", "Adam"))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_after_the_last_copy_the_same_batches_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a copy before every call and with the first one only, the same place is told."""
    from bpcore.doors.estimators import replay

    model = small(solver="sgd", learning_rate_init=0.001, max_iter=300, early_stopping=True)
    found = []
    for apart in (0.0, 1e9):
        monkeypatch.setattr(replay, "APART", apart)
        found.append(told(model, X * 30).origin)
    assert found[0] == found[1]
    assert found[0].epoch > 1, "so there was something to make again"


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_the_users_generator_is_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """The orders that are drawn again are not counted."""
    from bpcore.doors.estimators.replay import Replay

    one, other = np.random.RandomState(3), np.random.RandomState(3)
    told(small(solver="sgd", random_state=one), y=Y * 1e200)
    monkeypatch.setattr(Replay, "origin", lambda self, last: None)
    told(small(solver="sgd", random_state=other), y=Y * 1e200)
    assert one.randint(10**9) == other.randint(10**9)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_a_search_says_it_too() -> None:
    error = told(small(solver="lbfgs"), y=Y * 1e170)
    assert error.origin is not None
    assert error.origin.layer == "the loss SquaredError"
    assert "learning rate" not in str(error)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_classes_in_single_batches() -> None:
    model = small(BackpropClassifier, solver="sgd", learning_rate_init=1e200)

    def trained() -> None:
        for _ in range(20):
            model.partial_fit(X * 1e100, Y > 0, classes=[False, True])

    with pytest.raises(Diverged) as caught:
        trained()
    assert caught.value.origin is not None
