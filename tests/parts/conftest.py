"""What layers are put beside: PyTorch's, from the same weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.trees import named_leaves, tree_map


@pytest.fixture
def torch() -> Any:
    """PyTorch, or a skip."""
    return pytest.importorskip("torch")


@pytest.fixture
def agrees(torch: Any) -> Callable[..., None]:
    """Return a function that compares a layer with PyTorch's: output, and gradients by weights and input."""

    def compare(
        layer: Any,
        x: Any,
        weights: Callable[[Callable[[Any], Any]], Any],
        oracle: Callable[[Any], Any],
        *,
        training: bool = False,
    ) -> Any:
        """Compare to 1e-12; return the state after it.

        `weights` makes bpcore's tree of PyTorch's parameters, or of their gradients.
        """
        params = tree_map(np.ascontiguousarray, weights(lambda p: p.detach().numpy()))
        made = layer.init(bp.key(0), x.shape[1:], dtype=np.float64)
        shapes = {name: p.shape for name, p in named_leaves(made)}
        assert {name: p.shape for name, p in named_leaves(params)} == shapes
        given = torch.from_numpy(x)
        if not layer.integers:
            given.requires_grad_()
        wanted = oracle(given)
        assert wanted.shape[1:] == layer.output_shape(x.shape[1:])
        g = np.random.default_rng(1).normal(size=tuple(wanted.shape))
        wanted.backward(torch.from_numpy(g))
        start = layer.init_state(x.shape[1:], like=np.ones(1))

        def forward(params: Any, x: Any) -> tuple[Any, Any]:
            y, state = layer.forward(params, start, x, training=training)
            return bp.array_namespace(y).sum(y * g), (y, state)

        argnums = (0,) if layer.integers else (0, 1)
        (_, (y, state)), grads = bp.value_and_grad(forward, argnums=argnums, has_aux=True)(params, x)
        close(y, wanted.detach().numpy())
        pulled = weights(lambda p: p.grad.numpy())
        for (name, ours), (_, theirs) in zip(named_leaves(grads[0]), named_leaves(pulled), strict=True):
            close(ours, theirs, name)
        if not layer.integers:
            close(grads[1], given.grad.numpy(), "x")
        return state

    return compare


def close(ours: Any, theirs: Any, name: str = "output") -> None:
    """Want two arrays to agree to 1e-12 of their largest number."""
    assert ours.shape == theirs.shape, name
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * max(1, np.abs(theirs).max()), err_msg=name)
