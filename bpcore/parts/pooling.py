"""Pooling: one number for what a window sees, channel by channel. Channels are the last axis."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.derivatives.rules.special.windows import Padding, Windows, windows_of
from bpcore.parts.layers import Layer
from bpcore.parts.sizes import each_axis
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Namespace, Shape, Tree

__all__ = ["AvgPool1D", "AvgPool2D", "GlobalAvgPool", "MaxPool1D", "MaxPool2D"]


@dataclass(frozen=True)
class _Pooling(Layer):
    """What poolings over any number of axes share."""

    size: int | Sequence[int] = 2
    stride: int | Sequence[int] | None = None
    padding: Padding = "valid"

    axes: ClassVar[int]
    wanted: ClassVar[str]

    def __post_init__(self) -> None:
        kind = type(self).__name__
        each_axis(f"size of {kind}", self.size, self.axes)
        if self.stride is not None:
            each_axis(f"stride of {kind}", self.stride, self.axes)
        if isinstance(self.padding, str) and self.padding not in {"same", "valid"}:
            raise OptionError(f"padding of {kind}", self.padding, '"same", "valid" or a number of places')

    def __str__(self) -> str:
        return f"{type(self).__name__}({self.size})"

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return how many windows there are along each axis, and the channels."""
        return (*self.windows(shape).out, shape[-1])

    def windows(self, shape: Shape, /) -> Windows:
        """Return the windows over a sample of a shape."""
        if len(shape) != self.axes + 1:
            raise ShapeError(str(self), f"inputs of shape {self.wanted}", ("batch", *shape))
        size = each_axis("size", self.size, self.axes)
        stride = size if self.stride is None else self.stride
        how = {"stride": stride, "padding": self.padding, "dilation": 1, "groups": 1}
        try:
            found = windows_of((1, 1, *shape[:-1]), (1, 1, *size), **how)  # type: ignore[arg-type]
        except ShapeError as error:
            raise ShapeError(str(self), error.wanted, error.given) from error
        if any(max(pair) >= k for pair, k in zip(found.padding, size, strict=True)):
            raise ShapeError(
                str(self), f"padding below its size {size}: a window would be empty", found.padding
            )
        return found

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return one number for each window and channel."""
        if x.ndim < 2:  # noqa: PLR2004
            raise ShapeError(str(self), f"inputs of shape {self.wanted}", tuple(x.shape))
        windows = self.windows(tuple(x.shape[1:]))
        xp = array_namespace(x)
        if any(map(sum, windows.padding)):
            x = xp.pad(x, ((0, 0), *windows.padding, (0, 0)), constant_values=self.outside)
        parts = [x[(slice(None), *offset, slice(None))] for offset in windows.offsets()]
        return self.pooled(xp, parts, windows)

    outside: ClassVar[float] = 0.0
    """What stands where the padding is."""

    @abstractmethod
    def pooled(self, xp: Namespace, parts: list[Array], windows: Windows) -> Array:
        """Return one array for all that the windows see, given element by element of the window."""


class _Largest(_Pooling):
    """The largest number that a window sees; what is outside is never it."""

    outside: ClassVar[float] = float("-inf")

    def pooled(self, xp: Namespace, parts: list[Array], windows: Windows) -> Array:
        """Return the largest."""
        return reduce(xp.maximum, parts)


class _Mean(_Pooling):
    """The mean of the numbers that a window sees; what is outside does not count."""

    def pooled(self, xp: Namespace, parts: list[Array], windows: Windows) -> Array:
        """Return the mean."""
        total = reduce(xp.add, parts)
        if not any(map(sum, windows.padding)):
            return xp.multiply(total, 1 / len(parts))
        inside = xp.ones((1, *windows.shape, 1), dtype=total.dtype, device=device_of(total))
        inside = xp.pad(inside, ((0, 0), *windows.padding, (0, 0)))
        seen = (inside[(slice(None), *offset, slice(None))] for offset in windows.offsets())
        return xp.divide(total, reduce(xp.add, seen))


@dataclass(frozen=True)
class MaxPool1D(_Largest):
    """The largest of each window along a sequence: (batch, length, channels).

    Where several are the largest they share the gradient, the later the more; in PyTorch the first has it.

    Parameters
    ----------
    size : int >= 1
        The length of a window.
    stride : int >= 1, or None
        From one window to the next; None for `size`.
    padding : "valid", "same", int, or ((before, after),)
        How far windows reach beyond the ends, where nothing is seen.
    """

    axes: ClassVar[int] = 1
    wanted: ClassVar[str] = "(batch, length, channels)"


@dataclass(frozen=True)
class MaxPool2D(_Largest):
    """The largest of each window over a picture: (batch, height, width, channels).

    Where several are the largest they share the gradient, the later the more; in PyTorch the first has it.

    Parameters
    ----------
    size : int >= 1, or a pair
        The height and width of a window.
    stride : int >= 1, a pair, or None
        From one window to the next; None for `size`.
    padding : "valid", "same", int, one for each axis, or a pair (before, after) for each
        How far windows reach beyond the ends, where nothing is seen.
    """

    axes: ClassVar[int] = 2
    wanted: ClassVar[str] = "(batch, height, width, channels)"


@dataclass(frozen=True)
class AvgPool1D(_Mean):
    """The mean of each window along a sequence: (batch, length, channels).

    Parameters
    ----------
    size : int >= 1
        The length of a window.
    stride : int >= 1, or None
        From one window to the next; None for `size`.
    padding : "valid", "same", int, or ((before, after),)
        How far windows reach beyond the ends, where nothing is seen: the mean is of what is there.
    """

    axes: ClassVar[int] = 1
    wanted: ClassVar[str] = "(batch, length, channels)"


@dataclass(frozen=True)
class AvgPool2D(_Mean):
    """The mean of each window over a picture: (batch, height, width, channels).

    Parameters
    ----------
    size : int >= 1, or a pair
        The height and width of a window.
    stride : int >= 1, a pair, or None
        From one window to the next; None for `size`.
    padding : "valid", "same", int, one for each axis, or a pair (before, after) for each
        How far windows reach beyond the ends, where nothing is seen: the mean is of what is there.
    """

    axes: ClassVar[int] = 2
    wanted: ClassVar[str] = "(batch, height, width, channels)"


@dataclass(frozen=True)
class GlobalAvgPool(Layer):
    """The mean over all places: (batch, ..., channels) becomes (batch, channels)."""

    def output_shape(self, shape: Shape, /) -> Shape:
        """Return the channels."""
        return tuple(shape[-1:])

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return the mean of each channel."""
        if x.ndim < 2:  # noqa: PLR2004
            raise ShapeError(str(self), "inputs of shape (batch, ..., channels)", tuple(x.shape))
        return array_namespace(x).mean(x, axis=tuple(range(1, x.ndim - 1))) if x.ndim > 2 else x  # noqa: PLR2004
