"""Convolution over any number of axes, and its two transposes.

The three are products of two arrays, and each is the way back of the others: that is why gradients of
gradients stay among them, and why a library's own three serve all orders.

`conv` is the cross-correlation that neural networks call so: the window is not turned round.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.function import Forward, Function, Rule
from bpcore.derivatives.rules.special.windows import Each, Padding, Windows, windows_of
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["FUNCTIONS", "conv", "conv_input", "conv_weight", "patches_by_input", "windows_and_groups"]


def windows_and_groups(
    x: Shape, w: Shape, *, stride: Each = 1, padding: Padding = 0, dilation: Each = 1, groups: int = 1
) -> tuple[Windows, int]:
    """Return the windows over an input of shape `x` with weights of shape `w`, and the groups."""
    found = windows_of(tuple(x), tuple(w), stride=stride, padding=padding, dilation=dilation, groups=groups)
    return found, groups


def _columns(xp: Namespace, windows: Windows, groups: int, x: Array) -> Array:
    """Return what the windows see: ``(batch, groups, channels of a group x window, windows)``."""
    batch, channels = x.shape[:2]
    rows = channels // groups * math.prod(windows.kernel)
    return xp.reshape(windows.patches(xp, x), (batch, groups, rows, math.prod(windows.out)))


def _matrices(xp: Namespace, w: Array, groups: int) -> Array:
    """Return the weights as a matrix for each group."""
    return xp.reshape(w, (groups, w.shape[0] // groups, math.prod(w.shape[1:])))


def conv(xp: Namespace, x: Array, w: Array, /, **options: object) -> Array:
    """Multiply what each window sees with the weights."""
    windows, groups = windows_and_groups(x.shape, w.shape, **options)  # type: ignore[arg-type]
    y = xp.matmul(_matrices(xp, w, groups), _columns(xp, windows, groups, x))
    return xp.reshape(y, (x.shape[0], w.shape[0], *windows.out))


def conv_input(xp: Namespace, g: Array, w: Array, /, *, shape: Shape, **options: object) -> Array:
    """Return, of that shape, the transpose of `conv` by its input."""
    windows, patches = patches_by_input(xp, g, w, shape=shape, **options)
    return windows.gathered(xp, patches)


def patches_by_input(
    xp: Namespace, g: Array, w: Array, /, *, shape: Shape, **options: object
) -> tuple[Windows, Array]:
    """Return the windows, and what each has for the elements that it sees."""
    windows, groups = windows_and_groups(shape, w.shape, **options)  # type: ignore[arg-type]
    g = xp.reshape(g, (g.shape[0], groups, w.shape[0] // groups, math.prod(windows.out)))
    columns = xp.matmul(xp.matrix_transpose(_matrices(xp, w, groups)), g)
    return windows, xp.reshape(columns, (*shape[:2], math.prod(windows.kernel), *windows.out))


def conv_weight(xp: Namespace, g: Array, x: Array, /, *, shape: Shape, **options: object) -> Array:
    """Return, of that shape, the transpose of `conv` by its weights: a sum over batch and windows."""
    windows, groups = windows_and_groups(x.shape, shape, **options)  # type: ignore[arg-type]
    g = xp.reshape(g, (g.shape[0], groups, shape[0] // groups, math.prod(windows.out)))
    columns = _columns(xp, windows, groups, x)
    products = xp.matmul(g, xp.matrix_transpose(columns))
    return xp.reshape(xp.sum(products, axis=0), shape)


def _product(name: str, *rules: Rule, compute: Rule) -> Function:
    """Make an entry that is linear in each of two inputs, whose axes are never broadcast."""
    return Function(name, rules, compute=compute, forward=Forward.MULTILINEAR)


FUNCTIONS = (
    _product(
        "conv",
        lambda xp, g, y, x, w, **how: xp.conv_input(g, w, shape=tuple(x.shape), **how),
        lambda xp, g, y, x, w, **how: xp.conv_weight(g, x, shape=tuple(w.shape), **how),
        compute=conv,
    ),
    _product(
        "conv_input",
        lambda xp, g, y, to, w, *, shape, **how: xp.conv(g, w, **how),
        lambda xp, g, y, to, w, *, shape, **how: xp.conv_weight(to, g, shape=tuple(w.shape), **how),
        compute=conv_input,
    ),
    _product(
        "conv_weight",
        lambda xp, g, y, to, x, *, shape, **how: xp.conv(x, g, **how),
        lambda xp, g, y, to, x, *, shape, **how: xp.conv_input(to, g, shape=tuple(x.shape), **how),
        compute=conv_weight,
    ),
)
