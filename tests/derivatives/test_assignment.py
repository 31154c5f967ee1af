"""``x[key] = v`` and ``x += v`` on traced arrays: the right gradient or a clear error, no wrong number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.errors import InPlace, NotDifferentiable, RecordError, ShapeError

xp = bp.namespace("numpy")
MUTABLE = ("numpy", "numpy:readonly", "strict", "strict:device1", "strict:strictest", "torch", "cupy")


def _slope(f: Callable[..., Any], x: Any) -> Any:
    """Return the gradient of ``f`` at `x` by differences: what NumPy itself computes, on a copy."""
    g, step = np.empty_like(x), 1e-4
    for i in np.ndindex(x.shape):
        sides = []
        for moved in (step, -step):
            there = x.copy()
            there[i] += moved
            sides.append(f(there))
        g[i] = (sides[0] - sides[1]) / (2 * step)
    return g


KEYS = (0, (1, 2), (slice(None), 1), (..., slice(0, 3, 2)), Ellipsis, (slice(2, None), slice(1, None)))


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_a_part_is_written(backend: Any, key: Any) -> None:
    def f(x: Any) -> Any:
        y = x * x
        y[key] = 3.0 * x[key]
        y[0, ...] = 0.5
        return backend.xp.sum(y * y)

    x = backend.array([[1.0, -2.0, 0.5], [0.3, 2.0, 1.5]])
    _, g = backend.run(bp.value_and_grad(f), x)

    def written(x: Any) -> Any:
        y = x * x
        y[key] = 3.0 * x[key]
        y[0] = 0.5
        return np.sum(y * y)

    wanted = _slope(written, backend.host(x).astype("float64"))
    np.testing.assert_allclose(backend.host(g), wanted, rtol=1e-4, atol=1e-6)
    assert g.device == x.device


def test_a_mask_writes_one_number_anywhere(backend: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 2.0
        y[x < 0.0] = 0.0
        y[y > 3.0] = x[0, 0]
        return backend.xp.sum(y)

    g = backend.run(bp.grad(f), backend.array([[0.5, -2.0], [4.0, 1.0]]))
    assert backend.host(g).tolist() == [[3.0, 0.0], [0.0, 2.0]]


@pytest.mark.axes("numpy", "strict", "strict:device1", "torch", "cupy")
def test_a_mask_writes_as_many_numbers_as_it_has(backend: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        y[x < 0.0] = x[:2] * backend.array([3.0, 5.0])
        return backend.xp.sum(y * backend.array([1.0, 10.0, 100.0, 1000.0]))

    g = bp.grad(f)(backend.array([-1.0, 2.0, -3.0, 4.0]))
    assert backend.host(g).tolist() == [3.0, 510.0, 0.0, 1000.0]


def test_what_a_mask_reads_is_a_copy() -> None:
    def f(x: Any) -> Any:
        y = x * x
        y[x > 0] += x[x > 0]
        y[x > 0] *= 2.0
        return xp.sum(y)

    assert bp.grad(f)(np.asarray([3.0, -1.0])).tolist() == [14.0, -2.0]


@pytest.mark.axes("numpy", "numpy:readonly", "torch", "jax", "jax:jit", "cupy")
def test_arrays_write_and_of_a_place_twice_one_stays(backend: Any) -> None:
    i = backend.array([0, 2, 0], "int64")

    def f(x: Any) -> Any:
        y = x * 1.0
        y[i] = x[:3] * backend.array([3.0, 5.0, 7.0])
        return backend.xp.sum(y * backend.array([1.0, 10.0, 100.0, 1000.0])), y

    (_, y), g = backend.run(bp.value_and_grad(f, has_aux=True), backend.array([1.0, 2.0, 4.0, 8.0]))
    stayed = backend.host(y)[0]
    assert stayed in (3.0, 28.0)
    rest = [3.0, 0.0] if stayed == 3.0 else [0.0, 7.0]
    assert backend.host(g).tolist() == [rest[0], 510.0, rest[1], 1000.0]


def test_adding_in_place_goes_on_from_the_new_value(backend: Any) -> None:
    def f(x: Any) -> Any:
        y = x * x
        before = y * 1.0
        y += x
        y *= 2.0
        y -= before
        y /= 4.0
        return backend.xp.sum(y)

    g = backend.run(bp.grad(f), backend.array([1.0, -2.0]))
    assert backend.host(g).tolist() == [1.0, -0.5]


@pytest.mark.axes(*MUTABLE)
def test_both_names_of_one_array_see_the_change(backend: Any) -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        z = y
        y += x
        return backend.xp.sum(z * z)

    assert backend.host(bp.grad(f)(backend.array([1.0, 3.0]))).tolist() == [8.0, 24.0]


def test_what_is_immutable_is_bound_anew() -> None:
    """NumPy's numbers, as `sum` returns them, are no arrays: ``+=`` makes another one."""

    def f(x: Any) -> Any:
        total = xp.sum(x)
        before = total
        total += xp.sum(x)
        return before * total

    assert bp.grad(f)(np.asarray([1.0, 2.0])).tolist() == [12.0, 12.0]


@pytest.mark.axes(*MUTABLE)
@pytest.mark.parametrize(
    "write",
    [
        lambda xp, x: x.__setitem__(0, 1.0),
        lambda xp, x: x.__iadd__(1.0),
        lambda xp, x: x[:1].__imul__(2.0),
        lambda xp, x: xp.reshape(x, (-1,)).__setitem__(0, x[1]),
        lambda xp, x: xp.permute_dims(xp.expand_dims(x, axis=0), (1, 0)).__setitem__(0, 0.0),
    ],
)
def test_an_argument_is_not_written_into(backend: Any, write: Any) -> None:
    def f(x: Any) -> Any:
        write(backend.xp, x)
        return backend.xp.sum(x)

    with pytest.raises(InPlace, match="into an argument of the function"):
        bp.grad(f)(backend.array([1.0, 2.0]))


def test_an_argument_of_an_outer_function_neither() -> None:
    def outer(x: Any) -> Any:
        return bp.grad(lambda y: x.__setitem__(0, y))(x[1])

    with pytest.raises(InPlace, match="into an argument"):
        bp.grad(outer)(np.asarray([1.0, 2.0]))


def test_a_copy_may_be_written() -> None:
    def f(x: Any) -> Any:
        y = xp.asarray(x, copy=True)
        y[0] = 2.0 * x[1]
        y += x
        return xp.sum(y)

    x = np.asarray([1.0, 5.0])
    assert bp.grad(f)(x).tolist() == [1.0, 4.0]
    assert x.tolist() == [1.0, 5.0]


@pytest.mark.parametrize("wrap", [bp.checkpoint, lambda f: bp.custom_vjp(f, lambda g, y, x: [g])])
@pytest.mark.parametrize("f", [lambda x: x, lambda x: x[:2]])
def test_what_a_users_function_returns_is_an_array_of_its_own(wrap: Any, f: Any) -> None:
    def written(x: Any) -> Any:
        y = wrap(f)(x)
        y[0] = 7.0
        return xp.sum(x * x) + xp.sum(y)

    x = np.asarray([1.0, 5.0])
    assert bp.grad(written)(x).tolist() == [2.0, 11.0]
    assert x.tolist() == [1.0, 5.0]


def test_one_of_several_outputs_is_written() -> None:
    def f(x: Any) -> Any:
        u, s, _ = xp.linalg.svd(x)
        first = s[0]
        u[...] = 1.0
        return first + xp.sum(u) + s[1]

    x = np.asarray([[2.0, 0.0], [0.0, 1.0]])
    np.testing.assert_allclose(bp.grad(f)(x), np.eye(2), atol=1e-15)


def test_dtypes_and_shapes_are_kept() -> None:
    x = np.asarray([1.0, 2.0])

    def into_integers(x: Any) -> Any:
        y = xp.zeros_like(x, dtype=xp.int64)
        y[0] = x[0]
        return xp.sum(y * x)

    with pytest.raises(InPlace, match="float64 does not fit into an array of int64"):
        bp.grad(into_integers)(x)
    with pytest.raises(InPlace, match="cannot become float64 in place"):
        bp.grad(lambda x: (xp.astype(x, xp.float32) * 1.0).__iadd__(x))(x)
    with pytest.raises(ShapeError, match="in place"):
        bp.grad(lambda x: (x[:1] * 1.0).__iadd__(x))(x)
    with pytest.raises(ValueError, match=r"broadcast"):
        bp.grad(lambda x: (x * 1.0).__setitem__(slice(0, 1), x))(x)

    def narrowed(x: Any) -> Any:
        y = xp.astype(x, xp.float32)
        y[0] = x[1] * 3.0
        return xp.sum(y)

    assert bp.grad(narrowed)(x).tolist() == [0.0, 4.0]


def test_an_array_that_is_not_traced_cannot_take_a_traced_one() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(2)
        y[0] = x[0]
        return xp.sum(y)

    with pytest.raises(NotDifferentiable, match="written into an array of NumPy's"):
        bp.grad(f)(np.asarray([1.0, 2.0]))


def test_it_can_be_compiled_and_a_mask_of_many_cannot() -> None:
    def f(x: Any) -> Any:
        y = x * x
        y[0] = x[1]
        y[y > 3.0] = 0.0
        return xp.sum(y)

    slope = bp.compile(bp.grad(f))
    assert slope(np.asarray([1.0, 2.0])).tolist() == [0.0, 1.0]
    assert slope(np.asarray([1.0, 1.5])).tolist() == [0.0, 4.0]
    with pytest.raises(RecordError, match=r"a mask as an index .*test_assignment\.py"):
        bp.record(lambda x: (x * 1.0).__setitem__(x > 0.0, x), np.ones(2))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("set", "add", "multiply", "view", "copy")),
            st.integers(0, 3),
            st.integers(0, 3),
        ),
        max_size=8,
    )
)
def test_any_sequence_of_assignments(steps: list[tuple[str, int, int]]) -> None:
    """The same steps on NumPy's own arrays, by differences; or the error of a stale view."""

    def f(x: Any) -> Any:
        y = x * x
        kept = y
        for what, i, j in steps:
            if what == "set":
                y[i : i + 2] = x[j] * y[j]
            elif what == "add":
                y += x * x[i]
            elif what == "multiply":
                y[i:] *= x[j]
            elif what == "view":
                kept = y[: j + 1]
            else:
                y = y * 1.0
        return y.__array_namespace__().sum(y) * 1.0 + y.__array_namespace__().sum(kept * kept)

    x = np.asarray([1.1, -0.7, 0.4, 0.9])
    try:
        g = bp.grad(f)(x)
    except InPlace as error:
        assert "shares memory" in str(error)  # noqa: PT017
        return
    np.testing.assert_allclose(g, _slope(f, x), rtol=1e-4, atol=1e-4)
