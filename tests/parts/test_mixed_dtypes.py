"""Parameters of several dtypes in one tree: each keeps its own."""

from __future__ import annotations

import numpy as np
import pytest

import bpcore as bp

OPTIMIZERS = (bp.SGD, bp.Momentum, bp.Nesterov, bp.Adagrad, bp.RMSprop, bp.Adam, bp.AdamW)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("dtypes", [("float64", "float32"), ("float32", "float64")])
def test_no_parameter_is_widened(kind: type[bp.Optimizer], dtypes: tuple[str, str]) -> None:
    params = [np.ones(2, dtype) for dtype in dtypes]
    optimizer = kind(0.1)
    state = optimizer.init(params)
    for _ in range(2):
        params, state = optimizer.update(params, params, state)
    assert [str(p.dtype) for p in params] == list(dtypes)


@pytest.mark.parametrize("options", [{"epsilon": -1.0}, {"epsilon": float("nan")}, {"epsilon": "small"}])
def test_an_epsilon_that_is_none(options: dict[str, object]) -> None:
    with pytest.raises(bp.BpcoreError, match="epsilon of Adam must be a number, 0 or more"):
        bp.Adam(**options)
