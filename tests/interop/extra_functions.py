"""array-api-extra's functions."""

from __future__ import annotations

import array_api_extra as xpx

from tests.interop.entry import MATRIX, POSITIVE, SQUARE, VECTOR, WRITES, Entry, Refusal

__all__ = ["ENTRIES"]

ROWS = [[0.4, -0.3, 1.2], [1.1, 0.6, -0.5]]

AS_ASKED = Refusal("as_numpy=True asks for NumPy's arrays")

ENTRIES = (
    Entry("array_api_extra.at.set", lambda x, v: xpx.at(x)[1:3].set(v), (VECTOR, [5.0, 6.0]), WRITES),
    Entry("array_api_extra.at.set copy", lambda x, v: xpx.at(x)[1:3].set(v, copy=True), (VECTOR, [5.0, 6.0])),
    Entry("array_api_extra.at.add", lambda x, v: xpx.at(x)[1:3].add(v), (VECTOR, [5.0, 6.0]), WRITES),
    Entry("array_api_extra.at.add copy", lambda x, v: xpx.at(x)[1:3].add(v, copy=True), (VECTOR, [5.0, 6.0])),
    Entry(
        "array_api_extra.at.multiply", lambda x, v: xpx.at(x)[1:3].multiply(v), (VECTOR, [5.0, 6.0]), WRITES
    ),
    Entry(
        "array_api_extra.at.multiply copy",
        lambda x, v: xpx.at(x)[1:3].multiply(v, copy=True),
        (VECTOR, [5.0, 6.0]),
    ),
    Entry("array_api_extra.at.divide", lambda x, v: xpx.at(x)[1:3].divide(v), (VECTOR, [5.0, 6.0]), WRITES),
    Entry(
        "array_api_extra.at.divide copy",
        lambda x, v: xpx.at(x)[1:3].divide(v, copy=True),
        (VECTOR, [5.0, 6.0]),
    ),
    Entry("array_api_extra.at.power", lambda x, v: xpx.at(x)[1:3].power(v), (POSITIVE, [1.5, 2.5]), WRITES),
    Entry(
        "array_api_extra.at.power copy",
        lambda x, v: xpx.at(x)[1:3].power(v, copy=True),
        (POSITIVE, [1.5, 2.5]),
    ),
    Entry(
        "array_api_extra.at.subtract", lambda x, v: xpx.at(x)[1:3].subtract(v), (VECTOR, [5.0, 6.0]), WRITES
    ),
    Entry(
        "array_api_extra.at.subtract copy",
        lambda x, v: xpx.at(x)[1:3].subtract(v, copy=True),
        (VECTOR, [5.0, 6.0]),
    ),
    Entry("array_api_extra.at.min", lambda x, v: xpx.at(x)[1:3].min(v), (VECTOR, [0.2, 0.1]), WRITES),
    Entry("array_api_extra.at.min copy", lambda x, v: xpx.at(x)[1:3].min(v, copy=True), (VECTOR, [0.2, 0.1])),
    Entry("array_api_extra.at.max", lambda x, v: xpx.at(x)[1:3].max(v), (VECTOR, [0.2, 0.1]), WRITES),
    Entry("array_api_extra.at.max copy", lambda x, v: xpx.at(x)[1:3].max(v, copy=True), (VECTOR, [0.2, 0.1])),
    Entry(
        "array_api_extra.apply_where",
        lambda x: xpx.apply_where(x > 0, x, lambda t: t**0.5, lambda t: t * t),
        (VECTOR,),
    ),
    Entry(
        "array_api_extra.apply_where fill",
        lambda x: xpx.apply_where(x > 0, x, lambda t: t**0.5, fill_value=0.0),
        (VECTOR,),
    ),
    Entry("array_api_extra.atleast_nd", lambda x: xpx.atleast_nd(x, ndim=2), (VECTOR,)),
    Entry("array_api_extra.cov", xpx.cov, (MATRIX,)),
    Entry("array_api_extra.create_diagonal", xpx.create_diagonal, (VECTOR,)),
    Entry("array_api_extra.expand_dims", lambda x: xpx.expand_dims(x, axis=(0, 2)), (VECTOR,)),
    Entry("array_api_extra.kron", xpx.kron, (SQUARE, ROWS)),
    Entry("array_api_extra.nan_to_num", xpx.nan_to_num, (VECTOR,)),
    Entry("array_api_extra.pad", lambda x: xpx.pad(x, 2), (VECTOR,)),
    Entry("array_api_extra.sinc", xpx.sinc, (VECTOR,)),
    Entry("array_api_extra.partition", lambda x: xpx.partition(x, 2)[:3], (VECTOR,)),
    Entry("array_api_extra.setdiff1d", lambda x: xpx.setdiff1d(x, x[:2]), (VECTOR,)),
    Entry("array_api_extra.union1d", lambda x: xpx.union1d(x, x[:2]), (VECTOR,)),
    Entry("array_api_extra.lazy_apply", lambda x: xpx.lazy_apply(lambda t: t * t, x), (VECTOR,)),
    Entry(
        "array_api_extra.lazy_apply as_numpy",
        lambda x: xpx.lazy_apply(lambda t: t * t, x, as_numpy=True),
        (VECTOR,),
        AS_ASKED,
    ),
    Entry("array_api_extra.angle", lambda x: xpx.angle(x + 1j * x * x), (VECTOR,)),
)
