"""Losses against plain loops in Python, at the ends of their ranges, and refusing what would be silent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bpcore as bp
from bpcore.words.errors import DataError, OptionError, ShapeError

REDUCTIONS = {"mean": lambda terms: math.fsum(terms) / len(terms), "sum": math.fsum}
MATRICES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)


def numbers(shape: tuple[int, ...], low: float, high: float) -> Any:
    return hnp.arrays(np.float64, shape, elements=st.floats(low, high))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("half", [True, False])
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_squared_error(data: Any, half: bool, reduction: str) -> None:  # noqa: FBT001 -- a parameter
    shape = data.draw(MATRICES)
    output, target = (data.draw(numbers(shape, -1e3, 1e3)) for _ in range(2))
    terms = [(o - t) ** 2 * (0.5 if half else 1.0) for o, t in zip(output.flat, target.flat, strict=True)]
    value, g = bp.value_and_grad(bp.SquaredError(half=half, reduction=reduction))(output, target)
    assert value == pytest.approx(REDUCTIONS[reduction](terms), rel=1e-14, abs=1e-300)
    slope = (output - target) * (1.0 if half else 2.0) / (output.size if reduction == "mean" else 1)
    np.testing.assert_allclose(g, slope, rtol=1e-14)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_binary_cross_entropy_of_logits(data: Any, reduction: str) -> None:
    shape = data.draw(MATRICES)
    z, t = data.draw(numbers(shape, -30, 30)), data.draw(numbers(shape, 0, 1))
    p = [1 / (1 + math.exp(-x)) for x in z.flat]
    q = [1 / (1 + math.exp(x)) for x in z.flat]
    terms = [-(y * math.log(a) + (1 - y) * math.log(b)) for a, b, y in zip(p, q, t.flat, strict=True)]
    value, g = bp.value_and_grad(bp.BinaryCrossEntropy(reduction=reduction))(z, t)
    assert value == pytest.approx(REDUCTIONS[reduction](terms), rel=1e-12, abs=1e-14)
    slope = (np.reshape(p, shape) - t) / (t.size if reduction == "mean" else 1)
    np.testing.assert_allclose(g, slope, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_binary_cross_entropy_of_probabilities(data: Any, reduction: str) -> None:
    shape = data.draw(MATRICES)
    p, t = data.draw(numbers(shape, 1e-9, 1 - 1e-9)), data.draw(numbers(shape, 0, 1))
    terms = [-(y * math.log(a) + (1 - y) * math.log(1 - a)) for a, y in zip(p.flat, t.flat, strict=True)]
    value, g = bp.value_and_grad(bp.BinaryCrossEntropy(from_logits=False, reduction=reduction))(p, t)
    assert value == pytest.approx(REDUCTIONS[reduction](terms), rel=1e-12, abs=1e-15)
    slope = ((1 - t) / (1 - p) - t / p) / (t.size if reduction == "mean" else 1)
    np.testing.assert_allclose(g, slope, rtol=1e-12, atol=1e-12)


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_both_forms_of_binary_cross_entropy_agree(data: Any) -> None:
    shape = data.draw(MATRICES)
    z, t = data.draw(numbers(shape, -15, 15)), data.draw(numbers(shape, 0, 1))
    form = bp.BinaryCrossEntropy(from_logits=False)
    one, slope = bp.value_and_grad(bp.BinaryCrossEntropy())(z, t)
    other, by_chain = bp.value_and_grad(lambda z, t: form(bp.Sigmoid()({}, z), t))(z, t)
    assert one == pytest.approx(other, rel=1e-9)
    np.testing.assert_allclose(by_chain, slope, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_cross_entropy(data: Any, reduction: str) -> None:
    samples, classes = data.draw(MATRICES)
    z = data.draw(numbers((samples, classes), -15, 15))
    labels = data.draw(hnp.arrays(np.int32, samples, elements=st.integers(0, classes - 1)))
    p = [[math.exp(x) / math.fsum(map(math.exp, row)) for x in row] for row in z.tolist()]
    terms = [-math.log(row[label]) for row, label in zip(p, labels, strict=True)]
    one_hot = np.eye(classes)[labels]
    wanted = REDUCTIONS[reduction](terms)
    slope = (np.asarray(p) - one_hot) / (samples if reduction == "mean" else 1)
    for target in (labels, one_hot):
        value, g = bp.value_and_grad(bp.CrossEntropy(reduction=reduction))(z, target)
        assert value == pytest.approx(wanted, rel=1e-12, abs=1e-13)
        np.testing.assert_allclose(g, slope, rtol=1e-12, atol=1e-14)
    form = bp.CrossEntropy(from_logits=False, reduction=reduction)
    for target in (labels, one_hot):
        value, g = bp.value_and_grad(lambda z, t: form(bp.Softmax()({}, z), t))(z, target)
        assert value == pytest.approx(wanted, rel=1e-9, abs=1e-13)


def test_on_every_axis(backend: Any) -> None:
    z = backend.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0]])
    labels = backend.array([2, 1], "int32")
    shares = backend.array([[0.0, 0.25, 0.75], [0.0, 1.0, 0.0]])
    p = np.exp(backend.host(z)) / np.exp(backend.host(z)).sum(axis=1, keepdims=True)
    tight = {"rel": 8 * backend.eps}

    def found(loss: Any, output: Any, target: Any) -> Any:
        value, g = backend.run(bp.value_and_grad(loss), output, target)
        assert tuple(value.shape) == ()
        assert g.dtype == output.dtype
        return float(backend.host(value))

    wanted = -(math.log(p[0, 2]) + math.log(p[1, 1]))
    assert found(bp.CrossEntropy(), z, labels) == pytest.approx(wanted / 2, **tight)
    assert found(bp.CrossEntropy(reduction="sum"), z, labels) == pytest.approx(wanted, **tight)
    assert found(bp.CrossEntropy(from_logits=False), backend.array(p), labels) == pytest.approx(
        wanted / 2, **tight
    )
    soft = -(0.25 * math.log(p[0, 1]) + 0.75 * math.log(p[0, 2]) + math.log(p[1, 1])) / 2
    assert found(bp.CrossEntropy(), z, shares) == pytest.approx(soft, **tight)
    squares = ((backend.host(z) - backend.host(shares)) ** 2).mean()
    assert found(bp.SquaredError(), z, shares) == pytest.approx(squares, **tight)
    logistic = 1 / (1 + np.exp(-backend.host(z)))
    t = backend.host(shares)
    binary = -(t * np.log(logistic) + (1 - t) * np.log(1 - logistic)).mean()
    assert found(bp.BinaryCrossEntropy(), z, shares) == pytest.approx(binary, **tight)
    assert found(bp.BinaryCrossEntropy(from_logits=False), backend.array(logistic), shares) == pytest.approx(
        binary, rel=64 * backend.eps
    )


@pytest.mark.parametrize("form", [bp.BinaryCrossEntropy(from_logits=False, reduction="sum")])
def test_probabilities_of_0_and_1_cost_much_and_not_everything(backend: Any, form: Any) -> None:
    p, t = backend.array([0.0, 1.0, 0.0, 1.0]), backend.array([1.0, 0.0, 0.0, 1.0])
    value, g = backend.run(bp.value_and_grad(form), p, t)
    assert float(backend.host(value)) == pytest.approx(-2 * math.log(1e-15), rel=1e-6)
    g = backend.host(g)
    assert np.all(np.isfinite(g))
    assert g[0] < 0 < g[1]  # wrong and sure of it: the way back is shown
    assert g[2] >= 0 >= g[3]


def test_shares_of_0_cost_much_and_not_everything(backend: Any) -> None:
    p, labels = backend.array([[0.0, 1.0], [0.0, 1.0]]), backend.array([0, 1], "int32")
    value, g = backend.run(bp.value_and_grad(bp.CrossEntropy(from_logits=False, reduction="sum")), p, labels)
    assert float(backend.host(value)) == pytest.approx(-math.log(1e-15), rel=1e-6)
    g = backend.host(g)
    assert np.all(np.isfinite(g))
    assert g[0, 0] < 0
    assert g[0, 1] == g[1, 0] == 0


@pytest.mark.parametrize("size", [500.0, 1e4, 1e30])
def test_huge_logits(backend: Any, size: float) -> None:
    z, t = backend.array([size, -size, size, -size]), backend.array([1.0, 0.0, 0.0, 1.0])
    value, g = backend.run(bp.value_and_grad(bp.BinaryCrossEntropy(reduction="sum")), z, t)
    assert float(backend.host(value)) == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(backend.host(g), [0.0, 0.0, 1.0, -1.0], atol=1e-99)
    z, labels = backend.array([[size, -size], [-size, size]]), backend.array([0, 0], "int32")
    value, g = backend.run(bp.value_and_grad(bp.CrossEntropy(reduction="sum")), z, labels)
    assert float(backend.host(value)) == pytest.approx(2 * size, rel=1e-6)
    np.testing.assert_allclose(backend.host(g), [[0.0, 0.0], [-1.0, 1.0]], atol=1e-99)


@pytest.mark.parametrize("kind", ["int32", "bool"])
def test_targets_of_whole_numbers(backend: Any, kind: str) -> None:
    """Labels 0 and 1 as they come: the loss stays in the output's dtype."""
    z = backend.array([[0.3, -0.2], [1.0, 2.0]], "float32")
    target = backend.array([[0, 1], [1, 0]], kind)
    floats = backend.array([[0.0, 1.0], [1.0, 0.0]], "float32")
    for loss in (bp.SquaredError(), bp.BinaryCrossEntropy(), bp.CrossEntropy()):
        value, g = backend.run(bp.value_and_grad(loss), z, target)
        wanted, slope = bp.value_and_grad(loss)(z, floats)
        assert value.dtype == z.dtype
        assert float(backend.host(value)) == pytest.approx(float(backend.host(wanted)), rel=1e-6)
        np.testing.assert_allclose(backend.host(g), backend.host(slope), rtol=1e-6)


@pytest.mark.parametrize(
    "loss", [bp.SquaredError(), bp.BinaryCrossEntropy(), bp.BinaryCrossEntropy(from_logits=False)]
)
@pytest.mark.parametrize(
    ("output", "target"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 2), (4, 1)), ((4, 1), ())]
)
def test_shapes_that_would_broadcast_are_refused(loss: Any, output: Any, target: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        loss(np.full(output, 0.5), np.full(target, 0.5))
    assert str(caught.value) == (
        f"{type(loss).__name__} wants targets of the output's shape {output}, was given {target}. "
        "Reshape one of them: they would broadcast, and every pair would be compared."
    )


@pytest.mark.parametrize("target", [(4, 1), (3,), (4, 2), (2, 4, 3)])
def test_labels_of_another_shape_are_refused(target: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        bp.CrossEntropy()(np.ones((4, 3)), np.ones(target, dtype=np.int32))
    wanted = "labels of shape (4,), or probabilities of shape (4, 3)"
    assert str(caught.value) == f"CrossEntropy wants {wanted}, was given {target}."


def test_refusal_under_a_gradient(backend: Any) -> None:
    output, target = backend.array([[1.0], [2.0]]), backend.array([1.0, 2.0])
    with pytest.raises(ShapeError, match="SquaredError wants targets of the output's shape"):
        bp.grad(bp.SquaredError())(output, target)


@pytest.mark.parametrize("labels", [[0, 3], [-1, 2]])
def test_labels_outside_the_classes(backend: Any, labels: list[int]) -> None:
    with backend.reading(), pytest.raises(DataError) as caught:
        bp.CrossEntropy().check_targets(backend.array(labels, "int32"), (2, 3))
    assert str(caught.value) == (
        f"CrossEntropy wants labels from 0 to 2 for a network of 3 outputs, was given {min(labels)} to "
        f"{max(labels)}: number the classes from 0"
        + (", or give the last layer 4 outputs." if max(labels) == 3 else ".")
    )


def test_labels_that_are_no_whole_numbers(backend: Any) -> None:
    with backend.reading(), pytest.raises(DataError) as caught:
        bp.CrossEntropy().check_targets(backend.array([0.0, 1.0, 2.0], "float32"), (3, 3))
    assert str(caught.value) == (
        "CrossEntropy wants labels that are whole numbers, was given float32: cast them, as y.astype(int), "
        "or give probabilities of shape (samples, classes)."
    )


@pytest.mark.parametrize("loss", [bp.BinaryCrossEntropy(), bp.CrossEntropy()])
def test_shares_outside_0_and_1(backend: Any, loss: Any) -> None:
    with (
        backend.reading(),
        pytest.raises(DataError, match=r"wants targets from 0 to 1, was given -0.5 to 3\."),
    ):
        loss.check_targets(backend.array([[-0.5, 3.0]]), (1, 2))
    with backend.reading():
        loss.check_targets(backend.array([[0.0, 1.0]]), (1, 2))


@pytest.mark.parametrize("kind", [bp.SquaredError, bp.BinaryCrossEntropy, bp.CrossEntropy])
def test_a_misspelt_reduction(kind: Any) -> None:
    with pytest.raises(OptionError) as caught:
        kind(reduction="means")
    assert str(caught.value) == (
        f"reduction of {kind.__name__} must be one of mean, sum, was given 'means'. Did you mean \"mean\"?"
    )
