"""Classes that a mask rules out, by a logit of minus infinity; and labels of no class."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import DataError

LOGITS = [[0.5, -math.inf, 1.0], [2.0, 1.0, -math.inf]]
NEAR = [[0.5, -800.0, 1.0], [2.0, 1.0, -800.0]]
SHARES = [[0.3, 0.0, 0.7], [0.5, 0.5, 0.0]]
CLASSES = [bp.CrossEntropy(), bp.Focal(), bp.Focal(0.5), bp.Focal(0.0)]


@pytest.mark.parametrize("loss", [*CLASSES, bp.KLDivergence()])
@pytest.mark.parametrize("labels", [True, False])
def test_a_class_that_is_not_wanted_costs_nothing(backend: Any, loss: Any, labels: bool) -> None:  # noqa: FBT001 -- a parameter
    if labels and isinstance(loss, bp.KLDivergence):
        return
    target = backend.array([0, 1], "int32") if labels else backend.array(SHARES)
    found = backend.run(bp.value_and_grad(loss), backend.array(LOGITS), target)
    wanted = backend.run(bp.value_and_grad(loss), backend.array(NEAR), target)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(backend.host(one), backend.host(other), rtol=1e-6, atol=1e-7)
        assert np.all(np.isfinite(backend.host(one)))


@pytest.mark.parametrize("loss", [bp.CrossEntropy(), bp.Focal(), bp.KLDivergence()])
def test_a_class_that_is_wanted_costs_everything(loss: Any) -> None:
    assert float(loss(np.asarray([[-math.inf, 0.0]]), np.asarray([[1.0, 0.0]]))) == math.inf


def test_as_pytorch_does() -> None:
    torch = pytest.importorskip("torch")
    z = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([2, 0])
    torch.nn.functional.cross_entropy(z, y).backward()
    value, slope = bp.value_and_grad(bp.CrossEntropy())(np.asarray(LOGITS), np.asarray([2, 0]))
    assert value == pytest.approx(torch.nn.functional.cross_entropy(z, y).item(), rel=1e-12)
    np.testing.assert_allclose(slope, z.grad.numpy(), rtol=1e-12)


def test_shares_have_their_gradient_too() -> None:
    """A share of 0 is told what it would cost to be more."""
    z, t = np.asarray([[1.0, 2.0, 3.0]]), np.asarray([[0.0, 1.0, 0.0]])
    slope = bp.grad(lambda t, z: bp.CrossEntropy()(z, t))(t, z)
    np.testing.assert_allclose(slope, -z)


@pytest.mark.parametrize("loss", [*CLASSES, bp.CrossEntropy(label_smoothing=0.1)])
@pytest.mark.parametrize("wrong", [3, -1])
def test_a_label_of_no_class_is_not_a_number(backend: Any, loss: Any, wrong: int) -> None:
    z = backend.array([[0.5, 0.1, 1.0], [2.0, 1.0, 0.3]])
    value, slope = backend.run(bp.value_and_grad(loss), z, backend.array([0, wrong], "int32"))
    assert math.isnan(float(backend.host(value)))
    assert np.all(np.isfinite(backend.host(slope)[0]))
    assert np.all(np.isnan(backend.host(slope)[1]))


def test_labels_are_whole_numbers() -> None:
    with pytest.raises(DataError, match="CrossEntropy wants labels that are whole numbers, was given float"):
        bp.CrossEntropy()(np.zeros((2, 3)), np.asarray([0.7, 1.0]))


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    loss = bp.CrossEntropy(label_smoothing=0.25)
    assert loss.trusting() == loss
    z, y = np.zeros((2, 3)), np.asarray([0, 1])
    assert loss.trusting()(z, y) == loss(z, y)
    assert len(bp.record(loss.trusting(), z, y).equations) < len(bp.record(loss, z, y).equations)
