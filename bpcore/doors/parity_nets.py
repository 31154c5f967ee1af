"""Three small trainings that between them call most of what networks are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.backend import Backend
from bpcore.machine.step import Batch, Step, init_step_state, make_step
from bpcore.parts.activations import Gelu, Relu, Sigmoid, Tanh
from bpcore.parts.attention import MultiHeadAttention
from bpcore.parts.convolution import Conv2D
from bpcore.parts.dropout import Dropout
from bpcore.parts.embedding import Embedding, PositionalEncoding
from bpcore.parts.keys import key, normal, uniform
from bpcore.parts.layers import Chain, Layer, Linear
from bpcore.parts.losses import CrossEntropy, Loss
from bpcore.parts.normalization import BatchNorm, LayerNorm
from bpcore.parts.optimizers import Adam, AdamW, Momentum, Optimizer
from bpcore.parts.pooling import MaxPool2D
from bpcore.parts.recurrent import LSTM
from bpcore.parts.wiring import Flatten, Residual
from bpcore.words.protocols import Array, Shape, Tree

__all__ = ["TRAININGS", "Start", "Training"]

BATCH, CLASSES, WORDS, LENGTH = 16, 5, 12, 6


@dataclass(frozen=True)
class Start:
    """A training step and where it begins."""

    step: Step
    params: Tree
    state: Tree
    batch: Batch


@dataclass(frozen=True)
class Training:
    """A network, how it is trained, and what comes in.

    Attributes
    ----------
    net : Layer
    loss : Loss
    optimizer : Optimizer
    shape : tuple of int
        Of one sample.
    words : bool
        Whether samples are numbers of words, and not measurements.
    """

    net: Layer
    loss: Loss
    optimizer: Optimizer
    shape: tuple[int, ...]
    words: bool = False

    def begun(self, home: Backend, dtype: str) -> Start:
        """Return the step, and the same numbers each time, drawn on `home`."""
        kind = home.dtype(dtype)
        random, data, labels = (key(number, backend=home) for number in range(3))
        x = self._samples(data, kind)
        y = _whole_numbers(labels, (BATCH,), CLASSES)
        params = self.net.init(random, self.shape, dtype=kind)
        state = init_step_state(self.net, self.optimizer, params, self.shape, random)
        return Start(make_step(self.net, self.loss, self.optimizer), params, state, (x, y))

    def _samples(self, data: Array, kind: object) -> Array:
        if self.words:
            return _whole_numbers(data, (BATCH, *self.shape), WORDS)
        return normal(data, (BATCH, *self.shape), dtype=kind)


def _whole_numbers(random: Array, shape: Shape, count: int) -> Array:
    """Return numbers from 0 to below `count`, shape `shape`, int32."""
    xp = array_namespace(random)
    return xp.astype(xp.floor(uniform(random, shape, dtype=xp.float32) * float(count)), xp.int32)


def _perceptron() -> Training:
    net = Chain(
        Linear(24), Tanh(), Linear(24), Sigmoid(), Linear(24), Gelu(), Linear(24), Relu(), Linear(CLASSES)
    )
    return Training(net, CrossEntropy(), Adam(0.01), (8,))


def _images() -> Training:
    net = Chain(
        Conv2D(6, 3), BatchNorm(), Relu(), MaxPool2D(2), Flatten(), Dropout(0.25), Linear(CLASSES)
    )  # fmt: skip
    return Training(net, CrossEntropy(), Momentum(0.05), (8, 8, 1))


def _sequences() -> Training:
    net = Chain(
        Embedding(WORDS, 8), PositionalEncoding(), Residual(Chain(LayerNorm(), MultiHeadAttention(2))),
        LSTM(8), Flatten(), Linear(CLASSES),
    )  # fmt: skip
    return Training(net, CrossEntropy(), AdamW(0.01), (LENGTH,), words=True)


TRAININGS: Mapping[str, Callable[[], Training]] = MappingProxyType(
    {"perceptron": _perceptron, "images": _images, "sequences": _sequences}
)
