"""A weight for each sample: the weighted mean, the weighted sum, and the same as samples given twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts.metrics import accuracy
from bpcore.words.errors import ShapeError

Z = np.asarray([[0.5, -1.0, 2.0], [1.5, 0.0, -0.5], [0.1, 0.2, 0.3], [-2.0, 1.0, 0.0]])
T = np.asarray([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
LABELS = np.argmax(T, axis=1).astype(np.int32)
W = np.asarray([2.0, 0.0, 1.0, 3.0])
TWICE = [0, 0, 2, 3, 3, 3]
LOSSES = [
    *(bp.SquaredError, bp.MeanAbsoluteError, bp.Huber, bp.Hinge, bp.PoissonLoss, bp.KLDivergence),
    *(bp.BinaryCrossEntropy, bp.CrossEntropy, bp.Focal, bp.BinaryFocal),
]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("kind", LOSSES)
def test_a_weight_of_2_is_a_sample_given_twice(backend: Any, kind: Any, reduction: str) -> None:
    loss = kind(reduction=reduction)
    found = backend.run(bp.value_and_grad(loss), *map(backend.array, (Z, T, W)))
    value, slope = (backend.host(array) for array in found)
    wanted, each = bp.value_and_grad(loss)(Z[TWICE], T[TWICE])
    assert float(value) == pytest.approx(float(wanted), rel=100 * backend.eps)
    summed = np.zeros_like(Z)
    np.add.at(summed, TWICE, each)
    np.testing.assert_allclose(slope, summed, rtol=200 * backend.eps, atol=50 * backend.eps)


def test_labels(backend: Any) -> None:
    loss = bp.CrossEntropy()
    weights = backend.array(W)
    one = loss(backend.array(Z), backend.array(LABELS, "int32"), weights)
    other = loss(backend.array(Z), backend.array(T), weights)
    assert float(backend.host(one)) == pytest.approx(float(backend.host(other)), rel=10 * backend.eps)


def test_by_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    by_class = np.asarray([0.5, 2.0, 1.25])
    found = bp.CrossEntropy()(Z, LABELS, by_class[LABELS])
    wanted = torch.nn.functional.cross_entropy(
        torch.as_tensor(Z), torch.as_tensor(LABELS).long(), weight=torch.as_tensor(by_class)
    )
    assert float(found) == pytest.approx(wanted.item(), rel=1e-12)


def test_weights_of_0_leave_no_nan(backend: Any) -> None:
    value, slope = bp.value_and_grad(bp.SquaredError())(*map(backend.array, (Z, T, 0 * W)))
    assert float(backend.host(value)) == 0.0
    assert not backend.host(slope).any()


def test_accuracy_is_the_share_of_the_weight(backend: Any) -> None:
    z, labels, w = backend.array(Z), backend.array(LABELS, "int32"), backend.array(W)
    assert float(backend.host(accuracy(bp.CrossEntropy(), z, labels, w))) == pytest.approx(4 / 6, rel=1e-6)
    found = accuracy(bp.BinaryCrossEntropy(), z, backend.array(T), w)
    right = ((Z > 0) == (T > 0.5)).mean(axis=1)
    assert float(backend.host(found)) == pytest.approx((right * W).sum() / W.sum(), rel=1e-6)
    assert accuracy(bp.Huber(), z, backend.array(T), w) is None
    signed = accuracy(bp.Hinge(), z, backend.array(2 * T - 1))
    assert float(backend.host(signed)) == pytest.approx(right.mean(), rel=1e-6)


@pytest.mark.parametrize("shape", [(3,), (4, 3), (4, 1), ()])
def test_weights_of_another_shape_are_refused(shape: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        bp.SquaredError()(Z, T, np.ones(shape))
    assert str(caught.value) == f"SquaredError wants weights of shape (4,), one a sample, was given {shape}."
