"""Random calls of the standard's functions: what each is given, right or wrong, as NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import array_api

__all__ = ["CALLS", "Draw"]

Draw = Callable[[st.SearchStrategy[Any]], Any]
"""What Hypothesis hands to a composite strategy."""

XPS = array_api.make_strategies_namespace(np, api_version="2024.12")
SHAPES = XPS.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
FULL = XPS.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3)
DTYPES = st.one_of(st.sampled_from(("float64", "float32")), XPS.scalar_dtypes(), XPS.complex_dtypes())
FLOATING = st.sampled_from(("float64", "float32", "complex128", "complex64"))
REAL = st.sampled_from(("float64", "float32"))
INTEGERS = st.sampled_from(("int64", "int32"))


def array(draw: Draw, shape: Any = SHAPES, dtype: Any = DTYPES) -> Any:
    """Return an array of small numbers, so that little overflows."""
    shape = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    kind = np.dtype(draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype)
    if kind.kind == "c":
        part = "float32" if kind.itemsize == 8 else "float64"
        return (array(draw, shape, part) + 1j * array(draw, shape, part)).astype(kind)
    limits = {"b": {}, "u": {"max_value": 4}}.get(kind.kind, {"min_value": -4, "max_value": 4})
    if kind.kind == "f":
        limits = {**limits, "allow_subnormal": False}
    return draw(XPS.arrays(kind, shape, elements=limits))


def axis(draw: Draw, x: Any, *, many: bool = False, none: bool = False) -> Any:
    """Return an axis of `x`, mostly; at times one that it has not."""
    one = st.integers(-x.ndim, x.ndim - 1) if x.ndim and draw(st.integers(0, 9)) else st.integers(-4, 4)
    if many and draw(st.booleans()):
        return tuple(draw(st.lists(one, min_size=1, max_size=2)))
    return None if none and draw(st.booleans()) else draw(one)


def unary(draw: Draw) -> Any:
    return (array(draw),), {}


def whole(draw: Draw) -> Any:
    """Return an array without complex numbers, of which the standard does not say the order."""
    return (array(draw, SHAPES, INTEGERS),), {}


def binary(draw: Draw) -> Any:
    x = array(draw)
    other = draw(st.sampled_from((x.shape, x.shape[1:], (1,) * x.ndim, (2,))))
    y = array(draw, other, DTYPES if draw(st.booleans()) else x.dtype)
    number = draw(st.sampled_from((2, 0.5, True, -1, 1j))) if draw(st.integers(0, 4)) == 0 else None
    return ((x, y) if number is None else draw(st.sampled_from(((x, number), (number, x))))), {}


def reduction(draw: Draw, **more: Any) -> Any:
    x = array(draw)
    return (x,), {"axis": axis(draw, x, many=True, none=True), "keepdims": draw(st.booleans()), **more}


def place(draw: Draw) -> Any:
    x = array(draw, FULL)
    return (x,), {"axis": axis(draw, x, none=True), "keepdims": draw(st.booleans())}


def spread(draw: Draw) -> Any:
    return reduction(draw, correction=draw(st.sampled_from((0.0, 1.0))))


def cumulative(draw: Draw) -> Any:
    x = array(draw)
    return (x,), {"axis": axis(draw, x, none=True), "include_initial": draw(st.booleans())}


def ordering(draw: Draw) -> Any:
    x = array(draw, FULL)
    return (x,), {"axis": axis(draw, x), "descending": draw(st.booleans()), "stable": True}


def along(draw: Draw) -> Any:
    x = array(draw)
    return (x,), {"axis": axis(draw, x)}


def reshape(draw: Draw) -> Any:
    x = array(draw)
    return (x,), {"shape": draw(st.sampled_from(((-1,), (x.size,), (1, x.size), x.shape[::-1], (5,))))}


def permute(draw: Draw) -> Any:
    x = array(draw)
    return (x, tuple(draw(st.permutations(range(x.ndim))))), {}


def roll(draw: Draw) -> Any:
    x = array(draw)
    return (x, draw(st.integers(-3, 3))), {"axis": axis(draw, x, none=True)}


def moveaxis(draw: Draw) -> Any:
    x = array(draw)
    return (x, axis(draw, x), axis(draw, x)), {}


def broadcast_to(draw: Draw) -> Any:
    x = array(draw)
    return (x, draw(st.sampled_from(((2, *x.shape), x.shape, (3,))))), {}


def repeat(draw: Draw) -> Any:
    x = array(draw)
    return (x, draw(st.integers(0, 2))), {"axis": axis(draw, x, none=True)}


def tile(draw: Draw) -> Any:
    return (array(draw), draw(st.sampled_from(((2,), (1, 2), (2, 1, 2), ())))), {}


def listed(draw: Draw, **more: Any) -> Any:
    x = array(draw)
    same = draw(st.integers(0, 4)) > 0
    return ([x, array(draw, x.shape, x.dtype) if same else array(draw)],), more


def joined(draw: Draw) -> Any:
    (arrays,), _ = listed(draw)
    return (arrays,), {"axis": axis(draw, arrays[0])}


def together(draw: Draw) -> Any:
    return tuple(binary(draw)[0]), {}


def taken(draw: Draw) -> Any:
    x = array(draw, FULL)
    where = axis(draw, x)
    length = x.shape[where] if -x.ndim <= where < x.ndim else 1
    return (x, np.asarray(draw(st.lists(st.integers(0, length - 1), max_size=4)), dtype="int64")), {
        "axis": where
    }


def taken_along(draw: Draw) -> Any:
    x = array(draw, FULL)
    where = draw(st.integers(-x.ndim, x.ndim - 1))
    return (x, array(draw, x.shape, "int64") % x.shape[where]), {"axis": where}


def chosen(draw: Draw) -> Any:
    x = array(draw)
    return (array(draw, x.shape, "bool"), x, array(draw, x.shape, x.dtype)), {}


def searched(draw: Draw) -> Any:
    x = np.sort(array(draw, (4,), REAL))
    return (x, array(draw, SHAPES, x.dtype)), {"side": draw(st.sampled_from(("left", "right")))}


def clipped(draw: Draw) -> Any:
    x = array(draw)
    bounds = {"min": draw(st.sampled_from((None, -1))), "max": draw(st.sampled_from((None, 2)))}
    return (x,), bounds


def differed(draw: Draw) -> Any:
    x = array(draw, FULL, XPS.numeric_dtypes())  # NumPy takes truth values, beyond the standard
    return (x,), {"axis": axis(draw, x), "n": draw(st.integers(1, 2))}


def triangle(draw: Draw) -> Any:
    return (array(draw),), {"k": draw(st.integers(-2, 2))}


def products(draw: Draw) -> Any:
    n, m, k = (draw(st.integers(1, 3)) for _ in range(3))
    dtype = draw(DTYPES)
    return (
        array(draw, (n, m), dtype),
        array(draw, draw(st.sampled_from(((m, k), (m,), (2, m, k), (k,)))), dtype),
    ), {}


def contraction(draw: Draw) -> Any:
    dtype = draw(DTYPES)
    return (array(draw, (2, 3), dtype), array(draw, (3, 2), dtype)), {
        "axes": draw(st.sampled_from((0, 1, 2)))
    }


def vectors(draw: Draw) -> Any:
    dtype = draw(DTYPES)
    return (array(draw, (2, 3), dtype), array(draw, (2, 3), dtype)), {"axis": draw(st.sampled_from((-1, -2)))}


def matrix(draw: Draw, *more: Any, square: bool = True, whole: bool = True, **options: Any) -> Any:
    """Return matrices far from singular; if `whole`, now and then of whole numbers, which is wrong."""
    n = draw(st.integers(1, 3))
    x = array(draw, (*draw(st.sampled_from(((), (2,)))), n, n if square else 2), FLOATING)
    if whole and draw(st.integers(0, 9)) == 0:
        return (x.real.astype("int64"), *more), options
    return ((x + 9 * np.eye(n) if square else x).astype(x.dtype), *more), options


def symmetric(draw: Draw) -> Any:
    (x,), _ = matrix(draw)
    return ((x + np.conj(x.swapaxes(-1, -2))).astype(x.dtype),), {}


def solved(draw: Draw) -> Any:
    (x,), _ = matrix(draw)
    return (x, array(draw, x.shape, x.dtype)), {}


def norm(draw: Draw) -> Any:
    x = array(draw, (2, 3), FLOATING)
    return (x,), {"keepdims": draw(st.booleans()), "ord": draw(st.sampled_from((1, 2, math.inf)))}


def crossed(draw: Draw) -> Any:
    dtype = draw(DTYPES)
    return (array(draw, (2, 3), dtype), array(draw, (2, 3), dtype)), {}


def flat(draw: Draw) -> Any:
    dtype = draw(DTYPES)
    return (array(draw, (2,), dtype), array(draw, (3,), dtype)), {}


def transform(draw: Draw, dtypes: Any = FLOATING) -> Any:
    x = array(draw, FULL, dtypes)
    x = np.concatenate([x, x], axis=-1)  # at least two, for the half-complex ones
    norms = st.sampled_from(("backward", "ortho", "forward"))
    return (x,), {"axis": axis(draw, x), "norm": draw(norms), "n": draw(st.sampled_from((None, 3, 4)))}


def transform_many(draw: Draw) -> Any:
    x = array(draw, FULL, FLOATING)
    return (np.concatenate([x, x], axis=-1),), {"axes": (-1,)}


def shifted(draw: Draw) -> Any:
    x = array(draw, FULL, FLOATING)
    return (x,), {"axes": axis(draw, x)}


def _each(draw: Callable[[Draw], Any], names: str, prefix: str = "") -> dict[str, Callable[[Draw], Any]]:
    return {prefix + name: draw for name in names.split()}


CALLS: dict[str, Callable[[Draw], Any]] = {
    **_each(
        unary,
        "abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag "
        "isfinite isinf isnan log log1p log2 log10 logical_not negative positive real reciprocal round sign "
        "signbit sin sinh square sqrt tan tanh trunc nonzero matrix_transpose zeros_like ones_like asarray",
    ),
    **_each(
        binary,
        "add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide "
        "equal floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or "
        "logical_xor maximum minimum multiply nextafter not_equal pow remainder subtract",
    ),
    **_each(reduction, "all any max mean min prod sum count_nonzero"),
    **_each(spread, "std var"),
    **_each(place, "argmax argmin"),
    **_each(cumulative, "cumulative_sum cumulative_prod"),
    **_each(ordering, "sort argsort"),
    **_each(along, "flip expand_dims squeeze unstack"),
    **_each(joined, "concat stack"),
    **_each(together, "isin result_type"),
    **_each(whole, "unique_all unique_counts unique_inverse unique_values"),
    **_each(triangle, "tril triu"),
    **_each(contraction, "tensordot"),
    **_each(contraction, "tensordot", "linalg."),
    **_each(vectors, "vecdot"),
    **_each(vectors, "vecdot", "linalg."),
    **_each(products, "matmul"),
    **_each(products, "matmul", "linalg."),
    **_each(matrix, "inv det slogdet qr svdvals pinv matrix_rank trace diagonal matrix_transpose", "linalg."),
    **_each(symmetric, "eigvalsh cholesky eigh", "linalg."),
    **_each(transform, "fft ifft hfft irfft", "fft."),
    **_each(lambda draw: transform(draw, REAL), "rfft ihfft", "fft."),
    **_each(transform_many, "fftn ifftn rfftn irfftn", "fft."),
    **_each(shifted, "fftshift ifftshift", "fft."),
    "reshape": reshape,
    "permute_dims": permute,
    "roll": roll,
    "moveaxis": moveaxis,
    "broadcast_to": broadcast_to,
    "repeat": repeat,
    "tile": tile,
    "take": taken,
    "take_along_axis": taken_along,
    "where": chosen,
    "searchsorted": searched,
    "clip": clipped,
    "diff": differed,
    "meshgrid": flat,
    "broadcast_arrays": lambda draw: (tuple(listed(draw)[0][0]), {}),
    "full_like": lambda draw: ((array(draw), draw(st.sampled_from((0, 2)))), {}),
    "linalg.solve": solved,
    "linalg.vector_norm": norm,
    "linalg.matrix_norm": norm,
    "linalg.matrix_power": lambda draw: matrix(draw, draw(st.integers(-2, 3)), whole=False),
    "linalg.svd": lambda draw: matrix(draw, square=False, full_matrices=draw(st.booleans())),
    "linalg.cross": crossed,
    "linalg.outer": flat,
}
"""How a call of each function is drawn: ``draw -> (arguments, options)``."""
