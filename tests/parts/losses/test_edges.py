"""Losses at the ends of their ranges, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.files.description import build, describe
from bpcore.words.errors import DataError, OptionError, ShapeError

BINARY = [bp.BinaryFocal(gamma) for gamma in (0.0, 0.5, 1.0, 2.0, 5.0)]
HINGE = "Hinge wants targets that are -1 and 1, or 0 and 1, was given numbers from "
CLASSES = [bp.Focal(gamma) for gamma in (0.0, 0.5, 1.0, 2.0, 5.0)]


@pytest.mark.parametrize(
    "loss", [*BINARY, bp.Hinge(), bp.Hinge(squared=True), bp.Huber(), bp.MeanAbsoluteError()]
)
@pytest.mark.parametrize("size", [50.0, 1e4])
def test_huge_outputs(backend: Any, loss: Any, size: float) -> None:
    z, t = backend.array([size, -size, size, -size, 0.0]), backend.array([1.0, 1.0, 0.0, 0.0, 1.0])
    value, slope = backend.run(bp.value_and_grad(loss), z, t)
    assert np.isfinite(float(backend.host(value)))
    assert np.all(np.isfinite(backend.host(slope)))


@pytest.mark.parametrize("loss", BINARY)
def test_a_focal_loss_of_what_is_wrong_is_the_logit(backend: Any, loss: Any) -> None:
    z, t = backend.array([1e4, -1e4, 1e4]), backend.array([0.0, 1.0, 1.0])
    value, slope = backend.run(bp.value_and_grad(type(loss)(loss.gamma, reduction="sum")), z, t)
    assert float(backend.host(value)) == pytest.approx(2e4, rel=1e-6)
    np.testing.assert_allclose(backend.host(slope), [1.0, -1.0, 0.0], atol=1e-6)


@pytest.mark.parametrize("loss", [*CLASSES, bp.CrossEntropy(label_smoothing=0.1), bp.KLDivergence()])
@pytest.mark.parametrize("size", [50.0, 1e4])
def test_huge_logits_of_classes(backend: Any, loss: Any, size: float) -> None:
    z = backend.array([[size, -size, 0.0], [-size, size, 0.0], [0.0, 0.0, 0.0]])
    t = backend.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    value, slope = backend.run(bp.value_and_grad(loss), z, t)
    assert float(backend.host(value)) > size / 2
    assert np.all(np.isfinite(backend.host(slope)))
    assert backend.host(slope)[1, 0] < -0.2


@pytest.mark.parametrize(
    "loss",
    [
        *(bp.BinaryFocal(gamma, from_logits=False) for gamma in (0.0, 0.5, 2.0)),
        *(bp.Focal(gamma, from_logits=False) for gamma in (0.0, 0.5, 2.0)),
        bp.KLDivergence(from_logits=False),
        bp.PoissonLoss(log_input=False),
    ],
)
def test_shares_of_0_and_1(backend: Any, loss: Any) -> None:
    p, t = backend.array([[0.0, 1.0], [1.0, 0.0]]), backend.array([[1.0, 0.0], [1.0, 0.0]])
    value, slope = backend.run(bp.value_and_grad(loss), p, t)
    assert np.isfinite(float(backend.host(value)))
    slope = backend.host(slope)
    assert np.all(np.isfinite(slope))
    assert slope[0, 0] < 0  # wrong and sure of it: the way back is shown


@pytest.mark.parametrize("loss", [bp.Focal(0.5, from_logits=False), bp.BinaryFocal(0.5, from_logits=False)])
def test_shares_above_1_by_rounding(loss: Any) -> None:
    p, t = np.asarray([[1.0 + 2.0**-52, -(2.0**-52)]]), np.asarray([[1.0, 0.0]])
    value, slope = bp.value_and_grad(loss)(p, t)
    assert abs(float(value)) < 1e-7
    assert np.all(np.isfinite(slope))


def test_kinks_have_the_slope_0(backend: Any) -> None:
    x = backend.array([1.0, -2.0])
    assert backend.host(bp.grad(bp.MeanAbsoluteError())(x, x)).tolist() == [0.0, 0.0]
    z, t = backend.array([1.0, -1.0]), backend.array([1.0, -1.0])
    assert backend.host(bp.grad(bp.Hinge())(z, t)).tolist() == [0.0, 0.0]
    half = backend.host(
        bp.grad(bp.Huber(0.5, reduction="sum"))(backend.array([0.5, -0.5]), backend.array([0.0, 0.0]))
    )
    assert half.tolist() == [0.5, -0.5]  # where both branches meet


def test_labels_0_and_minus_1_are_one(backend: Any) -> None:
    z = backend.array([[0.3], [-0.2], [1.5]])
    one, other = (bp.Hinge()(z, backend.array([[1.0], [low], [low]])) for low in (0.0, -1.0))
    assert float(backend.host(one)) == float(backend.host(other)) > 0


@pytest.mark.parametrize(
    ("loss", "target", "sentence"),
    [
        (bp.Hinge(), [-1.0, 0.0, 1.0], HINGE + "-1 to 1."),
        (bp.Hinge(), [0.0, 2.0], HINGE + "0 to 2."),
        (bp.PoissonLoss(), [1.0, -3.0], "PoissonLoss wants counts, numbers from 0 on, was given -3."),
        (bp.BinaryFocal(), [0.0, 1.5], "BinaryFocal wants targets from 0 to 1, was given 0 to 1.5."),
        (bp.KLDivergence(), [[0.5, 0.4]], "KLDivergence wants probabilities that sum to 1 in each row."),
        (bp.KLDivergence(), [[1.5, -0.5]], "KLDivergence wants targets from 0 to 1, was given -0.5 to 1.5."),
    ],
)  # fmt: skip
def test_targets_that_are_none(backend: Any, loss: Any, target: Any, sentence: str) -> None:
    with backend.reading(), pytest.raises(DataError) as caught:
        loss.check_targets(backend.array(target), np.shape(target))
    assert str(caught.value) == sentence


def test_focal_wants_labels_as_cross_entropy_does() -> None:
    with pytest.raises(
        DataError, match=r"Focal wants labels from 0 to 2 for a network of 3 outputs, was given 0 to 3"
    ):
        bp.Focal().check_targets(np.asarray([0, 3]), (2, 3))
    with pytest.raises(ShapeError, match="Focal wants labels of shape"):
        bp.Focal()(np.ones((4, 3)), np.ones((4, 1)))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: bp.Huber(0.0), "delta of Huber must be a number above 0, was given 0.0."),
        (lambda: bp.Huber("1"), "delta of Huber must be a number above 0, was given '1'."),
        (lambda: bp.Focal(-1.0), "gamma of Focal must be a number, 0 or more, was given -1.0."),
        (lambda: bp.Focal(float("nan")), "gamma of Focal must be a number, 0 or more, was given nan."),
        (
            lambda: bp.BinaryFocal(alpha=2),
            "alpha of BinaryFocal must be a number from 0 to 1, or None, was given 2.",
        ),
        (
            lambda: bp.CrossEntropy(label_smoothing=1.5),
            "label_smoothing of CrossEntropy must be a number from 0 to 1, was given 1.5.",
        ),
    ],
)  # fmt: skip
def test_options_outside_their_range(make: Any, sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "loss",
    [
        *(bp.Huber(2.0), bp.Hinge(squared=True), bp.Focal(1.0), bp.BinaryFocal(1.0, 0.3)),
        *(bp.KLDivergence(), bp.PoissonLoss()),
    ],
)
def test_a_loss_is_described_and_built_again(loss: Any) -> None:
    assert build(describe(loss)) == loss
