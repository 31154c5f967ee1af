"""Layers: a configuration that makes parameters and maps arrays.

A layer holds no arrays. ``layer.init(key, shape)`` makes its parameters, a dict; ``layer(params, x)``
is a pure function. Of a layer of one's own only that function must be written: what is not said has no
parameters and keeps the shape. A layer that carries something else from step to step, as running means, or
that draws random numbers while it learns, says so: ``init_state`` makes what is carried, and ``forward`` is
the pure function of it, of a key, and of whether it learns.

Samples are rows: `x` has shape (batch, features), a weight (inputs, outputs), and
``y = x W + b``. A lesson that keeps samples as columns writes ``W x + b``: its W is our weight transposed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, TypeGuard, TypeVar

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.initializers import Glorot, Initializer, Zeros
from bpcore.parts.keys import fold_in, split
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Dtype, Shape, Tree

__all__ = ["Chain", "Layer", "Linear", "at_layer", "computes_as"]


class Layer(ABC):
    """A configuration with two pure functions, and the shape it leads to.

    Attributes
    ----------
    draws : bool
        Whether it draws random numbers while it learns.
    integers : bool
        Whether its inputs are whole numbers, as an embedding's: `fit` then brings them as int32.
    wide : bool
        Whether it computes in float32 also where the network computes in 16 bits, as normalisation does.
        It is asked of the layers of a network; one inside a layer of one's own is called as that calls it.
    """

    draws: ClassVar[bool] = False
    integers: ClassVar[bool] = False
    wide: ClassVar[bool] = False

    def __str__(self) -> str:
        return type(self).__name__

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return the parameters for inputs of `shape`, without the batch axis, on the key's device.

        None, unless a layer says otherwise.
        """
        return {}

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return the shape, without the batch axis, of the output for inputs of `shape`.

        The same, unless a layer says otherwise.
        """
        return shape

    def check_samples(self, x: Array, /) -> None:  # noqa: B027 -- most layers take any number
        """Raise `DataError` for values that the layer cannot take. It reads them: never call it in a step."""

    @abstractmethod
    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return the output for `x` of shape ``(batch, *shape)``."""

    def init_state(self, shape: Shape, /, *, like: Array) -> Tree:
        """Return what is carried from step to step beside the parameters; most layers carry nothing.

        Parameters
        ----------
        shape : tuple of int
            Of one sample.
        like : array
            Whose dtype and device it has.
        """
        return {}

    def forward(
        self, params: Tree, state: Tree, x: Array, /, *, key: Array | None = None, training: bool = False
    ) -> tuple[Array, Tree]:
        """Return the output, and what is carried on.

        Parameters
        ----------
        params, state : trees
            From `init` and `init_state`.
        x : array of shape (batch, *shape)
        key : key or None
            For layers that draw; wanted where `training` is true.
        training : bool
            Whether the layer is learning: dropout drops, a running mean moves.
        """
        return self(params, x), state


@dataclass(frozen=True)
class Linear(Layer):
    """``y = x W + b``: every output is a weighted sum of all inputs.

    Parameters
    ----------
    outputs : int >= 1
    inputs : int >= 1, or None
        Inferred from the data when None.
    bias : bool
        Without a bias there is none in the parameters; a bias of zero is another thing.
    weight_init, bias_init : Initializer

    Notes
    -----
    Parameters: ``weight`` (inputs, outputs) and ``bias`` (outputs,). It maps (..., inputs) to
    (..., outputs).
    """

    outputs: int
    inputs: int | None = None
    bias: bool = True
    weight_init: Initializer = Glorot()
    bias_init: Initializer = Zeros()

    def __post_init__(self) -> None:
        for name, size in (("outputs", self.outputs), ("inputs", self.inputs)):
            if size is not None and (type(size) is not int or size < 1):
                raise OptionError(f"{name} of Linear", size, "a whole number, 1 or more")

    def __str__(self) -> str:
        return f"Linear({self.outputs})"

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return ``{"weight": ..., "bias": ...}``."""
        inputs = shape[-1]
        if self.inputs not in (None, inputs):
            raise ShapeError(str(self), f"inputs of shape (batch, {self.inputs})", ("batch", *shape))
        for_weight, for_bias = split(key, 2)
        params = {"weight": self.weight_init(for_weight, (inputs, self.outputs), dtype=dtype)}
        if self.bias:
            params["bias"] = self.bias_init(for_bias, (self.outputs,), dtype=dtype)
        return params

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return ``(*shape[:-1], outputs)``."""
        return (*shape[:-1], self.outputs)

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return ``x W + b``."""
        weight = params["weight"]
        if x.ndim < 1 or x.shape[-1] != weight.shape[0]:
            raise ShapeError(str(self), f"inputs of shape (batch, {weight.shape[0]})", tuple(x.shape))
        xp = array_namespace(x)
        y = xp.matmul(x, weight)
        return xp.add(y, params["bias"]) if self.bias else y


@dataclass(frozen=True, init=False)
class Chain(Layer):
    """Layers one after the other.

    Parameters
    ----------
    *layers : Layer

    Notes
    -----
    Parameters: a list with one entry for each layer, an empty dict for a layer that has none.

    Examples
    --------
    >>> import bpcore as bp
    >>> net = bp.Chain(bp.Linear(16), bp.Tanh(), bp.Linear(1))
    >>> params = net.init(bp.key(0), (2,))
    >>> [sorted(p) for p in params]
    [['bias', 'weight'], [], ['bias', 'weight']]
    """

    layers: tuple[Layer, ...]

    def __init__(self, *layers: Layer) -> None:
        for index, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                raise OptionError(f"layer {index} of Chain", layer, "a layer, as in Chain(Linear(8), Tanh())")
        object.__setattr__(self, "layers", layers)

    def __str__(self) -> str:
        return f"Chain({', '.join(map(str, self.layers))})"

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return a list of the layers' parameters."""
        params = []
        for index, (layer, its_key) in enumerate(zip(self.layers, split(key, len(self.layers)), strict=True)):
            try:
                params.append(layer.init(its_key, shape, dtype=dtype))
                shape = layer.output_shape(shape)
            except ShapeError as error:
                raise at_layer(index, layer, error) from error
        return params

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return what the last layer makes of it."""
        for layer in self.layers:
            shape = layer.output_shape(shape)
        return shape

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return what the layers make of `x`, one after the other."""
        if len(params) != len(self.layers):
            raise ShapeError(str(self), f"parameters of {len(self.layers)} layers", f"{len(params)}")
        for index, (layer, its_params) in enumerate(zip(self.layers, params, strict=True)):
            try:
                x = layer(its_params, x)
            except ShapeError as error:
                raise at_layer(index, layer, error) from error
        return x

    @property
    def draws(self) -> bool:  # type: ignore[override]  # of a chain it depends on its layers
        """Whether one of the layers draws random numbers."""
        return any(layer.draws for layer in self.layers)

    @property
    def integers(self) -> bool:  # type: ignore[override]  # of a chain it depends on its first layer
        """Whether its first layer takes whole numbers."""
        return bool(self.layers) and self.layers[0].integers

    def check_samples(self, x: Array, /) -> None:
        """Ask the first layer."""
        if self.layers:
            self.layers[0].check_samples(x)

    def init_state(self, shape: Shape, /, *, like: Array) -> Tree:
        """Return a list of what the layers carry."""
        states = []
        for layer in self.layers:
            states.append(layer.init_state(shape, like=like))
            shape = layer.output_shape(shape)
        return states

    def forward(
        self, params: Tree, state: Tree, x: Array, /, *, key: Array | None = None, training: bool = False
    ) -> tuple[Array, Tree]:
        """Return what the layers make of `x`, one after the other, and what they carry on."""
        if len(params) != len(self.layers):
            raise ShapeError(str(self), f"parameters of {len(self.layers)} layers", f"{len(params)}")
        states = []
        for index, (layer, its_params, its_state) in enumerate(zip(self.layers, params, state, strict=True)):
            its_key = fold_in(key, index) if layer.draws and key is not None else None
            try:
                x, carried = layer.forward(its_params, its_state, x, key=its_key, training=training)
            except ShapeError as error:
                raise at_layer(index, layer, error) from error
            states.append(carried)
        return x, states


def at_layer(index: int, layer: Layer, error: ShapeError) -> ShapeError:
    """Return the error of a layer, with its place in the chain."""
    inner = error.where.removeprefix(str(layer)).strip()
    where = f"net[{index}] {layer}" + (f" {inner}" if inner else "")
    return ShapeError(where, error.wanted, error.given, error.do)


L = TypeVar("L", bound=Layer)
FUNCTIONS = ("__call__", "forward", "init", "init_state", "output_shape")


def computes_as(layer: Layer, *kinds: type[L]) -> TypeGuard[L]:
    """Return whether a layer is of one of the kinds, or of a subclass that changes none of its functions."""
    return any(
        isinstance(layer, kind) and all(getattr(type(layer), f) is getattr(kind, f) for f in FUNCTIONS)
        for kind in kinds
    )
