"""Elements that move, as host code: views, joins, gathers, additions at places. No GPU has a part in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.program.equation import ArrayType
from bpcore_cupy.elements import Layout, types_of, viewed
from bpcore_cupy.elements.tiles import WORTH
from tests.backends.cupy.elements.running import compared, recorded

XP = bp.namespace("numpy")
pytestmark = pytest.mark.usefixtures("compiler")


def _same(f: Any, *args: Any) -> Any:
    found, wanted, kernels = compared(f, *args)
    assert len(kernels) >= len(found)
    for number, (a, b) in enumerate(zip(found, wanted, strict=True)):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), number
        np.testing.assert_array_equal(a, b, err_msg=str(number))
    return kernels


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_views_that_are_copied(dtype: str, rng: np.random.Generator) -> None:
    x = rng.integers(0, 2, (3, 6)).astype(dtype)
    t = rng.integers(0, 99, (2, 5, 4)).astype(dtype)

    def f(x: Any, t: Any) -> Any:
        turned = [XP.matrix_transpose(x), XP.permute_dims(t, (2, 0, 1)), XP.moveaxis(t, 0, 2)]
        turned += [XP.flip(x), XP.flip(t, axis=1), XP.permute_dims(t, (0, 2, 1))]
        picked = [x[1:, ::2], x[:, ::-1], x[0], x[-1:], t[..., 1], t[:, None, 1:2], t[1, 2:0:-1]]
        shaped = [XP.reshape(x, (-1,)), XP.expand_dims(x, axis=1), XP.broadcast_to(x[0], (4, 6))]
        return (*turned, *picked, *shaped, XP.squeeze(x[:1], axis=0))

    _same(f, x, t)


def test_joins_are_one_launch(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(3, 6)), rng.normal(size=(2, 6))

    def f(x: Any, y: Any) -> Any:
        joined = [XP.concat([x, y, x], axis=0), XP.concat([x, x], axis=1), XP.concat([y, x], axis=None)]
        return (*joined, XP.concat([x, x[:0]], axis=0), XP.stack([x, x], axis=1), XP.stack([y, y], axis=-1))

    kernels = _same(f, x, y)
    assert all(kernel.then is None for kernel in kernels.values())


def test_many_parts_are_several_launches(rng: np.random.Generator) -> None:
    parts = [rng.normal(size=3) for _ in range(130)]
    (kernel,) = _same(lambda *parts: (XP.concat(list(parts)),), *parts).values()
    assert len(kernel.stages) == 3


@pytest.mark.parametrize("shape", [(132, 260), (3, 130, 65), (1024, 17)])
def test_large_matrices_are_turned_by_tiles(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    assert np.prod(shape) >= WORTH
    (kernel,) = _same(lambda x: (XP.matrix_transpose(x),), rng.normal(size=shape).astype("float32")).values()
    assert "tile[" in kernel.source


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2), st.lists(st.integers(-4, 3), min_size=0, max_size=9), st.sampled_from([4, 8, 12]))
def test_gathers(axis: int, indices: list[int], back: int) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 4, back)).astype("float32")
    i = np.asarray(indices, "int64")
    j = rng.integers(-4, 4, x.shape)

    def f(x: Any, i: Any, j: Any) -> Any:
        key = (slice(None),) * axis + (i,)
        square = XP.reshape(XP.concat([i, i]), (2, -1))
        along = [XP.take_along_axis(x, j, axis=axis), XP.take(x, square, axis=0) if axis == 0 else x * 1.0]
        return (XP.take(x, i, axis=axis), x[key], *along)

    _same(f, x, i, j)


def test_additions_at_places_are_made_in_order(rng: np.random.Generator) -> None:
    x = rng.normal(size=(7, 12)).astype("float32")
    i = np.asarray([0, 2, -1, 2, 2, 0, 2])

    def f(x: Any, i: Any) -> Any:
        def loss(x: Any) -> Any:
            rows = XP.sum(XP.square(XP.take(x, i, axis=0)))
            return XP.add(rows, XP.sum(XP.exp(XP.multiply(x[:, i], 0.1))))

        return (bp.grad(loss)(x),)

    found, wanted, kernels = compared(f, x, i)
    assert sum("sum = sum" in kernel.source for kernel in kernels.values()) >= 2
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-6)


def test_parts_that_are_put_into_zeros(rng: np.random.Generator) -> None:
    x = rng.normal(size=(5, 6))
    f = bp.grad(lambda x: XP.sum(XP.square(x[1:4, ::-2])))
    found, wanted, kernels = compared(lambda x: (f(x),), x)
    assert any(len(kernel.stages) == 2 for kernel in kernels.values())
    np.testing.assert_array_equal(found[0], wanted[0])


def test_where_views_lie(rng: np.random.Generator) -> None:
    """A view that is said to lie somewhere is NumPy's own view of that memory."""
    x = rng.normal(size=(4, 6, 5))

    def f(x: Any) -> Any:
        return (
            XP.matrix_transpose(x), XP.permute_dims(x, (2, 0, 1)), XP.moveaxis(x, 0, -1), x[1:, ::2, 3], x[2],
            XP.reshape(x, (24, 5)), XP.expand_dims(x, axis=1), XP.flip(x, axis=1), x[..., None, ::-1],
            XP.broadcast_to(x, (3, 4, 6, 5)),
        )  # fmt: skip

    program = recorded(f, x)
    types = types_of(program)
    results = dict(zip(program.outputs, f(x), strict=True))
    first = [each for each in program.equations if each.inputs[0] == program.inputs[0]]
    for equation, wanted in [(each, results[each.output]) for each in first if each.output in results]:
        layout = viewed(equation, types)
        assert layout is not None
        strides = tuple(s * x.itemsize for s in layout.strides)
        found = np.lib.stride_tricks.as_strided(x.reshape(-1)[layout.offset :], wanted.shape, strides)
        np.testing.assert_array_equal(found, wanted)


def test_a_view_of_a_view_and_what_is_none(rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 6))
    program = recorded(lambda x: (XP.reshape(x, (24,)), XP.add(x, 1.0)), x)
    reshape, add = program.equations
    types = {**types_of(program), program.inputs[0]: ArrayType((4, 6), x.dtype)}
    assert viewed(reshape, types, {program.inputs[0]: Layout((1, 4))}) is None
    assert viewed(reshape, types, {program.inputs[0]: Layout((6, 1), 3)}) == Layout((1,), 3)
    assert viewed(add, types) is None
