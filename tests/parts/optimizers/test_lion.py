"""Lion over many steps, beside the paper's algorithm: its memory too, for a sign shows little of it."""

from __future__ import annotations

from typing import Any

import numpy as np

import bpcore as bp


def test_sixty_steps_by_the_paper(backend: Any) -> None:
    rng = np.random.default_rng(2)
    optimizer = bp.Lion(0.01, beta1=0.9, beta2=0.7, decay=0.1)
    p, m = rng.normal(size=(3, 2)), np.zeros((3, 2))
    params: Any = backend.array(p)
    state = optimizer.init(params)
    update = bp.compile(optimizer.update)
    for _ in range(60):
        g = rng.normal(size=(3, 2))
        params, state = update(params, backend.array(g), state)
        p = p - 0.01 * (np.sign(0.9 * m + (1 - 0.9) * g) + 0.1 * p)
        m = 0.7 * m + (1 - 0.7) * g
        np.testing.assert_allclose(backend.host(params), p, rtol=1e3 * backend.eps, atol=100 * backend.eps)
        np.testing.assert_allclose(
            backend.host(state["mean"]), m, rtol=1e3 * backend.eps, atol=10 * backend.eps
        )
