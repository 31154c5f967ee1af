"""RAdam over the steps in which it settles, beside PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bpcore as bp


@pytest.mark.parametrize("beta2", [0.8, 0.99, 0.999])
def test_sixty_steps_by_pytorch(backend: Any, beta2: float) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    start = [1.5, -2.0, 0.25]
    optimizer = bp.RAdam(0.05, beta2=beta2)
    params: Any = backend.array(start)
    state = optimizer.init(params)
    update = bp.compile(optimizer.update)
    tensor = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    oracle = torch.optim.RAdam([tensor], lr=0.05, betas=(0.9, beta2))
    for step in range(60):
        grads = [math.sin(3 * p + step) + 0.1 for p in tensor.tolist()]
        params, state = update(params, backend.array(grads), state)
        tensor.grad = torch.tensor(grads, dtype=torch.float64)
        oracle.step()
        np.testing.assert_allclose(
            backend.host(params), tensor.detach().numpy(), rtol=4e3 * backend.eps, atol=1e3 * backend.eps
        )
