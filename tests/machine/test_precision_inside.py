"""Layers inside of others, in 16 bits: a network of one's own stays what it is, and wide layers stay wide."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts.narrowing import in_precision
from bpcore.run.trouble.signs_in_layers import walked
from bpcore.words.errors import OptionError

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((8, 6)).astype("f4")


class Tenfold(bp.Chain):
    def __call__(self, params: Any, x: Any, /) -> Any:
        return 10 * super().__call__(params, x)


class Halfway(bp.Residual):
    def __call__(self, params: Any, x: Any, /) -> Any:
        return (x + super().__call__(params, x)) / 2


class Block(bp.Layer):
    """A layer of one's own, that calls others."""

    def __init__(self, *layers: bp.Layer) -> None:
        self.inner = bp.Chain(*layers)

    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return self.inner.init(key, shape, dtype=dtype)

    def output_shape(self, shape: Any, /) -> Any:
        return self.inner.output_shape(shape)

    def init_state(self, shape: Any, /, *, like: Any) -> Any:
        return self.inner.init_state(shape, like=like)

    def __call__(self, params: Any, x: Any, /) -> Any:
        return self.inner(params, x)

    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        return self.inner.forward(params, state, x, key=key, training=training)


@pytest.mark.parametrize("net", [Tenfold(bp.Linear(1)), Halfway(bp.Linear(6))])
@pytest.mark.parametrize("around", [False, True])
def test_a_subclass_of_a_chain_is_not_replaced_by_a_chain(net: bp.Layer, around: bool) -> None:  # noqa: FBT001
    net = bp.Chain(net) if around else net
    params = net.init(bp.key(0), (6,))
    found = in_precision(net, "float16")(params, X)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, net(params, X), atol=0.03)


def test_who_goes_through_a_chain_takes_none_of_ones_own_for_one() -> None:
    net = bp.Chain(Tenfold(bp.Linear(2)))
    params = net.init(bp.key(0), (6,))
    np.testing.assert_array_equal(walked(net, params, None, X, lambda *given: given[-1]), net(params, X))
    with pytest.raises(OptionError, match="net of layer_gradients must be a chain"):
        bp.layer_gradients(net.layers[0], params[0], X, X[:, :2], loss=bp.SquaredError())


def test_it_begins_with_the_same_loss() -> None:
    data, net = (X, X[:, :1] * 3), bp.Chain(Tenfold(bp.Linear(1)))
    options: Any = {"loss": bp.SquaredError(), "optimizer": bp.SGD(1e-4), "epochs": 1, "progress": None}
    exact = bp.fit(net, data, **options).first_loss
    half = bp.fit(net, data, precision="float16", loss_scale=bp.LossScale(init_scale=1.0), **options)
    assert half.first_loss == pytest.approx(exact, rel=1e-2)


@pytest.mark.parametrize("wide", [bp.LayerNorm(), bp.BatchNorm(), bp.Softmax()], ids=str)
def test_wide_layers_inside_of_a_layer_of_ones_own_stay_wide(wide: bp.Layer) -> None:
    block, big = Block(wide, bp.Linear(2)), X * 500
    params, state = block.init(bp.key(0), (6,)), block.init_state((6,), like=X)
    exact, carried = block.forward(params, state, big, training=True)
    half, its = in_precision(block, "float16").forward(params, state, big, training=True)
    np.testing.assert_allclose(half, exact, atol=0.01)
    if isinstance(wide, bp.BatchNorm):  # the variance is beyond what float16 holds
        assert its[0]["running_var"].dtype == np.float32
        np.testing.assert_allclose(its[0]["running_var"], carried[0]["running_var"], rtol=1e-2)
        again = in_precision(block, "float16").forward(params, its, big)[0]
        np.testing.assert_allclose(again, block.forward(params, carried, big)[0], atol=0.01)


def test_the_gradients_of_an_embedding_inside_add_up_in_float32() -> None:
    block = Block(bp.Embedding(2, 3))
    params = block.init(bp.key(0), (4,))
    tokens = np.zeros((4096, 1), "i4")

    def objective(params: Any) -> Any:
        return bp.array_namespace(params[0]["weight"]).sum(in_precision(block, "float16")(params, tokens))

    gradient = bp.grad(objective)(params)
    np.testing.assert_allclose(gradient[0]["weight"], [[4096.0] * 3, [0.0] * 3])


@pytest.mark.parametrize("wide", [bp.LayerNorm(), bp.Softmax()], ids=str)
def test_what_is_given_16_bits_alone_returns_them(wide: bp.Layer) -> None:
    params = wide.init(bp.key(0), (6,), dtype=np.float16)
    assert wide(params, X.astype("f2")).dtype == np.float16
    assert wide(params, X).dtype == np.float32
