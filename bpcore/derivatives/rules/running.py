"""Running sums and products, and the whole product, which are right where a factor is zero: none divides.

The derivative of a product by one factor is the product of the others: of those before it, times those
after it. In a running product every later one has the factor in it; their cotangents are gathered from the
end by the recurrence ``s[j] = g[j] + x[j + 1] s[j + 1]``, which is solved by doubling, in as many rounds as
the length has binary digits.
"""

from __future__ import annotations

import math

from bpcore.derivatives.rules.broadcast import Axis, axes_of, spread
from bpcore.derivatives.rules.function import function, linear
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["FUNCTIONS"]


def _part(x: Array, axis: int, start: int | None, stop: int | None = None) -> Array:
    return x[(slice(None),) * (axis % x.ndim) + (slice(start, stop), ...)]


def _running_sum(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: int | None = None, dtype: Dtype = None,
    include_initial: bool = False,
) -> Array:  # fmt: skip
    """Sum from the other end."""
    axis = 0 if axis is None else axis
    g = _part(g, axis, 1) if include_initial else g
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


def _running_product(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: int | None = None, dtype: Dtype = None,
    include_initial: bool = False,
) -> Array:  # fmt: skip
    """Multiply the product of the factors before by the cotangents gathered from the end."""
    axis = axis or 0
    x = _cast(xp, x, g)
    g = _part(g, axis, 1) if include_initial else g
    return xp.multiply(_products_before(xp, x, axis), _gathered(xp, g, _moved_up(xp, x, axis, 1), axis))


def _products_before(xp: Namespace, x: Array, axis: int) -> Array:
    """Return at each place the product of all before it, 1 at the first."""
    return _part(xp.cumulative_prod(x, axis=axis, include_initial=True), axis, 0, x.shape[axis])


def _gathered(xp: Namespace, g: Array, factors: Array, axis: int) -> Array:
    """Solve ``s[j] = g[j] + factors[j] s[j + 1]``."""
    step, length = 1, g.shape[axis]
    while step < length:
        g = xp.add(g, xp.multiply(factors, _moved_up(xp, g, axis, step)))
        factors = xp.multiply(factors, _moved_up(xp, factors, axis, step))
        step *= 2
    return g


def _moved_up(xp: Namespace, x: Array, axis: int, step: int) -> Array:
    """Return at each place what stands `step` places later, zeros beyond the end."""
    return xp.concat([_part(x, axis, step), xp.zeros_like(_part(x, axis, 0, step))], axis=axis)


def _product(
    xp: Namespace, g: Array, y: Array, x: Array, *, axis: Axis = None, dtype: Dtype = None,
    keepdims: bool = False,
) -> Array:  # fmt: skip
    """Multiply by the product of the other factors, which are brought into one row."""
    gone = axes_of(axis, x.ndim)
    order = (*(i for i in range(x.ndim) if i not in gone), *gone)
    there = xp.permute_dims(_cast(xp, x, g), order)
    kept = there.shape[: x.ndim - len(gone)]
    row = xp.reshape(there, (*kept, math.prod(there.shape[x.ndim - len(gone) :])))
    after = xp.flip(_products_before(xp, xp.flip(row, axis=-1), len(kept)), axis=-1)
    others = xp.reshape(xp.multiply(_products_before(xp, row, len(kept)), after), there.shape)
    others = xp.permute_dims(others, tuple(order.index(i) for i in range(x.ndim)))
    return xp.multiply(spread(xp, g, x, axis, keepdims), others)


def _cast(xp: Namespace, x: Array, g: Array) -> Array:
    """Return `x` in the dtype that the function computed in."""
    return x if x.dtype == g.dtype else xp.astype(x, g.dtype)


FUNCTIONS = (
    linear("cumulative_sum", _running_sum),
    function("cumulative_prod", _running_product),
    function("prod", _product),
)
