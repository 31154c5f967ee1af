"""Losses beside PyTorch's functional ones, values and gradients, and beside scipy.special."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp

RNG = np.random.default_rng(6)
Z = RNG.normal(scale=3.0, size=(7, 4))
WANTED = RNG.normal(scale=3.0, size=(7, 4))
SHARES = RNG.dirichlet(np.ones(4), size=7)
BITS = RNG.integers(0, 2, size=(7, 4)).astype(float)
LABELS = RNG.integers(0, 4, size=7)
COUNTS = RNG.poisson(3.0, size=(7, 4)).astype(float)
POSITIVE = RNG.uniform(0.1, 5.0, size=(7, 4))

CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "MeanAbsoluteError": (bp.MeanAbsoluteError(), Z, WANTED, lambda f, z, t: f.l1_loss(z, t)),
    "Huber": (bp.Huber(), Z, WANTED, lambda f, z, t: f.huber_loss(z, t)),
    "Huber 2.5": (bp.Huber(2.5), Z, WANTED, lambda f, z, t: f.huber_loss(z, t, delta=2.5)),
    "Huber sum": (
        bp.Huber(0.3, reduction="sum"),
        *(Z, WANTED),
        lambda f, z, t: f.huber_loss(z, t, delta=0.3, reduction="sum"),
    ),
    "Hinge": (bp.Hinge(), Z, BITS, lambda f, z, t: f.relu(1 - (2 * t - 1) * z).mean()),
    "Hinge signed": (bp.Hinge(), Z, 2 * BITS - 1, lambda f, z, t: f.relu(1 - t * z).mean()),
    "Hinge squared": (
        bp.Hinge(squared=True),
        *(Z, BITS),
        lambda f, z, t: (f.relu(1 - (2 * t - 1) * z) ** 2).mean(),
    ),
    "PoissonLoss": (bp.PoissonLoss(), Z, COUNTS, lambda f, z, t: f.poisson_nll_loss(z, t)),
    "PoissonLoss of rates": (
        bp.PoissonLoss(log_input=False),
        *(POSITIVE, COUNTS),
        lambda f, z, t: f.poisson_nll_loss(z, t, log_input=False, eps=0.0),
    ),
    "KLDivergence": (
        bp.KLDivergence(),
        *(Z, SHARES),
        lambda f, z, t: f.kl_div(f.log_softmax(z, -1), t, reduction="batchmean"),
    ),
    "KLDivergence of shares": (
        bp.KLDivergence(from_logits=False, reduction="sum"),
        *(SHARES[::-1].copy(), SHARES),
        lambda f, z, t: f.kl_div(z.log(), t, reduction="sum"),
    ),
    "CrossEntropy smoothed": (
        bp.CrossEntropy(label_smoothing=0.1),
        *(Z, LABELS),
        lambda f, z, t: f.cross_entropy(z, t, label_smoothing=0.1),
    ),
    "CrossEntropy smoothed shares": (
        bp.CrossEntropy(label_smoothing=0.3, reduction="sum"),
        *(Z, SHARES),
        lambda f, z, t: f.cross_entropy(z, t, label_smoothing=0.3, reduction="sum"),
    ),
    "CrossEntropy smoothed of shares": (
        bp.CrossEntropy(from_logits=False, label_smoothing=0.2),
        *(SHARES, LABELS),
        lambda f, z, t: -((0.8 * f.one_hot(t, 4).double() + 0.05) * z.log()).sum(-1).mean(),
    ),
    "BinaryFocal": (bp.BinaryFocal(), Z, BITS, lambda f, z, t: focal_of_bits(f, z, t, 2.0)),
    "BinaryFocal 0.5, 0.25": (
        bp.BinaryFocal(0.5, 0.25),
        *(Z, BITS),
        lambda f, z, t: focal_of_bits(f, z, t, 0.5, 0.25),
    ),
    "BinaryFocal 0": (
        bp.BinaryFocal(0.0),
        *(Z, BITS),
        lambda f, z, t: f.binary_cross_entropy_with_logits(z, t),
    ),
    "BinaryFocal of shares": (
        bp.BinaryFocal(1.5, from_logits=False),
        *(SHARES, BITS),
        lambda f, z, t: focal_of_bits(f, (z / (1 - z)).log(), t, 1.5),
    ),
    "Focal": (bp.Focal(), Z, LABELS, lambda f, z, t: focal_of_classes(f, z, t, 2.0)),
    "Focal 0.5": (bp.Focal(0.5), Z, LABELS, lambda f, z, t: focal_of_classes(f, z, t, 0.5)),
    "Focal 0": (bp.Focal(0.0), Z, LABELS, lambda f, z, t: f.cross_entropy(z, t)),
    "Focal of shares": (
        bp.Focal(3.0, from_logits=False),
        *(SHARES, LABELS),
        lambda f, z, t: focal_of_shares(z, t, 3.0),
    ),
}


def focal_of_bits(f: Any, z: Any, t: Any, gamma: float, alpha: float | None = None) -> Any:
    """Return what torchvision's sigmoid_focal_loss does."""
    p = z.sigmoid()
    wrong = 1 - (p * t + (1 - p) * (1 - t))
    loss = f.binary_cross_entropy_with_logits(z, t, reduction="none") * wrong**gamma
    return (loss if alpha is None else (alpha * t + (1 - alpha) * (1 - t)) * loss).mean()


def focal_of_classes(f: Any, z: Any, t: Any, gamma: float) -> Any:
    """Return the paper's formula, of the probability of the right class."""
    return focal_of_shares(f.softmax(z, -1), t, gamma)


def focal_of_shares(shares: Any, t: Any, gamma: float) -> Any:
    """Return the same of shares."""
    p = shares[range(len(t)), t]
    return (-((1 - p) ** gamma) * p.log()).mean()


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    loss, output, target, oracle = CASES[name]
    value, slope = bp.value_and_grad(loss)(output, target)
    z = torch.tensor(output, dtype=torch.float64, requires_grad=True)
    wanted = oracle(torch.nn.functional, z, torch.as_tensor(target))
    wanted.backward()
    assert float(value) == pytest.approx(wanted.item(), rel=1e-12)
    np.testing.assert_allclose(slope, z.grad.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_that_of_the_value(backend: Any, name: str) -> None:
    """On every axis, compiled by none: the rules of the functions, and the dtypes."""
    loss, output, target, _ = CASES[name]
    z = backend.array(output)
    t = backend.array(target, "int32" if target.dtype.kind == "i" else None)
    value, slope = backend.run(bp.value_and_grad(loss), z, t)
    wanted, expected = bp.value_and_grad(loss)(output, target)
    assert tuple(value.shape) == ()
    assert value.dtype == slope.dtype == z.dtype
    assert float(backend.host(value)) == pytest.approx(float(wanted), rel=200 * backend.eps)
    np.testing.assert_allclose(backend.host(slope), expected, rtol=2e3 * backend.eps, atol=50 * backend.eps)


def test_by_scipy() -> None:
    special = pytest.importorskip("scipy.special")
    z, t = RNG.normal(size=(5, 3)), RNG.dirichlet(np.ones(3), size=5)
    t[0] = [0.0, 1.0, 0.0]
    found = bp.KLDivergence(reduction="sum")(z, t)
    assert float(found) == pytest.approx(special.rel_entr(t, special.softmax(z, axis=-1)).sum(), rel=1e-12)
    assert float(bp.Huber(1.5, reduction="sum")(z, t)) == pytest.approx(
        special.huber(1.5, z - t).sum(), rel=1e-13
    )


def test_by_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    z, t = RNG.normal(size=(9,)), RNG.integers(0, 2, size=9)
    weights = RNG.uniform(size=9)
    found = bp.Hinge()(z, t, weights)
    assert float(found) == pytest.approx(metrics.hinge_loss(t, z, sample_weight=weights), rel=1e-12)
