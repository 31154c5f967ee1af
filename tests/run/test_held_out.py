"""Metrics of held-out samples, epoch by epoch, beside scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError


def trained(loss: Any, y: Any, outputs: int, metrics: Any, **options: Any) -> tuple[Any, Any, Any]:
    """Return a run, the held-out outputs and targets."""
    x = np.random.default_rng(1).normal(size=(60, 4))
    held = x[40:], y[40:]
    run = bp.fit(
        bp.MLP([4, 6, outputs]), (x[:40], y[:40]), loss=loss, optimizer=bp.Adam(0.05), epochs=5,
        validation=held, metrics=metrics, **options,
    )  # fmt: skip
    return run, np.asarray(run.predict(held[0])), held[1]


@pytest.fixture
def oracle() -> Any:
    return pytest.importorskip("sklearn.metrics")


def test_of_several_classes(oracle: Any) -> None:
    y = np.random.default_rng(0).integers(0, 3, 60)
    run, output, truth = trained(
        bp.CrossEntropy(), y, 3, ["precision", "recall", "f1", "roc_auc", "accuracy"]
    )
    shares = np.exp(output) / np.exp(output).sum(axis=1, keepdims=True)
    labels = output.argmax(axis=1)
    last = {name: values[-1] for name, values in run.history.items()}
    assert last["validation_f1"] == pytest.approx(oracle.f1_score(truth, labels, average="macro"))
    wanted = oracle.roc_auc_score(truth, shares, multi_class="ovr")
    assert last["validation_roc_auc"] == pytest.approx(wanted)
    for name in ("precision", "recall"):
        score = getattr(oracle, f"{name}_score")(truth, labels, average="macro", zero_division=0)
        assert last[f"validation_{name}"] == pytest.approx(score)
    assert last["validation_accuracy"] == pytest.approx(oracle.accuracy_score(truth, labels))
    assert all(len(values) == 5 for values in run.history.values())


@pytest.mark.parametrize("targets", [1, 3])
def test_of_two_classes(targets: int, oracle: Any) -> None:
    y = np.random.default_rng(0).integers(0, 2, (60, targets)) * 1.0
    run, output, truth = trained(bp.BinaryCrossEntropy(), y, targets, ["f1", "roc_auc"])
    found = (output > 0) * 1
    wanted = oracle.f1_score(truth, found, average="binary" if targets == 1 else "macro")
    assert run.history["validation_f1"][-1] == pytest.approx(wanted)
    assert run.history["validation_roc_auc"][-1] == pytest.approx(oracle.roc_auc_score(truth, output))


def test_of_quantities(oracle: Any) -> None:
    y = np.random.default_rng(0).normal(size=(60, 2))
    run, output, truth = trained(bp.SquaredError(), y, 2, ["r2", "mae"])
    assert run.history["validation_r2"][-1] == pytest.approx(oracle.r2_score(truth, output))
    assert run.history["validation_mae"][-1] == pytest.approx(oracle.mean_absolute_error(truth, output))


def test_of_one_s_own() -> None:
    def bias(y_true: Any, y_pred: Any) -> Any:
        return (y_pred - y_true).mean()

    y = np.random.default_rng(0).normal(size=(60, 1))
    run, output, truth = trained(bp.SquaredError(), y, 1, [bias])
    assert run.history["validation_bias"][-1] == pytest.approx((output - truth).mean())


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        (["presicion"], 'Did you mean "precision"?'),
        (["r2"], "a metric must be one of accuracy, f1, precision, recall, roc_auc with CrossEntropy"),
        ("f1", "metrics must be a list"),
    ],
)
def test_metrics_that_are_none(metrics: Any, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        trained(bp.CrossEntropy(), np.arange(60) % 3, 3, metrics)
    assert said in str(caught.value)


def test_metrics_without_anything_held_out() -> None:
    x = np.ones((4, 1))
    with pytest.raises(OptionError, match="Give validation="):
        bp.fit(bp.Linear(1), (x, x), loss=bp.SquaredError(), optimizer=bp.SGD(0.1), metrics=["r2"])
