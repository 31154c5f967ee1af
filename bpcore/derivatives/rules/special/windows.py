"""Windows that slide over axes: where each one starts, how far it reaches, and how many there are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product

from bpcore.derivatives.rules.special.padding import pairs_of
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["Each", "Padding", "Windows", "windows_of"]

Each = int | Sequence[int]
"""One number for all spatial axes, or one for each."""
Padding = int | str | Sequence[int] | Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Windows:
    """Windows over the spatial axes of ``(batch, channels, *spatial)``.

    Attributes
    ----------
    shape, kernel, out : tuple of int
        Lengths of the spatial axes, of the window, and how many windows there are along each.
    stride, dilation : tuple of int
        From one window to the next, and from one element of a window to the next.
    padding : tuple of pairs of int
        How many zeros stand before and after each axis.
    """

    shape: Shape
    kernel: Shape
    out: Shape
    stride: Shape
    dilation: Shape
    padding: tuple[tuple[int, int], ...]

    @property
    def padded(self) -> Shape:
        """The lengths of the spatial axes with their zeros."""
        return tuple(n + sum(pair) for n, pair in zip(self.shape, self.padding, strict=True))

    @property
    def inner(self) -> tuple[slice, ...]:
        """Where the spatial axes stand between their zeros."""
        return tuple(
            slice(before, before + n) for n, (before, _) in zip(self.shape, self.padding, strict=True)
        )

    def offsets(self) -> Iterator[tuple[slice, ...]]:
        """Yield, for each element of the window, where it lies in all the windows."""
        for places in product(*map(range, self.kernel)):
            starts = [i * d for i, d in zip(places, self.dilation, strict=True)]
            yield tuple(
                slice(start, start + (n - 1) * s + 1, s)
                for start, n, s in zip(starts, self.out, self.stride, strict=True)
            )

    def patches(self, xp: Namespace, x: Array) -> Array:
        """Return what all windows see, of shape ``(batch, channels, window, *out)``."""
        if any(map(sum, self.padding)):
            x = xp.pad(x, ((0, 0), (0, 0), *self.padding))
        both = (slice(None), slice(None))
        return xp.stack([x[(*both, *offset)] for offset in self.offsets()], axis=2)

    def gathered(self, xp: Namespace, patches: Array) -> Array:
        """Add what all windows hold to where it lies: the transpose of `patches`."""
        whole = (*patches.shape[:2], *self.padded)
        both = (slice(None), slice(None))
        parts = (
            xp.slice_scatter(patches[(*both, i, ...)], key=(*both, *offset), shape=whole)
            for i, offset in enumerate(self.offsets())
        )
        return reduce(xp.add, parts)[(*both, *self.inner)]


def windows_of(x: Shape, w: Shape, *, stride: Each, padding: Padding, dilation: Each, groups: int) -> Windows:
    """Return the windows of a convolution of an array of shape `x` with weights of shape `w`."""
    n = len(x) - 2
    if n < 1 or len(w) != len(x):
        raise ShapeError(
            "conv",
            "x of (batch, channels, *spatial) and weights of (out, channels / groups, *window)",
            f"{x} and {w}",
        )
    if type(groups) is not int or groups < 1 or x[1] != w[1] * groups or w[0] % groups:
        raise ShapeError(
            "conv", f"{x[1]} channels in {groups} groups, {w[0]} out of them", f"weights of shape {w}"
        )
    steps, reach = _each("stride", stride, n), _each("dilation", dilation, n)
    spans = tuple(d * (k - 1) + 1 for k, d in zip(w[2:], reach, strict=True))
    pairs = _padding(padding, x[2:], spans, steps)
    out = tuple(
        (length + sum(pair) - span) // s + 1
        for length, pair, span, s in zip(x[2:], pairs, spans, steps, strict=True)
    )
    if min(out) < 1 or math.prod(w[2:]) < 1:
        raise ShapeError("conv", f"windows that fit, of {spans}", f"{x[2:]} with padding {pairs}")
    return Windows(tuple(x[2:]), tuple(w[2:]), out, steps, reach, pairs)


def _each(name: str, given: Each, n: int) -> Shape:
    found = (given,) * n if isinstance(given, int) else tuple(given)
    if len(found) != n or any(type(step) is not int or step < 1 for step in found):
        raise OptionError(name, given, f"a whole number above 0, or {n} of them")
    return found


def _padding(given: Padding, shape: Shape, spans: Shape, steps: Shape) -> tuple[tuple[int, int], ...]:
    """Return the zeros before and after each axis."""
    if given == "valid":
        return ((0, 0),) * len(shape)
    if given == "same":
        short = [
            max((-(-n // s) - 1) * s + span - n, 0) for n, span, s in zip(shape, spans, steps, strict=True)
        ]
        return tuple((zeros // 2, zeros - zeros // 2) for zeros in short)
    if isinstance(given, str):
        raise OptionError("padding", given, 'widths, "same" or "valid"')
    if not isinstance(given, int):
        given = [(width, width) if isinstance(width, int) else width for width in given]
    return pairs_of("padding of conv", given, len(shape))
