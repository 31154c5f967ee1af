"""`check_layer`: every layer of bpcore keeps its promises, and each promise that is broken is found."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import LayerError, OptionError, RecordError, ShapeError


class Counting(bp.Layer):
    """Keeps something to itself."""

    calls = 0.0

    def __call__(self, params: Any, x: Any, /) -> Any:
        self.calls += 1.0
        return x * self.calls


def test_a_layer_that_cannot_be_repeated() -> None:
    """It is not that samples hang on each other, which it would look like."""
    with pytest.raises(LayerError, match="it gives other numbers when it is called again: draw from the key"):
        bp.check_layer(Counting(), (3,))


LAYERS = [
    (bp.Linear(2), (3,)),
    (bp.Gelu(), (2, 3)),
    (bp.Relu(), (2, 3)),
    (bp.Softmax(), (4,)),
    (bp.MLP([3, 4, 2], activation="tanh"), (3,)),
    (bp.Dropout(0.3), (4,)),
    (bp.BatchNorm(), (4,)),
    (bp.BatchNorm(), (2, 2, 3)),
    (bp.LayerNorm(), (2, 4)),
    (bp.Embedding(5, 3), (4,)),
    (bp.PositionalEncoding(), (3, 4)),
    (bp.Conv1D(3, 3, padding="same"), (6, 2)),
    (bp.Conv2D(4, (2, 3), 2, 1, (1, 2), groups=2), (6, 7, 2)),
    (bp.MaxPool1D(), (6, 2)),
    (bp.MaxPool2D(3, 2, "same"), (4, 5, 2)),
    (bp.AvgPool1D(3, 1), (5, 2)),
    (bp.AvgPool2D(padding="same"), (5, 5, 2)),
    (bp.GlobalAvgPool(), (3, 3, 2)),
    (bp.Residual(bp.Linear(3), bp.Tanh(), bp.Dropout()), (3,)),
    (bp.Flatten(), (2, 3)),
    (bp.Reshape((3, -1)), (2, 6)),
    (bp.RNN(3), (4, 2)),
    (bp.GRU(3), (4, 2)),
    (bp.LSTM(3, return_sequences=True), (4, 2)),
    (bp.MultiHeadAttention(2, causal=True), (4, 6)),
]


@pytest.mark.axes("numpy", "strict:device1", "torch")
@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_every_layer_keeps_its_promises(backend: Any, layer: Any, shape: Any) -> None:
    found = bp.check_layer(layer, shape, backend=backend.backend)
    assert found.output_shape == layer.output_shape(shape)
    assert found.layer == str(layer)
    assert all(gradient.passed for gradient in found.gradients)
    assert len(found.gradients) == (2 if "Dropout" in str(layer) or "Batch" in str(layer) else 1)


class Scale(bp.Layer):
    """One number for each feature: what the guide shows as a layer of one's own."""

    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {"scale": bp.normal(key, (shape[-1],), dtype=dtype)}

    def __call__(self, params: Any, x: Any, /) -> Any:
        return bp.array_namespace(x).multiply(x, params["scale"])


def test_a_layer_of_ones_own() -> None:
    found = bp.check_layer(Scale(), (2, 3))
    assert (found.parameters, found.output_shape, found.layer) == (3, (2, 3), "Scale")


class Start(Scale):
    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {"scale": bp.normal(key, (shape[-1],))}


class Host(Scale):
    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {"scale": [1.0] * shape[-1]}


class Chance(Scale):
    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {"scale": np.random.default_rng().normal(size=shape[-1]).astype(dtype)}


class Wide(Scale):
    def __call__(self, params: Any, x: Any, /) -> Any:
        return x * np.ones(1)  # of 64 bits, whatever x is


class Longer(Scale):
    def __call__(self, params: Any, x: Any, /) -> Any:
        xp = bp.array_namespace(x)
        return xp.concat([x, x], axis=-1)


class Mixing(Scale):
    def __call__(self, params: Any, x: Any, /) -> Any:
        xp = bp.array_namespace(x)
        return xp.subtract(xp.multiply(x, params["scale"]), xp.mean(x, axis=0))


class Reading(Scale):
    def __call__(self, params: Any, x: Any, /) -> Any:
        return x if x[0, 0, 0] > 0 else bp.array_namespace(x).multiply(x, 1.0)


class Cut(Scale):
    def __call__(self, params: Any, x: Any, /) -> Any:
        xp = bp.array_namespace(x)
        return xp.multiply(xp.stop_gradient(x), params["scale"])


class Drawing(Scale):
    rng: ClassVar[Any] = np.random.default_rng(0)

    def __call__(self, params: Any, x: Any, /) -> Any:
        return bp.array_namespace(x).multiply(x, float(self.rng.normal()))


class Bare(Scale):
    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        return self(params, x)


class Growing(Scale):
    def init_state(self, shape: Any, /, *, like: Any) -> Any:
        return {"seen": bp.array_namespace(like).zeros((1,), dtype=like.dtype)}

    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        xp = bp.array_namespace(x)
        seen = xp.concat([state["seen"], state["seen"]]) if training else state["seen"]
        return self(params, x), {"seen": seen}


class Restless(Growing):
    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        return self(params, x), {"seen": bp.array_namespace(x).add(state["seen"], 1.0)}


class Keyless(Scale):
    def forward(self, params: Any, state: Any, x: Any, /, *, key: Any = None, training: bool = False) -> Any:
        noise = bp.normal(key, tuple(x.shape), dtype=x.dtype) if training else 0.0
        return bp.array_namespace(x).add(self(params, x), noise), state


SICK = [
    (Keyless(), "it draws while it learns: say so, with draws = True"),
    (Start(), "at the start scale is of dtype float32 where float64 is wanted: make arrays with dtype="),
    (Host(), "at the start scale.0 is a float: an array is wanted"),
    (Chance(), "init makes other parameters from the same key: draw from the key alone"),
    (Wide(), "the output is of dtype float64 where float32 is wanted: make arrays with dtype="),
    (Longer(), "output_shape promises (3, 2, 3) for a batch, the output is (3, 2, 6)"),
    (
        Mixing(),
        "the output of a sample depends on the others of its batch: pass independent=False if it must",
    ),
    (Cut(), "its gradient is not its slope: gradient of output by argument 1["),
    (Bare(), "forward must return a pair (output, state), returned "),
    (Growing(), "the state {seen: float64[1]} becomes {seen: float64[2]}: a step keeps its shapes"),
    (Restless(), "the state changes where nothing is learnt: return it as it came"),
]


@pytest.mark.parametrize(("layer", "said"), SICK, ids=lambda given: str(given)[:12])
def test_a_broken_promise_is_one_line(layer: Any, said: str) -> None:
    with pytest.raises(LayerError) as caught:
        bp.check_layer(layer, (2, 3))
    assert str(caught.value).startswith(f"{layer}: {said}")
    assert "\n" not in str(caught.value)


def test_what_draws_beside_the_key_is_found() -> None:
    with pytest.raises(LayerError, match=r"Drawing: (the output of a sample depends|it gives other numbers)"):
        bp.check_layer(Drawing(), (2, 3))
    with pytest.raises(
        LayerError, match="Drawing: it gives other numbers when it is called again: draw from the key"
    ):
        bp.check_layer(Drawing(), (2, 3), independent=False)


def test_a_value_that_is_read_is_found_with_its_line() -> None:
    with pytest.raises(RecordError, match=r"test_layer_checks.py:\d+ .*x\[0, 0, 0\] > 0"):
        bp.check_layer(Reading(), (2, 3))


def test_a_layer_may_mix_its_batch_when_it_says_so() -> None:
    assert bp.check_layer(Mixing(), (2, 3), independent=False).parameters == 3


@pytest.mark.axes("strict:device1")
def test_the_wrong_device_is_found(backend: Any) -> None:
    class Elsewhere(Scale):
        def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
            return {"scale": bp.array_namespace(key).ones((shape[-1],), dtype=dtype)}

    with pytest.raises(LayerError, match=r"at the start scale is on device .* make arrays with device="):
        bp.check_layer(Elsewhere(), (2, 3), backend=backend.backend)


def test_samples_of_ones_own() -> None:
    x = np.linspace(1, 2, 9).reshape(3, 3)
    assert bp.check_layer(bp.Relu(), (3,), x=x).gradients[0].compared == 9
    with pytest.raises(OptionError, match=r"x of check_layer must be 3 or more samples of \(3,\)"):
        bp.check_layer(bp.Relu(), (3,), x=x[:2])
    with pytest.raises(OptionError, match="layer of check_layer must be a layer"):
        bp.check_layer(np.tanh, (3,))
    with pytest.raises(ShapeError, match="LSTM"):
        bp.check_layer(bp.LSTM(3), (3,))
