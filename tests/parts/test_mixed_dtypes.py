"""Parameters of several dtypes in one tree: each keeps its own."""

from __future__ import annotations

import numpy as np
import pytest

import bpcore as bp

OPTIMIZERS = (
    *(bp.SGD, bp.Momentum, bp.Nesterov, bp.Adagrad, bp.RMSprop, bp.Adam, bp.AdamW, bp.RAdam, bp.Lion),
)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float32", "float64")])
def test_no_parameter_is_widened(kind: type[bp.Optimizer], dtypes: tuple[str, str]) -> None:
    params = [np.ones(2, dtype) for dtype in dtypes]
    optimizer = kind(0.1)
    state = optimizer.init(params)
    for _ in range(2):
        params, state = optimizer.update(params, params, state)
    assert [str(p.dtype) for p in params] == list(dtypes)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float32", "float64")])
def test_nor_by_what_is_done_around_a_step(kind: type[bp.Optimizer], dtypes: tuple[str, str]) -> None:
    params = [np.ones(2, dtype) for dtype in dtypes]
    optimizer = kind(
        bp.Warmup(bp.Cosine(0.1, steps=5), steps=2),
        clip=bp.clip_by_global_norm(1.0),
        groups={"1": bp.Group(factor=0.5)},
        averaging=0.9,
        accumulate=2,
    )
    state = optimizer.init(params)
    for _ in range(4):
        params, state = optimizer.update(params, params, state)
    for tree in (params, state["average"], state["gathered"], *(state[name] for name in optimizer.memories)):
        assert [str(p.dtype) for p in tree] == list(dtypes)


@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float32", "float64")])
def test_nor_by_a_search(dtypes: tuple[str, str]) -> None:
    xp = bp.namespace("numpy")
    found = bp.LBFGS(tolerance=1e-6).minimize(
        lambda params: xp.add(xp.sum(params[0] ** 2), xp.astype(xp.sum(params[1] ** 2), params[0].dtype)),
        [np.ones(2, dtype) for dtype in dtypes],
    )
    assert found.converged
    assert [str(p.dtype) for p in found.params] == list(dtypes)


@pytest.mark.parametrize("options", [{"epsilon": -1.0}, {"epsilon": float("nan")}, {"epsilon": "small"}])
def test_an_epsilon_that_is_none(options: dict[str, object]) -> None:
    with pytest.raises(bp.BpcoreError, match="epsilon of Adam must be a number, 0 or more"):
        bp.Adam(**options)
