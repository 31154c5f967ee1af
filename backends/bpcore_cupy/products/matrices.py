"""A product's three arrays, brought to one matrix each and the axes that they are stacked along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from bpcore.words.errors import ShapeError
from bpcore_cupy.products.layout import Matrix, ways
from bpcore_cupy.products.operand import Operand

__all__ = ["Axis", "Product", "product_of"]


class Axis(NamedTuple):
    """An axis that matrices are stacked along: its length, and its stride in a, in b and in c."""

    length: int
    strides: tuple[int, int, int]


@dataclass(frozen=True)
class Product:
    """``c = a b`` for every index of the axes."""

    a: Matrix
    b: Matrix
    c: Matrix
    axes: tuple[Axis, ...]

    def simplified(self, *, more_rows: bool) -> Product:
        """Return the same product with as few axes as can be.

        Axes that lie behind one another are one axis; and, with `more_rows`, one along which b is the same,
        and a and c go on where their rows end, is rows: a stack of samples times one weight is one product.
        """
        product = replace(self, axes=_joined(self.axes))
        while more_rows and (longer := _with_more_rows(product)) is not None:
            product = longer
        return product


def _with_more_rows(product: Product) -> Product | None:
    """Return the product with its last axis made rows, None if it cannot be."""
    if not product.axes:
        return None
    (length, (sa, sb, sc)), (a, c) = product.axes[-1], (product.a, product.c)
    goes_on = sa == a.rows * a.row_stride and sc == c.rows * c.row_stride
    if sb or not (goes_on or a.rows == 1):
        return None
    if a.rows == 1:
        a, c = a._replace(row_stride=sa), c._replace(row_stride=sc)
    a, c = a._replace(rows=a.rows * length), c._replace(rows=c.rows * length)
    return Product(a, product.b, c, product.axes[:-1]) if ways(a) and ways(c) else None


def _joined(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """Return the axes without those of length 1, and those that lie behind one another as one."""
    found: list[Axis] = []
    for axis in axes:
        if axis.length == 1:
            continue
        if found and all(
            outer == axis.length * inner for outer, inner in zip(found[-1].strides, axis.strides, strict=True)
        ):
            axis = Axis(found.pop().length * axis.length, axis.strides)  # noqa: PLW2901 - it is that axis, grown
        found.append(axis)
    return tuple(found)


def product_of(a: Operand, b: Operand, c: Operand, where: str) -> Product:
    """Return what ``matmul`` multiplies: vectors are rows or columns, stacks are broadcast.

    Raises
    ------
    ShapeError
        The shapes do not fit, c is not the shape of the result, or there is nothing to multiply.
    """
    for operand in (a, b, c):
        if len(operand.shape) != len(operand.strides):
            raise ShapeError(where, f"a stride for each axis of {operand.shape}", operand.strides)
    if not a.shape or not b.shape:
        raise ShapeError(where, "arrays of one axis and more", f"{a.shape} and {b.shape}")
    first = a if len(a.shape) > 1 else _inserted(a, 0)
    second = b if len(b.shape) > 1 else _inserted(b, 1)
    if first.shape[-1] != second.shape[-2]:
        raise ShapeError(
            where, "as many columns on the left as rows on the right", f"{a.shape} and {b.shape}"
        )
    stack = _broadcast(first.shape[:-2], second.shape[:-2], where)
    shape = (*stack, first.shape[-2], second.shape[-1])
    result = _with_axes(c, vector=len(a.shape) == 1, columns=len(b.shape) > 1)
    if result.shape != shape:
        raise ShapeError(where, f"a result that {a.shape} times {b.shape} makes", c.shape)
    if 0 in (*shape, first.shape[-1]):
        raise ShapeError(where, "something to multiply", f"{a.shape} and {b.shape}", "Fill it with zeros.")
    strides = [_stretched(x, stack) for x in (first, second, result)]
    axes = tuple(Axis(n, (sa, sb, sc)) for n, sa, sb, sc in zip(stack, *strides, strict=True))
    return Product(_matrix(first), _matrix(second), _matrix(result), axes)


def _with_axes(c: Operand, *, vector: bool, columns: bool) -> Operand:
    """Return the result with the axes that ``matmul`` leaves out for vectors."""
    if not columns:
        c = _inserted(c, len(c.shape))
    return _inserted(c, len(c.shape) - 1) if vector else c


def _inserted(c: Operand, at: int) -> Operand:
    """Return an array with one more axis, of length 1."""
    shape, strides = c.shape, c.strides
    return replace(c, shape=(*shape[:at], 1, *shape[at:]), strides=(*strides[:at], 0, *strides[at:]))


def _broadcast(a: tuple[int, ...], b: tuple[int, ...], where: str) -> tuple[int, ...]:
    depth = max(len(a), len(b))
    pairs = zip((1,) * (depth - len(a)) + a, (1,) * (depth - len(b)) + b, strict=True)
    shape = []
    for one, other in pairs:
        if one != other and 1 not in (one, other):
            raise ShapeError(where, "stacks that can be broadcast", f"{a} and {b}")
        shape.append(other if one == 1 else one)
    return tuple(shape)


def _stretched(x: Operand, stack: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of an array along the stack's axes: 0 where it is repeated."""
    shape, strides = x.shape[:-2], x.strides[:-2]
    missing = len(stack) - len(shape)
    own = tuple(0 if n == 1 else stride for n, stride in zip(shape, strides, strict=True))
    return (0,) * missing + own


def _matrix(x: Operand) -> Matrix:
    return Matrix(*x.shape[-2:], *x.strides[-2:])
