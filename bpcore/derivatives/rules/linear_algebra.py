"""Linear algebra: products of vectors and matrices, the transpose, and diagonals.

The functions of the extension ``linalg`` that the main namespace has too are entered once, under the names
they have there.
"""

from __future__ import annotations

from bpcore.derivatives.rules.adjoint import conjugate
from bpcore.derivatives.rules.function import linear, multilinear
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["FUNCTIONS"]

PairedAxes = int | tuple[tuple[int, ...], tuple[int, ...]]


def _matmul_left(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``g b^T``; a vector is taken as a matrix of one row (left) or one column (right)."""
    if b.ndim == 1:
        return xp.multiply(xp.expand_dims(g, axis=-1), b)
    if a.ndim == 1:
        g = xp.expand_dims(g, axis=-2)
    dx = xp.matmul(g, xp.matrix_transpose(b))
    return xp.squeeze(dx, axis=-2) if a.ndim == 1 else dx


def _matmul_right(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """``a^T g``."""
    if a.ndim == 1:
        if b.ndim > 1:
            a, g = xp.expand_dims(a, axis=-1), xp.expand_dims(g, axis=-2)
        return xp.multiply(a, g)
    if b.ndim == 1:
        g = xp.expand_dims(g, axis=-1)
    dx = xp.matmul(xp.matrix_transpose(a), g)
    return xp.squeeze(dx, axis=-1) if b.ndim == 1 else dx


def _vecdot_left(xp: Namespace, g: Array, y: Array, a: Array, b: Array, *, axis: int = -1) -> Array:
    """Undo the conjugate that the product takes of its first vector."""
    return conjugate(xp, xp.multiply(xp.expand_dims(g, axis=axis), b))


def _vecdot_right(xp: Namespace, g: Array, y: Array, a: Array, b: Array, *, axis: int = -1) -> Array:
    return xp.multiply(xp.expand_dims(g, axis=axis), conjugate(xp, a))


def _contracted(axes: PairedAxes, a: Array, b: Array) -> tuple[list[int], list[int]]:
    """Return the axes of `a` and of `b` that `tensordot` sums over, pair by pair."""
    if isinstance(axes, int):
        return list(range(a.ndim - axes, a.ndim)), list(range(axes))
    return [i % a.ndim for i in axes[0]], [i % b.ndim for i in axes[1]]


def _tensordot_left(xp: Namespace, g: Array, y: Array, a: Array, b: Array, *, axes: PairedAxes = 2) -> Array:
    """Contract `g` with the axes of `b` that were kept, then put the axes back in the order of `a`."""
    in_a, in_b = _contracted(axes, a, b)
    kept_a = [i for i in range(a.ndim) if i not in in_a]
    kept_b = [i for i in range(b.ndim) if i not in in_b]
    dx = xp.tensordot(g, b, axes=(tuple(range(len(kept_a), g.ndim)), tuple(kept_b)))
    order = kept_a + [i for _, i in sorted(zip(in_b, in_a, strict=True))]
    return xp.permute_dims(dx, tuple(order.index(i) for i in range(a.ndim)))


def _tensordot_right(xp: Namespace, g: Array, y: Array, a: Array, b: Array, *, axes: PairedAxes = 2) -> Array:
    in_a, in_b = _contracted(axes, a, b)
    kept_a = [i for i in range(a.ndim) if i not in in_a]
    kept_b = [i for i in range(b.ndim) if i not in in_b]
    dx = xp.tensordot(a, g, axes=(tuple(kept_a), tuple(range(len(kept_a)))))
    order = [i for _, i in sorted(zip(in_a, in_b, strict=True))] + kept_b
    return xp.permute_dims(dx, tuple(order.index(i) for i in range(b.ndim)))


def _diagonal(xp: Namespace, g: Array, y: Array, x: Array, *, offset: int = 0) -> Array:
    """Put `g` on a diagonal of zeros: with the rows in one line, every ``columns + 1``-th place."""
    rows, columns = x.shape[-2:]
    count = g.shape[-1]
    if not count:
        return xp.zeros_like(x)
    start, step = max(offset, -offset * columns), columns + 1
    places = (..., slice(start, start + (count - 1) * step + 1, step))
    return xp.reshape(xp.slice_scatter(g, key=places, shape=(*x.shape[:-2], rows * columns)), x.shape)


def _trace(xp: Namespace, g: Array, y: Array, x: Array, *, offset: int = 0, dtype: Dtype = None) -> Array:
    rows, columns = x.shape[-2:]
    count = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    g = xp.broadcast_to(xp.expand_dims(g, axis=-1), (*x.shape[:-2], count))
    return _diagonal(xp, g, y, x, offset=offset)


FUNCTIONS = (
    multilinear("matmul", _matmul_left, _matmul_right),
    linear("matrix_transpose", lambda xp, g, y, x: xp.matrix_transpose(g)),
    multilinear("tensordot", _tensordot_left, _tensordot_right),
    multilinear("vecdot", _vecdot_left, _vecdot_right),
    multilinear(
        "linalg.cross",
        lambda xp, g, y, a, b, *, axis=-1: xp.linalg.cross(b, g, axis=axis),
        lambda xp, g, y, a, b, *, axis=-1: xp.linalg.cross(g, a, axis=axis),
    ),
    linear("linalg.diagonal", _diagonal),
    linear("linalg.trace", _trace),
)
