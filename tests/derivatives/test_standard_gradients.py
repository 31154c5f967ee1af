"""What the standard's functions answer where more than one answer could be given, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.transforms.gradients import grad, vjp
from bpcore.words.errors import NotDifferentiable, RecordError

EAGER = ("numpy", "numpy:readonly", "strict", "strict:device1", "torch", "jax", "cupy")


def _list(backend: Any, x: Any) -> Any:
    return backend.host(x).tolist()


# -- ties and edges ------------------------------------------------------------------------------------------


def test_on_a_bound_clip_leaves_the_gradient_to_x(backend: Any) -> None:
    xp = backend.xp
    x, low, high = (backend.array(z) for z in ([-2.0, -1.0, 0.0, 1.0, 2.0], -1.0, 1.0))
    of_all = grad(lambda x, low, high: xp.sum(xp.clip(x, low, high)), argnums=(0, 1, 2))
    g, to_low, to_high = backend.run(of_all, x, low, high)
    assert _list(backend, g) == [0.0, 1.0, 1.0, 1.0, 0.0]
    assert (_list(backend, to_low), _list(backend, to_high)) == (1.0, 1.0)


def test_clip_by_name_and_with_one_bound(backend: Any) -> None:
    xp, x = backend.xp, backend.array([-2.0, 0.5, 2.0])
    above = backend.run(grad(lambda x: xp.sum(xp.clip(x, max=1.0))), x)
    below = backend.run(grad(lambda x: xp.sum(xp.clip(x, min=xp.zeros_like(x), max=None))), x)
    assert _list(backend, above) == [1.0, 1.0, 0.0]
    assert _list(backend, below) == [0.0, 1.0, 1.0]


def test_equal_elements_keep_their_order_when_sorted(backend: Any) -> None:
    xp, weights = backend.xp, backend.array([1.0, 2.0, 3.0, 4.0])
    up = grad(lambda x: xp.sum(xp.multiply(weights, xp.sort(x))))
    down = grad(lambda x: xp.sum(xp.multiply(weights, xp.sort(x, descending=True))))
    x = backend.array([2.0, 1.0, 2.0, 1.0])
    assert _list(backend, backend.run(up, x)) == [3.0, 1.0, 4.0, 2.0]
    got = _list(backend, backend.run(down, x))
    assert (sorted(got[::2]), sorted(got[1::2])) == ([1.0, 2.0], [3.0, 4.0])


@pytest.mark.axes(*EAGER)
def test_unique_values_are_those_that_came_first(backend: Any) -> None:
    xp, weights = backend.xp, backend.array([1.0, 10.0])
    g = grad(lambda x: xp.sum(xp.multiply(weights, xp.unique_values(x))))(backend.array([5.0, 2.0, 5.0, 2.0]))
    assert _list(backend, g) == [10.0, 1.0, 0.0, 0.0]
    found, _ = vjp(lambda x: tuple(xp.unique_all(x)), backend.array([[5.0, 2.0], [5.0, 2.0]]))
    assert [_list(backend, y) for y in found] == [[2.0, 5.0], [1, 0], [[1, 0], [1, 0]], [2, 2]]


def test_a_product_with_zeros_in_it(backend: Any) -> None:
    xp = backend.xp
    product = grad(xp.prod)
    assert _list(backend, backend.run(product, backend.array([0.0, 2.0, 3.0]))) == [6.0, 0.0, 0.0]
    assert _list(backend, backend.run(product, backend.array([0.0, 2.0, 0.0]))) == [0.0, 0.0, 0.0]
    second = grad(lambda x: xp.sum(xp.multiply(product(x), backend.array([1.0, 1.0, 1.0]))))
    assert _list(backend, backend.run(second, backend.array([0.0, 2.0, 0.0]))) == [2.0, 0.0, 2.0]
    running = grad(lambda x: xp.sum(xp.cumulative_prod(x)))
    assert _list(backend, backend.run(running, backend.array([2.0, 0.0, 3.0]))) == [1.0, 8.0, 0.0]


def test_a_long_running_product_is_right_to_the_last(backend: Any) -> None:
    """More factors than one round of doubling reaches."""
    xp, factors = backend.xp, [1.0, 2.0, 0.5] * 4 + [0.0, 3.0]
    g = _list(backend, backend.run(grad(lambda x: xp.sum(xp.cumulative_prod(x))), backend.array(factors)))
    for j in range(len(factors)):
        others = [*factors[:j], 1.0, *factors[j + 1 :]]
        assert g[j] == pytest.approx(sum(math.prod(others[: i + 1]) for i in range(j, len(factors))))


@pytest.mark.needs_float64
@pytest.mark.parametrize("name", ["prod", "cumulative_prod"])
def test_a_product_in_a_wider_dtype_is_differentiated_in_it(backend: Any, name: str) -> None:
    """In float32 the partial products would overflow."""
    xp, wide = backend.xp, backend.backend.dtype("float64")
    x = backend.array([1e20, 1e20, 1e-20, 1e-30], "float32")
    last = backend.array(1.0 if name == "prod" else [0.0, 0.0, 0.0, 1.0])

    def product(x: Any) -> Any:
        return xp.sum(xp.multiply(last, getattr(xp, name)(x, dtype=wide)))

    g = backend.run(grad(product), x)
    assert g.dtype == x.dtype
    assert _list(backend, g) == pytest.approx([1e-30, 1e-30, 1e10, 1e20], rel=1e-5)


@pytest.mark.axes(*(axis for axis in EAGER if axis != "jax"))  # whose own gather counts in the places' dtype
def test_places_of_a_narrow_dtype_along_a_long_axis(backend: Any) -> None:
    xp, places = backend.xp, backend.array([[100, -1], [3, 100]], "int8")
    x = xp.zeros_like(xp.broadcast_to(backend.array([[0.0]]), (2, 200)))
    (g,) = vjp(lambda x: xp.take_along_axis(x, places, axis=1), x)[1](backend.array([[1.0, 2.0], [3.0, 4.0]]))
    taken = {(int(i), int(j)): float(backend.host(g)[i, j]) for i, j in np.argwhere(backend.host(g))}
    assert taken == {(0, 100): 1.0, (0, 199): 2.0, (1, 3): 3.0, (1, 100): 4.0}


def test_linspace_ends_where_it_was_told(backend: Any) -> None:
    xp = backend.xp

    def spread(start: Any, stop: Any) -> Any:
        return xp.linspace(start, stop, 4)

    values, pullback = vjp(spread, backend.array(0.1), backend.array(0.7))
    assert _list(backend, values)[0] == _list(backend, backend.array(0.1))
    assert _list(backend, values)[-1] == _list(backend, backend.array(0.7))
    start, stop = pullback(backend.array([1.0, 0.0, 0.0, 1.0]))
    assert (_list(backend, start), _list(backend, stop)) == (1.0, 1.0)


def test_arrays_that_are_made_of_traced_numbers(backend: Any) -> None:
    """They are made where the numbers are, and under a compiler that does not tell where that is."""
    xp = backend.xp
    made = {
        "linspace": (lambda x: xp.linspace(x[0, ...], 3.0, 3), [1.5, 0.0]),
        "full": (lambda x: xp.full((2, 2), x[1, ...]), [0.0, 4.0]),
        "full_like": (lambda x: xp.full_like(xp.stack([x, x, x]), x[0, ...]), [6.0, 0.0]),
        "asarray": (lambda x: xp.asarray([x[0, ...], 1.0, x[1, ...], x[0, ...]]), [2.0, 1.0]),
    }
    for make, wanted in made.values():
        g = backend.run(grad(lambda x, make=make: xp.sum(make(x))), backend.array([1.0, 2.0]))
        assert _list(backend, g) == wanted


# -- complex numbers -----------------------------------------------------------------------------------------


@pytest.mark.needs_float64
def test_the_sign_of_complex_numbers_turns(backend: Any) -> None:
    """``x / |x|`` moves across the direction of x, not along it; at zero it stands still."""
    xp = backend.xp
    x = backend.array([3.0 + 4.0j, 2.0j, 0.0], "complex128")
    g = _list(backend, backend.run(grad(lambda x: xp.sum(xp.real(xp.sign(x)))), x))
    assert g == pytest.approx([(0.64 - 0.48j) / 5.0, 0.5, 0.0])


def test_the_sign_of_real_numbers_is_a_constant(backend: Any) -> None:
    xp = backend.xp

    def by_sign(x: Any) -> Any:
        with backend.reading():
            return xp.multiply(x, float(xp.sign(x)))

    if backend.name == "jax:jit":
        pytest.skip("jax.jit lets no value be read")
    assert _list(backend, grad(by_sign)(backend.array(-2.0))) == -1.0


@pytest.mark.needs_float64
def test_the_real_part_of_a_cotangent_is_what_a_real_input_gets(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([1.0, 2.0])
    y = backend.array([1.0 + 1.0j, 2.0 - 3.0j], "complex128")
    for turned in (lambda x: xp.multiply(x, y), lambda x: xp.multiply(xp.astype(x, y.dtype), y)):
        g = backend.run(grad(lambda x, turned=turned: xp.sum(xp.imag(turned(x)))), x)
        assert _list(backend, g) == [1.0, -3.0]
        assert g.dtype == x.dtype


# -- copies and casts ----------------------------------------------------------------------------------------


@pytest.mark.axes(*EAGER)
def test_a_copy_can_be_assigned_to_and_the_original_stays(backend: Any) -> None:
    xp = backend.xp

    def assigned(x: Any) -> Any:
        for copied in (xp.asarray(x, copy=True), xp.astype(x, x.dtype), xp.repeat(x, 1), xp.tile(x, (1,))):
            copied[0, ...] = 0.0
            x = xp.add(x, copied)
        return xp.sum(x)

    x = backend.array([1.0, 2.0])
    assert _list(backend, grad(assigned)(x)) == [1.0, 5.0]
    assert _list(backend, x) == [1.0, 2.0]


@pytest.mark.axes(*EAGER)
def test_no_copy_is_made_where_none_is_wanted(backend: Any) -> None:
    xp, narrow = backend.xp, backend.backend.dtype("float32")

    def same(x: Any) -> Any:
        assert xp.asarray(x, copy=False) is x
        assert xp.astype(x, x.dtype, copy=False) is x
        with pytest.raises((ValueError, RuntimeError)):  # the library's own, or ours
            xp.asarray(x, dtype=narrow, copy=False)
        return xp.sum(x)

    if backend.float == "float64":
        grad(same)(backend.array([1.0]))


def test_whole_numbers_do_not_move(backend: Any) -> None:
    xp, whole = backend.xp, backend.backend.dtype("int32")
    x = backend.array([1.5, -2.5])

    def cut(x: Any) -> Any:
        return xp.astype(xp.astype(x, whole), x.dtype)

    _, tangent = bp.jvp(cut, (x,), (x,))
    assert _list(backend, tangent) == [0.0, 0.0]
    assert _list(backend, backend.run(grad(lambda x: xp.sum(cut(x))), x)) == [0.0, 0.0]


# -- what is refused -----------------------------------------------------------------------------------------


def test_what_cannot_follow_a_gradient_says_so() -> None:
    xp, x = bp.namespace("numpy"), np.asarray(3.0)
    with pytest.raises(NotDifferentiable, match="linspace"):
        grad(lambda x: xp.sum(xp.arange(x)))(x)
    with pytest.raises(NotDifferentiable, match="as it is"):
        grad(xp.from_dlpack)(x)
    with pytest.raises(ValueError, match="indexing"):
        grad(lambda x: xp.sum(xp.meshgrid(x, indexing="yx")[0]))(np.asarray([1.0]))


@pytest.mark.parametrize(
    "name", ["nonzero", "unique_all", "unique_values", "unique_counts", "unique_inverse"]
)
def test_shapes_that_depend_on_values_cannot_be_recorded(name: str) -> None:
    xp = bp.namespace("numpy")
    with pytest.raises(RecordError, match="reads the value"):
        bp.record(lambda x: getattr(xp, name)(x)[0], np.asarray([1.0, 2.0]))


def test_counts_that_are_computed_cannot_be_recorded_and_others_can() -> None:
    xp, x, counts = bp.namespace("numpy"), np.asarray([1.0, 2.0]), np.asarray([2, 1])
    with pytest.raises(RecordError, match="repeat"):
        bp.record(lambda x: xp.repeat(x, xp.astype(x, np.int64)), x)
    assert bp.compile(lambda x: xp.repeat(x, counts))(x).tolist() == [1.0, 1.0, 2.0]
