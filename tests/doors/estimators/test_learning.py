"""How it learns: early stopping, going on, weights of classes, rates; and what is left after."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.preprocessing import scale

from bpcore.estimators import BackpropClassifier, BackpropRegressor
from bpcore.words.errors import Diverged

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def flowers() -> Any:
    x, y = load_iris(return_X_y=True)
    return scale(x), y


@pytest.fixture(scope="module")
def tumours() -> Any:
    x, y = load_breast_cancer(return_X_y=True)
    return scale(x), y


def small(kind: Any = BackpropClassifier, **options: Any) -> Any:
    return kind(
        **{
            "hidden_layer_sizes": (6,),
            "max_iter": 20,
            "learning_rate_init": 0.02,
            "random_state": 0,
            **options,
        }
    )


def test_early_stopping_keeps_the_best_weights(tumours: Any) -> None:
    model = small(early_stopping=True, max_iter=200, learning_rate_init=0.1).fit(*tumours)
    scores = model.validation_scores_
    assert model.n_iter_ == len(scores) == len(model.loss_curve_) < 60
    assert model.best_validation_score_ == max(scores)
    assert model.best_loss_ is None
    best = small(early_stopping=True, max_iter=1 + int(np.argmax(scores)), learning_rate_init=0.1).fit(
        *tumours
    )
    np.testing.assert_array_equal(best.coefs_[0], model.coefs_[0])


def test_what_is_held_out_has_all_classes_in_their_shares() -> None:
    x = np.arange(200.0)[:, None]
    y = (np.arange(200) >= 190).astype(int)  # ten of one class
    seen: list[Any] = []

    class Watching(BackpropClassifier):
        def _quality(self, output: Any, y: Any, weights: Any) -> Any:
            seen.append(y[:, 0])
            return super()._quality(output, y, weights)

    Watching(early_stopping=True, validation_fraction=0.2, max_iter=2, random_state=0).fit(x / 200, y)
    assert [int(part.sum()) for part in seen] == [2, 2]
    assert [len(part) for part in seen] == [40, 40]


def test_early_stopping_of_numbers(tumours: Any) -> None:
    model = small(BackpropRegressor, early_stopping=True, max_iter=40).fit(*tumours)
    assert 0.5 < model.best_validation_score_ < 1


def test_it_says_when_it_did_not_converge(flowers: Any) -> None:
    with pytest.warns(ConvergenceWarning, match="max_iter=3") as told:
        small(max_iter=3).fit(*flowers)
    assert told[0].filename == __file__


def test_parts_make_a_whole(flowers: Any) -> None:
    """Passes one by one, each going on from the optimizer's state, are the passes of one fit."""
    x, y = flowers
    whole = small(max_iter=5, shuffle=False).fit(x, y)
    parts = small(shuffle=False)
    for _ in range(5):
        parts.partial_fit(x, y, classes=[0, 1, 2])
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], rtol=1e-12)
    assert parts.loss_curve_ == pytest.approx(whole.loss_curve_)
    assert (parts.n_iter_, whole.n_iter_, parts.t_) == (1, 5, 5 * 150)


def test_parts_survive_a_pickle_and_lengths_that_vary(flowers: Any) -> None:
    x, y = flowers
    parts, stored = small(), small()
    for n in (60, 31, 60, 7, 150):
        parts.partial_fit(x[:n], y[:n], classes=[0, 1, 2])
        stored = pickle.loads(pickle.dumps(stored)).partial_fit(x[:n], y[:n], classes=[0, 1, 2])  # noqa: S301
    np.testing.assert_array_equal(parts.coefs_[1], stored.coefs_[1])
    assert parts._machine is not None
    assert copy.deepcopy(parts)._machine is None


def test_lengths_up_to_the_same_power_of_two_share_a_step(flowers: Any) -> None:
    x, y = flowers
    model = small()
    for n in (33, 47, 64, 50):
        model.partial_fit(x[:n], y[:n], classes=[0, 1, 2])
    assert model._machine.step.compilations == 1


def test_parts_name_their_classes(flowers: Any) -> None:
    x, y = flowers
    with pytest.raises(ValueError, match="classes must be all classes, at the first call"):
        small().partial_fit(x, y)
    model = small().partial_fit(x[:100], y[:100], classes=[2, 0, 1])
    assert model.classes_.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="not among the 3 classes"):
        model.partial_fit(x, y + 1)
    texts = small().partial_fit(x, np.asarray(["a", "b", "c"])[y], classes=["b", "c", "d", "a"])
    assert set(texts.predict(x)) <= {"a", "b", "c", "d"}


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_warm_start_goes_on(flowers: Any, solver: str) -> None:
    options: dict[str, Any] = {"shuffle": False, "solver": solver}
    whole = small(max_iter=8, **options).fit(*flowers)
    halves = small(max_iter=4, warm_start=True, **options).fit(*flowers)
    before = [coef.copy() for coef in halves.coefs_]
    halves.fit(*flowers)
    np.testing.assert_allclose(halves.coefs_[0], whole.coefs_[0], rtol=1e-12)
    assert halves.loss_curve_ == pytest.approx(whole.loss_curve_)
    assert not np.allclose(before[0], halves.coefs_[0])
    fresh = small(max_iter=4, **options).fit(*flowers).fit(*flowers)
    np.testing.assert_array_equal(fresh.coefs_[0], before[0])


def test_a_warm_start_wants_the_same_layers(flowers: Any) -> None:
    model = small(warm_start=True).fit(*flowers)
    with pytest.raises(ValueError, match="hidden_layer_sizes must be those that were trained"):
        model.set_params(hidden_layer_sizes=(7,)).fit(*flowers)


def test_recorded_or_not_is_the_same(flowers: Any) -> None:
    replayed, traced = (small(compiled=compiled, batch_size=64).fit(*flowers) for compiled in (True, False))
    np.testing.assert_allclose(replayed.coefs_[0], traced.coefs_[0], rtol=1e-10)


@pytest.mark.parametrize("given", ["balanced", {0: 190 / 380.0 * 2, 1: 10.0}])
def test_a_rare_class_counts_more(given: Any) -> None:
    draw = np.random.default_rng(0)
    y = (np.arange(200) < 10).astype(int)
    x = draw.normal(size=(200, 2)) + 0.7 * y[:, None]
    plain, weighted = (
        small(class_weight=w, max_iter=150, learning_rate_init=0.05).fit(x, y) for w in (None, given)
    )
    assert plain.predict(x).sum() < 20
    assert weighted.predict(x).sum() > 30


def test_weights_of_classes_are_weights_of_their_samples(flowers: Any) -> None:
    x, y = flowers
    by_class = small(class_weight={1: 5.0, 2: 0.5}, max_iter=3).fit(x, y, np.full(150, 2.0))
    by_sample = small(max_iter=3).fit(x, y, 2.0 * np.asarray([1.0, 5.0, 0.5])[y])
    np.testing.assert_allclose(by_class.coefs_[0], by_sample.coefs_[0], rtol=1e-12)
    skewed = x[:120], y[:120]  # 50, 50 and 20
    balanced = small(class_weight="balanced", max_iter=3).fit(*skewed)
    told = small(class_weight={0: 120 / 150, 1: 120 / 150, 2: 2.0}, max_iter=3).fit(*skewed)
    np.testing.assert_allclose(balanced.coefs_[0], told.coefs_[0], rtol=1e-12)


def test_an_adaptive_rate_falls_before_it_ends(flowers: Any) -> None:
    options: dict[str, Any] = {"solver": "sgd", "learning_rate_init": 0.2, "tol": 1e-2, "n_iter_no_change": 2}
    constant, adaptive = (
        small(learning_rate=word, max_iter=300, **options).fit(*flowers) for word in ("constant", "adaptive")
    )
    assert constant.n_iter_ < adaptive.n_iter_ < 300
    scaled = small(learning_rate="invscaling", power_t=0.1, **options).fit(*flowers)
    assert float(scaled._memory[1]["rate"]) == pytest.approx(0.2 / (scaled.t_ + 1) ** 0.1)


def test_it_prints_what_it_is_told_to(flowers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    small(verbose=True, max_iter=2, early_stopping=True).fit(*flowers)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0].split(":")[0] for line in printed] == [
        "Iteration 1",
        "Validation score",
        "Iteration 2",
        "Validation score",
    ]


def test_a_loss_that_is_no_number_ends_it(flowers: Any) -> None:
    model = small(BackpropRegressor, solver="sgd", learning_rate_init=1e6)
    with pytest.raises(Diverged, match="lower the learning rate"):
        model.fit(flowers[0] * 1e6, flowers[1])
    with pytest.raises(NotFittedError):
        model.predict(flowers[0])


def test_ctrl_c_leaves_what_was_learnt(flowers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from bpcore.doors.estimators.passes import Passes

    make, calls = Passes.make, []

    def interrupted(self: Any, *args: Any) -> Any:
        calls.append(0)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return make(self, *args)

    monkeypatch.setattr(Passes, "make", interrupted)
    with pytest.warns(RuntimeWarning, match="interrupted"):
        model = small(max_iter=200).fit(*flowers)
    assert 0 < model.n_iter_ < 200
    assert len(model.loss_curve_) == model.n_iter_
    assert model.predict(flowers[0]).shape == (150,)
    calls[:] = [0, 0]
    with pytest.raises(KeyboardInterrupt):  # nothing was learnt yet
        small().fit(*flowers)
