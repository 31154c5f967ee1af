"""Views cost nothing: a pointer and strides, also behind one another and into products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore_cupy.lowering.places import Memory, Place
from bpcore_cupy.lowering.steps import Small
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun

XP = bp.namespace("numpy")

LOOKS: dict[str, Callable[[Any], Any]] = {
    "last": lambda x: x[-1],
    "last but one": lambda x: x[..., -2],
    "every other, backwards": lambda x: x[::-2, 1:, ::3],
    "a new axis": lambda x: x[None, 1, ..., None],
    "nothing of it": lambda x: x[:0],
    "turned": lambda x: XP.permute_dims(x, (2, 0, 1)),
    "turned and cut": lambda x: XP.permute_dims(x, (2, 0, 1))[1, ::-1],
    "moved": lambda x: XP.moveaxis(x, 0, -1),
    "moved both": lambda x: XP.moveaxis(x, (0, 1), (1, 2)),
    "flipped": lambda x: XP.flip(x, axis=(0, -1)),
    "flipped all": XP.flip,
    "wider": lambda x: XP.broadcast_to(x, (2, *x.shape)),
    "as rows": lambda x: XP.reshape(x, (x.shape[0], -1)),
    "part as rows": lambda x: XP.reshape(x[:, 1:3], (x.shape[0], -1)),
    "turned as rows": lambda x: XP.reshape(XP.permute_dims(x, (2, 0, 1)), (x.shape[2], -1)),
    "squeezed": lambda x: XP.squeeze(x[:1], axis=0),
    "matrices turned": XP.matrix_transpose,
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_view_is_what_numpy_sees(name: str) -> None:
    x = np.arange(3.0 * 4 * 5).reshape(3, 4, 5)

    def f(x: Any) -> Any:
        y = LOOKS[name](x)
        return XP.multiply(y, 2.0), LOOKS[name](XP.sin(x)), y

    program = bp.record(f, x)
    for got, wanted in zip(HostRun(program)(x), program.function(FUNCTIONS)(x), strict=True):
        assert got.shape == wanted.shape
        np.testing.assert_allclose(got, wanted, rtol=1e-14)


def test_a_look_that_takes_no_copy_takes_no_step() -> None:
    x = np.ones((3, 4, 5))
    program = bp.record(lambda x: XP.exp(XP.reshape(XP.permute_dims(x, (1, 0, 2))[2], (3, 5, 1))), x)
    assert len(HostRun(program).lowered.steps) == 1


PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "stacks": XP.matmul,
    "stacks turned": lambda a, b: XP.matmul(XP.matrix_transpose(b), XP.matrix_transpose(a)),
    "a stack and a matrix": lambda a, b: XP.matmul(a, b[0]),
    "cut": lambda a, b: XP.matmul(a[:, ::2, 1:], b[:, 1:, ::-1]),
    "wider": lambda a, b: XP.matmul(XP.broadcast_to(a[:1], a.shape), b),
    "vectors": lambda a, b: XP.matmul(a[0, 0], b[0, :, 0]),
    "a vector and stacks": lambda a, b: XP.matmul(a[0, 0], b),
    "of nothing": lambda a, b: XP.matmul(a[:, :, :0], b[:, :0]),
    "to nothing": lambda a, b: XP.matmul(a[:, :0], b),
    "tensordot": lambda a, b: XP.tensordot(a, b, axes=((0, 2), (0, 1))),
    "tensordot of one": lambda a, b: XP.tensordot(a, b[0], axes=1),
    "outer": lambda a, b: XP.tensordot(a[0, 0], b[0, 0], axes=0),
    "vecdot": lambda a, b: XP.vecdot(a, XP.matrix_transpose(b)[:, :1]),
    "whole numbers": lambda a, b: XP.matmul(XP.astype(a * 9, np.int64), XP.astype(b * 9, np.int64)),
}


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_of_views_is_numpy_s(name: str, small: Any) -> None:
    a, b = np.sin(np.arange(24.0)).reshape(2, 3, 4), np.cos(np.arange(40.0)).reshape(2, 4, 5)
    program = bp.record(PRODUCTS[name], a, b)
    run = HostRun(program, small=small)
    assert small or not any(isinstance(step, Small) for step in run.lowered.steps)
    for got, wanted in zip(run(a, b), program.function(FUNCTIONS)(a, b), strict=True):
        assert got.shape == np.shape(wanted)
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)


def test_places_in_places_are_counted_from_the_root() -> None:
    root, inside = Memory(1024), Memory(256)
    inside.whole, inside.start = root, 512
    part = Place((4,), (1,), 2, memory=inside, dtype="float32")
    assert (part.memory.root, part.start, part.alignment) == (root, 520, 8)
