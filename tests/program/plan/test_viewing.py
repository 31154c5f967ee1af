"""Functions that only look: where NumPy's own results lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import Equation
from bpcore.program.plan.strided import Strided, contiguous_strides
from bpcore.program.plan.viewing import VIEWING, viewed

XP = bp.namespace("numpy")

LOOKS: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: XP.reshape(x, (5, 12)),
    "expand_dims": lambda x: XP.expand_dims(x, axis=-2),
    "squeeze": lambda x: XP.squeeze(x, axis=1),
    "broadcast_to": lambda x: XP.broadcast_to(x, (2, 3, 4, 4, 5)),
    "matrix_transpose": XP.matrix_transpose,
    "permute_dims": lambda x: XP.permute_dims(x, (2, -1, 0, 1)),
    "moveaxis of one": lambda x: XP.moveaxis(x, 0, -1),
    "moveaxis": lambda x: XP.moveaxis(x, (0, -2), (1, 3)),
    "flip of all": XP.flip,
    "flip of one": lambda x: XP.flip(x, axis=-1),
    "flip": lambda x: XP.flip(x, axis=(0, -2)),
    "getitem": lambda x: x[1, ..., ::-2],
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_result_lies_where_numpy_s_does(name: str) -> None:
    x = np.arange(60.0).reshape(3, 1, 4, 5)
    (equation,) = bp.record(LOOKS[name], x).equations
    assert equation.function.name == name.partition(" ")[0]
    wanted = LOOKS[name](x)
    found = viewed(equation, Strided(x.shape, contiguous_strides(x.shape)), wanted.shape)
    assert found is not None
    assert found.shape == wanted.shape
    strides = [s * x.itemsize for s in found.strides]
    view = np.lib.stride_tricks.as_strided(x.reshape(-1)[found.offset :], found.shape, strides)
    np.testing.assert_array_equal(view, wanted)


def test_every_function_is_looked_at() -> None:
    assert {name.partition(" ")[0] for name in LOOKS} == VIEWING


def test_elements_that_must_be_moved_and_masks_are_no_views() -> None:
    x = np.ones((3, 4))
    (reshape,) = bp.record(lambda x: XP.reshape(x, (12,)), x).equations
    assert viewed(reshape, Strided((3, 4), (1, 3)), (12,)) is None
    for key in (np.asarray([0, 2]), np.asarray([True, False, True])):
        equation = Equation(TABLE["getitem"], reshape.inputs, {"key": key}, reshape.output)
        assert viewed(equation, Strided((3, 4), (4, 1)), (2, 4)) is None
