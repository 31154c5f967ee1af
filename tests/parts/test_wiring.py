"""A way around layers, and other shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.errors import OptionError, ShapeError


def test_a_way_around(backend: Any) -> None:
    layer = bp.Residual(bp.Linear(2, bias=False), bp.Relu())
    x = backend.array([[1.0, -2.0]])
    params = [{"weight": backend.array([[1.0, 0.0], [0.0, 1.0]])}, {}]
    assert backend.host(backend.run(layer, params, x)).tolist() == [[2.0, -2.0]]
    grads = backend.run(bp.grad(lambda x: backend.xp.sum(layer(params, x))), x)
    assert backend.host(grads).tolist() == [[2.0, 1.0]]


def test_a_way_around_layers_that_carry_and_draw() -> None:
    layer = bp.Residual(bp.BatchNorm(), bp.Dropout(0.5))
    assert layer.draws
    assert not bp.Residual(bp.Tanh()).draws
    params = layer.init(bp.key(0), (3,), dtype=np.float64)
    state = layer.init_state((3,), like=params[0]["weight"])
    x = np.random.default_rng(0).normal(size=(4, 3))
    y, after = layer.forward(params, state, x, key=bp.key(1), training=True)
    assert np.any(after[0]["running_mean"] != 0)
    inner, _ = layer.inner.forward(params, state, x, key=bp.key(1), training=True)
    np.testing.assert_allclose(y, x + inner)
    assert str(layer) == "Residual(BatchNorm, Dropout(0.5))"


def test_layers_on_the_way_keep_the_shape() -> None:
    with pytest.raises(ShapeError) as caught:
        bp.Chain(bp.Residual(bp.Linear(1))).init(bp.key(0), (3,))
    assert str(caught.value) == (
        "net[0] Residual(Linear(1)) wants layers that keep the shape (3,), was given layers to (1,)."
    )
    params = bp.Chain(bp.Linear(1)).init(bp.key(0), (3,))
    with pytest.raises(ShapeError, match="layers that keep the shape"):
        bp.Residual(bp.Linear(1))(params, np.ones((2, 3)))
    with pytest.raises(OptionError, match="must be a layer"):
        bp.Residual(np.tanh)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 3))
def test_flatten_and_reshape_keep_the_numbers(shape: list[int], batch: int) -> None:
    x = np.arange(float(batch * np.prod(shape))).reshape(batch, *shape)
    flat = bp.Flatten()({}, x)
    assert flat.shape[1:] == bp.Flatten().output_shape(tuple(shape))
    assert np.array_equal(bp.Reshape(shape)({}, flat), x)
    assert np.array_equal(bp.Reshape((-1, *shape[1:]))({}, flat), x)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(
        ShapeError, match=r"Reshape\(\(8, 8\)\) wants samples of 64 numbers, was given \(63,\)"
    ):
        bp.Reshape((8, 8)).output_shape((63,))
    with pytest.raises(ShapeError, match="samples of 8 numbers or a multiple"):
        bp.Reshape((8, -1))({}, np.ones((2, 63)))
    for shape in ((0,), (-1, -1), (2.0,), "8"):
        with pytest.raises(OptionError, match="shape of Reshape"):
            bp.Reshape(shape)
    assert bp.Reshape(4).output_shape((2, 2)) == (4,)
