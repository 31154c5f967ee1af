"""Metrics: labels that an output means, and the share of right ones."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from bpcore.parts.metrics import accuracy, predicted


def test_binary_labels(backend: Any) -> None:
    target = backend.array([[0.0], [1.0], [1.0], [0.0]])
    logits = backend.array([[-3.0], [0.1], [-0.1], [0.0]])  # p = 0.5 means 0
    loss = bp.BinaryCrossEntropy()
    assert backend.host(predicted(loss, logits)).ravel().tolist() == [False, True, False, False]
    assert backend.host(backend.run(lambda z, t: accuracy(loss, z, t), logits, target)) == 0.75
    shares = backend.array([[0.2], [0.6], [0.5], [0.5]])
    loss = bp.BinaryCrossEntropy(from_logits=False)
    assert backend.host(backend.run(lambda p, t: accuracy(loss, p, t), shares, target)) == 0.75


def test_several_binary_outputs_count_each(backend: Any) -> None:
    logits, target = backend.array([[1.0, 1.0], [1.0, -1.0]]), backend.array([[1.0, 0.0], [1.0, 0.0]])
    assert backend.host(accuracy(bp.BinaryCrossEntropy(), logits, target)) == 0.75


def test_classes_from_labels_and_from_shares(backend: Any) -> None:
    output = backend.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.0, 0.1, 0.9], [0.8, 0.1, 0.1]])
    labels = backend.array([1, 0, 2, 2], "int32")
    shares = backend.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.2, 0.6], [0.0, 0.0, 1.0]])
    for loss in (bp.CrossEntropy(), bp.CrossEntropy(from_logits=False)):
        assert backend.host(predicted(loss, output)).tolist() == [1, 0, 2, 0]
        for target in (labels, shares):
            found = backend.run(lambda z, t, loss=loss: accuracy(loss, z, t), output, target)
            assert backend.host(found) == 0.75
            assert str(backend.host(found).dtype) == backend.float
            assert tuple(found.shape) == ()


def test_no_classes_no_accuracy(backend: Any) -> None:
    y = backend.array([[1.0]])
    assert predicted(bp.SquaredError(), y) is None
    assert accuracy(bp.SquaredError(), y, y) is None


@pytest.mark.parametrize("logits", [True, False])
def test_both_forms_agree(logits: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    import numpy as np

    z = np.linspace(-3, 3, 14)[:, None]
    target = (np.arange(14) % 3 == 0).astype(float)[:, None]
    output = z if logits else 1 / (1 + np.exp(-z))
    wanted = np.mean((z > 0) == (target > 0.5))
    assert accuracy(bp.BinaryCrossEntropy(from_logits=logits), output, target) == wanted
