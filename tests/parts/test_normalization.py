"""Normalisation beside PyTorch's: what comes out, what is carried, and which way it moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError, ShapeError


def weights_of(module: Any) -> Callable[[Callable[[Any], Any]], Any]:
    return lambda of: {"weight": of(module.weight), "bias": of(module.bias)}


def started(torch: Any, module: Any) -> Any:
    """Give a module other weights than ones and zeros."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.linspace(-1, 2, p.numel(), dtype=p.dtype))
    return module


def test_layer_norm_as_in_torch(torch: Any, agrees: Callable[..., Any]) -> None:
    module = started(torch, torch.nn.LayerNorm(5, dtype=torch.float64))
    for shape in ((4, 5), (2, 3, 5)):
        module.zero_grad()
        agrees(bp.LayerNorm(), np.random.default_rng(0).normal(2, 3, size=shape), weights_of(module), module)


def test_batch_norm_learns_as_in_torch(torch: Any, agrees: Callable[..., Any]) -> None:
    module = started(torch, torch.nn.BatchNorm1d(5, dtype=torch.float64))
    x = np.random.default_rng(0).normal(2, 3, size=(6, 5))
    state = agrees(bp.BatchNorm(), x, weights_of(module), module, training=True)
    np.testing.assert_allclose(state["running_mean"], module.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(state["running_var"], module.running_var.numpy(), rtol=1e-12)


def test_batch_norm_of_pictures_is_over_all_places(torch: Any, agrees: Callable[..., Any]) -> None:
    module = started(torch, torch.nn.BatchNorm2d(2, eps=1e-3, momentum=0.3, dtype=torch.float64))
    x = np.random.default_rng(0).normal(2, 3, size=(3, 4, 5, 2))

    def oracle(x: Any) -> Any:
        return module(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    state = agrees(bp.BatchNorm(0.3, 1e-3), x, weights_of(module), oracle, training=True)
    np.testing.assert_allclose(state["running_mean"], module.running_mean.numpy(), rtol=1e-12)
    np.testing.assert_allclose(state["running_var"], module.running_var.numpy(), rtol=1e-12)


def test_batch_norm_has_learnt_as_in_torch(torch: Any, agrees: Callable[..., Any]) -> None:
    module = started(torch, torch.nn.BatchNorm1d(5, dtype=torch.float64)).eval()
    x = np.random.default_rng(0).normal(2, 3, size=(6, 5))
    agrees(bp.BatchNorm(), x, weights_of(module), module)


def test_a_run_keeps_the_means_and_predicts_with_them() -> None:
    x = np.random.default_rng(0).normal(5, 2, size=(64, 3))
    net = bp.Chain(bp.BatchNorm(), bp.Linear(1))
    run = bp.fit(
        net,
        (x, x[:, :1]),
        loss=bp.SquaredError(),
        optimizer=bp.SGD(1e-3),
        epochs=60,
        batch_size=32,
        progress=None,
    )
    np.testing.assert_allclose(run.state[0]["running_mean"], x.mean(axis=0), atol=0.3)
    alone, among = run.predict(x[:1]), run.predict(x)[:1]
    np.testing.assert_allclose(alone, among, rtol=1e-12)


def test_what_does_not_fit_is_said() -> None:
    layer = bp.BatchNorm()
    params = layer.init(bp.key(0), (3,))
    state = layer.init_state((3,), like=params["weight"])
    with pytest.raises(ShapeError) as caught:
        layer.forward(params, state, np.ones((1, 3)), training=True)
    assert str(caught.value) == (
        "BatchNorm wants two numbers or more of each feature while it learns, was given (1, 3). One has no "
        "variance: choose a batch_size that leaves no sample alone."
    )
    with pytest.raises(ShapeError, match=r"inputs of shape \(batch, ..., 3\), was given \(2, 4\)"):
        layer.forward(params, state, np.ones((2, 4)))
    with pytest.raises(OptionError, match=r"Call forward\(params, state, x\)"):
        layer(params, np.ones((2, 3)))
    with pytest.raises(OptionError, match="momentum of BatchNorm"):
        bp.BatchNorm(0)
    for kind in (bp.BatchNorm, bp.LayerNorm):
        with pytest.raises(OptionError, match=f"epsilon of {kind.__name__} must be a number above 0"):
            kind(epsilon=0)
