"""Convolution: the same weights at every place of a sequence or of a picture.

Channels are the last axis, as features are everywhere in bpcore: a sequence is (batch, length, channels), a
picture (batch, height, width, channels). A weight is (*kernel, channels / groups, outputs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.rules.special.windows import Padding, Windows, windows_of
from bpcore.parts.initializers import Glorot, Initializer, Zeros
from bpcore.parts.keys import split
from bpcore.parts.layers import Layer
from bpcore.parts.sizes import check_size, each_axis
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Dtype, Shape, Tree

__all__ = ["Conv1D", "Conv2D"]


@dataclass(frozen=True)
class _Convolution(Layer):
    """What convolutions of any number of axes share."""

    outputs: int
    kernel: int | Sequence[int]
    stride: int | Sequence[int] = 1
    padding: Padding = "valid"
    dilation: int | Sequence[int] = 1
    groups: int = 1
    inputs: int | None = None
    bias: bool = True
    weight_init: Initializer = Glorot()
    bias_init: Initializer = Zeros()

    axes: ClassVar[int]
    wanted: ClassVar[str]

    def __post_init__(self) -> None:
        kind = type(self).__name__
        check_size(f"outputs of {kind}", self.outputs)
        check_size(f"inputs of {kind}", self.inputs, optional=True)
        check_size(f"groups of {kind}", self.groups)
        for name in ("kernel", "stride", "dilation"):
            each_axis(f"{name} of {kind}", getattr(self, name), self.axes)
        if isinstance(self.padding, str) and self.padding not in {"same", "valid"}:
            raise OptionError(f"padding of {kind}", self.padding, '"same", "valid" or a number of zeros')

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.outputs}, {self.kernel})"

    @property
    def window(self) -> Shape:
        """The length of the kernel along each axis."""
        return each_axis("kernel", self.kernel, self.axes)

    def init(self, key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Tree:
        """Return ``{"weight": ..., "bias": ...}``."""
        self.windows(shape)
        for_weight, for_bias = split(key, 2)
        weight = (*self.window, shape[-1] // self.groups, self.outputs)
        params = {"weight": self.weight_init(for_weight, weight, dtype=dtype)}
        if self.bias:
            params["bias"] = self.bias_init(for_bias, (self.outputs,), dtype=dtype)
        return params

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return how many windows there are along each axis, and the outputs."""
        return (*self.windows(shape).out, self.outputs)

    def windows(self, shape: Shape, /) -> Windows:
        """Return the windows over a sample of a shape."""
        if len(shape) != self.axes + 1 or self.inputs not in (None, shape[-1]):
            wanted = self.wanted.replace("channels", str(self.inputs or "channels"))
            raise ShapeError(str(self), f"inputs of shape {wanted}", ("batch", *shape))
        if shape[-1] % self.groups or self.outputs % self.groups:
            wanted = f"channels and outputs that {self.groups} groups divide"
            raise ShapeError(str(self), wanted, f"{shape[-1]} and {self.outputs}")
        of_weight = (self.outputs, shape[-1] // self.groups, *self.window)
        try:
            return windows_of((1, shape[-1], *shape[:-1]), of_weight, **self._how)  # type: ignore[arg-type]
        except ShapeError as error:
            raise ShapeError(str(self), error.wanted, error.given) from error

    @property
    def _how(self) -> dict[str, object]:
        names = ("stride", "padding", "dilation", "groups")
        return {name: getattr(self, name) for name in names}

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return what each window sees, times the weights."""
        self._check(x, params["weight"])
        xp = array_namespace(x)
        n = self.axes
        to_weight = (n + 1, n, *range(n))
        first = xp.permute_dims(x, (0, n + 1, *range(1, n + 1)))
        y = xp.conv(first, xp.permute_dims(params["weight"], to_weight), **self._how)
        y = xp.permute_dims(y, (0, *range(2, n + 2), 1))
        return xp.add(y, params["bias"]) if self.bias else y

    def _check(self, x: Array, weight: Array) -> None:
        channels = weight.shape[-2] * self.groups
        if x.ndim != self.axes + 2 or x.shape[-1] != channels:
            wanted = self.wanted.replace("channels", str(channels))
            raise ShapeError(str(self), f"inputs of shape {wanted}", tuple(x.shape))
        self.windows(tuple(x.shape[1:]))


@dataclass(frozen=True)
class Conv1D(_Convolution):
    """Weights that slide along a sequence: (batch, length, channels) becomes (batch, windows, outputs).

    Parameters
    ----------
    outputs : int >= 1
        Channels that come out.
    kernel : int >= 1
        The length of a window.
    stride : int >= 1
        From one window to the next.
    padding : "valid", "same", int, or ((before, after),)
        Zeros before and after. ``"same"`` gives ``ceil(length / stride)`` windows, the odd zero at the end.
    dilation : int >= 1
        From one element of a window to the next.
    groups : int >= 1
        Into how many parts the channels are divided; each part of the outputs sees one.
    inputs : int >= 1, or None
        Inferred from the data when None.
    bias : bool
    weight_init, bias_init : Initializer

    Notes
    -----
    Parameters: ``weight`` (kernel, channels / groups, outputs) and ``bias`` (outputs,). The window is not
    turned round: what neural networks call convolution.
    """

    axes: ClassVar[int] = 1
    wanted: ClassVar[str] = "(batch, length, channels)"


@dataclass(frozen=True)
class Conv2D(_Convolution):
    """Weights that slide over a picture.

    It maps (batch, height, width, channels) to (batch, windows down, windows across, outputs).

    Parameters
    ----------
    outputs : int >= 1
        Channels that come out.
    kernel : int >= 1, or a pair
        The height and width of a window.
    stride : int >= 1, or a pair
        From one window to the next.
    padding : "valid", "same", int, one for each axis, or a pair (before, after) for each
        Zeros on either side. ``"same"`` gives ``ceil(length / stride)`` windows, the odd zero at the end.
    dilation : int >= 1, or a pair
        From one element of a window to the next.
    groups : int >= 1
        Into how many parts the channels are divided; each part of the outputs sees one.
    inputs : int >= 1, or None
        Inferred from the data when None.
    bias : bool
    weight_init, bias_init : Initializer

    Notes
    -----
    Parameters: ``weight`` (height, width, channels / groups, outputs) and ``bias`` (outputs,). The window is
    not turned round: what neural networks call convolution.

    Examples
    --------
    >>> import bpcore as bp
    >>> bp.Conv2D(16, 3, padding="same").output_shape((8, 8, 1))
    (8, 8, 16)
    """

    axes: ClassVar[int] = 2
    wanted: ClassVar[str] = "(batch, height, width, channels)"
