"""Recurrent layers: a sequence read step by step, with what was read in a hidden state.

A sequence is (batch, length, features), of a fixed length: the steps are written out, and the gradient is the
tape's. Each starts from zeros, and returns the last output (batch, units) or all (batch, length, units).

Parameters: ``input_weight`` (features, gates * units), ``hidden_weight`` (units, gates * units), and the
biases of both products, ``input_bias`` and ``hidden_bias``, (gates * units,). They are PyTorch's
`weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0` and `bias_hh_l0`, the weights transposed, the gates in the same
order.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.custom import custom_vjp
from bpcore.parts.initializers import Glorot, Initializer, Zeros
from bpcore.parts.keys import split
from bpcore.parts.layers import Layer
from bpcore.parts.sizes import check_size
from bpcore.words.errors import ShapeError, choose
from bpcore.words.protocols import Array, Dtype, Namespace, Shape, Tree

__all__ = ["GRU", "LSTM", "RNN"]

Carried = tuple[Array, ...]
"""The hidden state, the output first."""


@dataclass(frozen=True)
class _Recurrent(Layer):
    """What recurrent layers share."""

    units: int
    return_sequences: bool = False
    weight_init: Initializer = Glorot()
    bias_init: Initializer = Zeros()

    gates: ClassVar[int]
    carries: ClassVar[int] = 1

    def __post_init__(self) -> None:
        check_size(f"units of {type(self).__name__}", self.units)

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.units})"

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return the weights and biases of input and hidden state."""
        self.output_shape(shape)
        width = self.gates * self.units
        for_input, for_hidden, for_bias, for_other = split(key, 4)
        return {
            "input_weight": self.weight_init(for_input, (shape[-1], width), dtype=dtype),
            "hidden_weight": self.weight_init(for_hidden, (self.units, width), dtype=dtype),
            "input_bias": self.bias_init(for_bias, (width,), dtype=dtype),
            "hidden_bias": self.bias_init(for_other, (width,), dtype=dtype),
        }

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return ``(units,)``, or ``(length, units)`` for whole sequences."""
        if len(shape) != 2 or shape[0] < 1:  # noqa: PLR2004
            raise ShapeError(str(self), "inputs of shape (batch, length, features)", ("batch", *shape))
        return (shape[0], self.units) if self.return_sequences else (self.units,)

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return the last output, or all of them."""
        features = params["input_weight"].shape[0]
        if x.ndim != 3 or x.shape[1] < 1 or x.shape[2] != features:  # noqa: PLR2004
            raise ShapeError(str(self), f"inputs of shape (batch, length, {features})", tuple(x.shape))
        xp = array_namespace(x)
        products = xp.add(xp.matmul(x, params["input_weight"]), params["input_bias"])  # of all steps at once
        carried: Carried = (xp.zeros_like(products[:, 0, : self.units]),) * self.carries
        outputs = []
        for inputs in _steps(products):
            hidden = xp.add(xp.matmul(carried[0], params["hidden_weight"]), params["hidden_bias"])
            carried = self.step(xp, inputs, hidden, carried)
            outputs.append(carried[0])
        return xp.stack(outputs, axis=1) if self.return_sequences else carried[0]

    def _parts(self, x: Array) -> list[Array]:
        """Return the columns of each gate."""
        return list(_columns(x, count=self.gates))

    @abstractmethod
    def step(self, xp: Namespace, inputs: Array, hidden: Array, carried: Carried) -> Carried:
        """Return what is carried on, from the products of this step's input and of the hidden state."""


_steps = custom_vjp(
    lambda x: [x[:, t, :] for t in range(x.shape[1])],
    lambda g, y, x: [array_namespace(*g).stack(g, axis=1)],
)
"""The steps of a sequence. Their gradients are put side by side: a slice's own is as long as the sequence."""

_columns = custom_vjp(
    lambda x, *, count: [
        x[:, i * (x.shape[1] // count) : (i + 1) * (x.shape[1] // count)] for i in range(count)
    ],
    lambda g, y, x, *, count: [array_namespace(*g).concat(g, axis=1)],
)
"""As many columns for each gate; the same of them."""


@dataclass(frozen=True)
class RNN(_Recurrent):
    """``h = tanh(x W + h U + b)``, step by step.

    Parameters
    ----------
    units : int >= 1
        The length of the hidden state.
    return_sequences : bool
        Whether the outputs of all steps come out, or the last one's.
    weight_init, bias_init : Initializer
    activation : "tanh" or "relu"

    References
    ----------
    J. L. Elman (1990), "Finding structure in time".
    """

    activation: str = "tanh"
    gates: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        choose("activation of RNN", self.activation, ("relu", "tanh"))

    def step(self, xp: Namespace, inputs: Array, hidden: Array, carried: Carried) -> Carried:
        """Return the new hidden state."""
        total = xp.add(inputs, hidden)
        return (xp.tanh(total) if self.activation == "tanh" else xp.relu(total),)


@dataclass(frozen=True)
class GRU(_Recurrent):
    """Gated recurrent units: two gates say what is forgotten, and how much is new.

    Parameters
    ----------
    units : int >= 1
        The length of the hidden state.
    return_sequences : bool
        Whether the outputs of all steps come out, or the last one's.
    weight_init, bias_init : Initializer

    Notes
    -----
    The gates are reset, update, new. As in PyTorch and Keras the reset is applied to the product of the
    hidden state, and not before it.

    References
    ----------
    K. Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder".
    """

    gates: ClassVar[int] = 3

    def step(self, xp: Namespace, inputs: Array, hidden: Array, carried: Carried) -> Carried:
        """Return the new hidden state."""
        (before,) = carried
        x_reset, x_update, x_new = self._parts(inputs)
        h_reset, h_update, h_new = self._parts(hidden)
        reset = xp.expit(xp.add(x_reset, h_reset))
        update = xp.expit(xp.add(x_update, h_update))
        new = xp.tanh(xp.add(x_new, xp.multiply(reset, h_new)))
        return (xp.add(new, xp.multiply(update, xp.subtract(before, new))),)


@dataclass(frozen=True)
class LSTM(_Recurrent):
    """Long short-term memory: a cell that keeps, and gates for what goes in, stays and comes out.

    Parameters
    ----------
    units : int >= 1
        The length of the hidden state, and of the cell.
    return_sequences : bool
        Whether the outputs of all steps come out, or the last one's.
    weight_init, bias_init : Initializer

    Notes
    -----
    The gates are input, forget, cell, output, as in PyTorch and Keras.

    References
    ----------
    S. Hochreiter, J. Schmidhuber (1997), "Long short-term memory"; the gate that forgets is of F. A. Gers,
    J. Schmidhuber, F. Cummins (2000).
    """

    gates: ClassVar[int] = 4
    carries: ClassVar[int] = 2

    def step(self, xp: Namespace, inputs: Array, hidden: Array, carried: Carried) -> Carried:
        """Return the new hidden state and cell."""
        enter, forget, new, leave = self._parts(xp.add(inputs, hidden))
        kept = xp.multiply(xp.expit(forget), carried[1])
        cell = xp.add(kept, xp.multiply(xp.expit(enter), xp.tanh(new)))
        return xp.multiply(xp.expit(leave), xp.tanh(cell)), cell
