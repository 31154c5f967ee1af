"""Every form of index on a traced array: the value is the library's, the gradient goes where it was read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import bpcore as bp
from bpcore.words.errors import NotDifferentiable, RecordError

SHAPE = (3, 4, 2)
rows, columns = np.asarray([2, 0, -1]), np.asarray([1, 1, 3])
KEYS = (
    *(0, -1, slice(None), slice(2, None), slice(None, None, -1), Ellipsis, None),
    *((1, 2), (1, 2, 1), (..., 0), (0, ..., 1), (slice(0, 3, 2), 1), (None, 1, ..., None), (1, None)),
    *(rows, np.asarray([[0, 1], [2, 2]]), np.asarray(1)),
    *((rows, columns), (rows, columns, 0), (slice(None), columns), (..., np.asarray([1, 0, 0]))),
    *((rows, slice(None), np.asarray([1, 0, 1])), (rows[:, None], columns), (0, columns)),
    *(np.arange(24).reshape(SHAPE) % 3 == 0, np.asarray([True, False, True])),
    (slice(None), np.asarray([True, False, True, True])),
    (np.asarray([True, False, True]), 1),
)


def _slope(key: Any, shape: tuple[int, ...]) -> Any:
    """Return how often each place is read, times its weight: the gradient, in NumPy's own words."""
    count = np.zeros(shape)
    part = np.zeros(shape)[key]
    np.add.at(count, key, np.arange(1.0, part.size + 1).reshape(part.shape))
    return count


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_reading_as_numpy_reads(key: Any) -> None:
    x = np.arange(24.0).reshape(SHAPE)
    y, pullback = bp.vjp(lambda x: x[key], x)
    assert np.array_equal(y, x[key])
    (g,) = pullback(np.arange(1.0, y.size + 1).reshape(y.shape))
    assert np.array_equal(g, _slope(key, SHAPE))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_key_of_numpy(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    x = np.arange(float(np.prod(shape))).reshape(shape)
    key = data.draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True),
            hnp.integer_array_indices(shape, dtype=np.dtype("int64")),
            hnp.arrays(np.dtype(bool), shape),
        )
    )
    y, pullback = bp.vjp(lambda x: x[key], x)
    assert np.array_equal(y, x[key])
    (g,) = pullback(np.arange(1.0, y.size + 1).reshape(y.shape))
    assert np.array_equal(g, _slope(key, shape))


STANDARD = (
    *(0, slice(1, None), (1, ..., 0), (None, ..., 1), (slice(None), 1, slice(0, 2, 2))),
    *("rows", "all arrays", "mask"),
)


@pytest.mark.parametrize("name", STANDARD, ids=repr)
def test_the_standards_keys_everywhere(backend: Any, name: Any) -> None:
    """To second order: the gradient of a square, whose own gradient is taken."""
    xp, key, host = backend.xp, name, name
    if isinstance(name, str):
        host = {
            "rows": np.asarray([2, 0, 2]),
            "all arrays": (rows % 3, columns, np.asarray([1, 1, 0])),
            "mask": np.arange(24).reshape(SHAPE) % 3 == 0,
        }[name]
        if name == "mask" and backend.name in ("strict:strictest", "jax:jit"):
            pytest.skip("a mask makes a shape depend on values")
        as_key = [backend.array(k, "bool" if name == "mask" else "int32") for k in _tuple(host)]
        key = tuple(as_key) if isinstance(host, tuple) else as_key[0]
    x = np.arange(24.0).reshape(SHAPE)

    def double(x: Any) -> Any:
        return bp.grad(lambda x: xp.sum(xp.square(x[key])))(x)

    g = backend.run(bp.grad(lambda x: xp.sum(double(x) * x)), backend.array(x))
    counted = np.zeros(SHAPE)
    np.add.at(counted, host, 1.0)
    np.testing.assert_allclose(backend.host(g), 4 * x * counted, rtol=1e-6)


def _tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def test_what_is_no_index_is_refused() -> None:
    x = np.arange(3.0)
    for key, kind in (([0, 1], "list"), ("a", "str"), (True, "bool"), (1.0, "float")):
        with pytest.raises(NotDifferentiable, match=f"an index that is a {kind}"):
            bp.vjp(lambda x, key=key: x[key], x)


def test_an_index_that_was_computed() -> None:
    xp = bp.namespace("numpy")
    g = bp.grad(lambda x: x[xp.argmax(x)] * x[xp.argmin(x), ...])(np.asarray([2.0, 5.0, 1.0]))
    assert g.tolist() == [0.0, 1.0, 5.0]
    g = bp.grad(lambda x: xp.sum(x[xp.argsort(x)] * np.arange(3.0)))(np.asarray([2.0, 5.0, 1.0]))
    assert g.tolist() == [1.0, 2.0, 0.0]


def test_a_mask_cannot_be_recorded_and_the_line_is_named() -> None:
    xp = bp.namespace("numpy")
    with pytest.raises(RecordError, match=r"a mask as an index .*test_indexing\.py"):
        bp.record(lambda x: xp.sum(x[x > 0.0]), np.ones(3))


def test_arrays_in_a_key_can_be_recorded() -> None:
    f = bp.compile(bp.grad(lambda x, i: x[i, i + 1] ** 2))
    x, i = np.arange(9.0).reshape(3, 3), np.asarray([1])
    with pytest.raises(Exception, match="shape"):
        f(x, i)
    f = bp.compile(bp.grad(lambda x, i: bp.namespace("numpy").sum(x[i, i + 1] ** 2)))
    assert f(x, i)[1, 2] == 10.0
    assert f(x, np.asarray([0]))[0, 1] == 2.0
    assert f.compilations == 1
