"""Metrics beside scikit-learn's: classes that never occur, ties, several targets, every library."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import DataError, ShapeError

BY_CLASS = {"precision": "precision_score", "recall": "recall_score", "f1": "f1_score"}


@pytest.fixture
def oracle() -> Any:
    return pytest.importorskip("sklearn.metrics")


def quietly(function: Any, *args: Any, **options: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns where a class has no sample
        return float(function(*args, **options))


def labels(seed: int, classes: int, samples: int = 60) -> tuple[Any, Any]:
    draw = np.random.default_rng(seed)
    return draw.integers(0, classes, samples), draw.integers(0, classes, samples)


@pytest.mark.parametrize("name", BY_CLASS)
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_scores_of_classes(name: str, classes: int, backend: Any, oracle: Any) -> None:
    truth, found = labels(classes, classes)
    average = "binary" if classes == 2 else "macro"
    wanted = quietly(getattr(oracle, BY_CLASS[name]), truth, found, average=average)
    true, taken = (backend.array(part, "int32") for part in (truth, found))
    got = getattr(bp.metrics, name)(true, taken, classes=classes)
    assert got.shape == ()
    assert backend.host(got) == pytest.approx(wanted, abs=4 * backend.eps)


@pytest.mark.axes("numpy", "torch", "strict:device1")
@pytest.mark.parametrize("name", BY_CLASS)
def test_the_number_of_classes_is_seen(name: str, backend: Any, oracle: Any) -> None:
    truth, found = np.asarray([0, 3, 1, 3]), np.asarray([3, 3, 1, 0])
    got = getattr(bp.metrics, name)(backend.array(truth, "int32"), backend.array(found, "int32"))
    wanted = getattr(oracle, BY_CLASS[name])(truth, found, average="macro")
    assert backend.host(got) == pytest.approx(wanted)


@pytest.mark.parametrize("name", BY_CLASS)
@pytest.mark.parametrize(
    ("truth", "found"),
    [([0, 0, 0], [0, 0, 0]), ([0, 0, 1], [0, 0, 0]), ([0, 0, 0], [0, 1, 1]), ([2, 2, 0], [1, 1, 0])],
)
def test_a_class_that_never_occurs(name: str, truth: list[int], found: list[int], oracle: Any) -> None:
    """In neither it does not count; in one of the two its score is 0."""
    average = "binary" if max(truth + found) < 2 else "macro"
    wanted = quietly(getattr(oracle, BY_CLASS[name]), truth, found, average=average, zero_division=0)
    got = getattr(bp.metrics, name)(np.asarray(truth), np.asarray(found), classes=2 if max(truth) < 2 else 5)
    assert float(got) == pytest.approx(wanted)


@pytest.mark.parametrize("name", BY_CLASS)
def test_several_targets(name: str, backend: Any, oracle: Any) -> None:
    draw = np.random.default_rng(1)
    truth, found = draw.integers(0, 2, (40, 3)), draw.integers(0, 2, (40, 3))
    wanted = getattr(oracle, BY_CLASS[name])(truth, found, average="macro")
    got = getattr(bp.metrics, name)(backend.array(truth), backend.array(found))
    assert backend.host(got) == pytest.approx(wanted, abs=4 * backend.eps)


@pytest.mark.parametrize("levels", [3, 1000])
def test_area_of_two_classes_with_ties(levels: int, backend: Any, oracle: Any) -> None:
    draw = np.random.default_rng(levels)
    truth, score = draw.integers(0, 2, 80), draw.integers(0, levels, 80) / levels
    wanted = oracle.roc_auc_score(truth, score)
    got = bp.metrics.roc_auc(backend.array(truth, "int32"), backend.array(score))
    assert backend.host(got) == pytest.approx(wanted, abs=64 * backend.eps)
    column = bp.metrics.roc_auc(backend.array(truth[:, None]), backend.array(score[:, None]))
    assert backend.host(column) == backend.host(got)


def test_area_of_several_classes(backend: Any, oracle: Any) -> None:
    draw = np.random.default_rng(4)
    truth, logits = draw.integers(0, 4, 100), draw.normal(size=(100, 4))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = oracle.roc_auc_score(truth, shares, multi_class="ovr", average="macro")
    got = bp.metrics.roc_auc(backend.array(truth, "int32"), backend.array(shares))
    assert backend.host(got) == pytest.approx(wanted, abs=64 * backend.eps)


def test_area_of_several_targets(oracle: Any) -> None:
    draw = np.random.default_rng(5)
    truth, score = draw.integers(0, 2, (50, 3)), draw.normal(size=(50, 3))
    assert float(bp.metrics.roc_auc(truth, score)) == pytest.approx(oracle.roc_auc_score(truth, score))


@pytest.mark.parametrize("truth", [[0, 0, 0], [1, 1, 1]])
def test_no_area_of_one_class(truth: list[int]) -> None:
    assert math.isnan(float(bp.metrics.roc_auc(np.asarray(truth), np.asarray([0.1, 0.2, 0.3]))))


@pytest.mark.parametrize("shape", [(30,), (30, 2)])
def test_scores_of_quantities(shape: tuple[int, ...], backend: Any, oracle: Any) -> None:
    draw = np.random.default_rng(6)
    truth = draw.normal(size=shape)
    found = truth + 0.3 * draw.normal(size=shape)
    for name, wanted in (("r2", oracle.r2_score), ("mae", oracle.mean_absolute_error)):
        got = getattr(bp.metrics, name)(backend.array(truth), backend.array(found))
        assert backend.host(got) == pytest.approx(wanted(truth, found), abs=64 * backend.eps)


@pytest.mark.parametrize("found", [[2.0, 2.0], [2.0, 3.0]])
def test_a_constant_truth(found: list[float], oracle: Any) -> None:
    truth = np.asarray([2.0, 2.0])
    assert float(bp.metrics.r2(truth, np.asarray(found))) == oracle.r2_score(truth, found)
    assert math.isnan(float(bp.metrics.r2(truth[:1], truth[:1])))


def test_accuracy(backend: Any, oracle: Any) -> None:
    truth, found = labels(8, 5)
    got = bp.metrics.accuracy(backend.array(truth, "int32"), backend.array(found, "int32"))
    assert backend.host(got) == pytest.approx(oracle.accuracy_score(truth, found), abs=4 * backend.eps)


@pytest.mark.parametrize("name", bp.metrics.__all__)
def test_shapes_that_would_broadcast(name: str) -> None:
    with pytest.raises(ShapeError, match="truth's shape"):
        getattr(bp.metrics, name)(np.asarray([0, 1, 1]), np.asarray([[0], [1]]))


def test_scores_that_are_no_numbers_have_no_area() -> None:
    """A net that broke down is no coin."""
    assert math.isnan(bp.metrics.roc_auc(np.asarray([0, 1, 1]), np.asarray([0.1, math.nan, 0.3])))


def test_lists_and_names_of_classes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"accuracy wants arrays, was given a list\. Give arrays, as numpy"):
        bp.metrics.accuracy([1, 0], [1, 1])
    names = np.asarray(["a", "b"])
    with pytest.raises(DataError, match="f1 wants labels that are numbers from 0, was given those of <U1"):
        bp.metrics.f1(names, names)
