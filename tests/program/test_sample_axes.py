"""The axis of the samples: found by one sample more, and not by its length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.program.sample_axes import SampleAxis, sample_axes

X = np.arange(24.0).reshape(4, 3, 2)
W = np.ones((4, 4))


def last(f: Any, *args: Any, samples: Any = (0,)) -> SampleAxis | None:
    program = bp.record(f, *args)
    return sample_axes(program, f, args, samples).get(program.outputs[0])


def xp(x: Any) -> Any:
    return bp.array_namespace(x)


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: x + 1.0, SampleAxis(0)),
        (lambda x: xp(x).permute_dims(x, (2, 0, 1)), SampleAxis(1)),
        (lambda x: xp(x).reshape(x, (x.shape[0], 6)), SampleAxis(0)),
        (lambda x: xp(x).exp(xp(x).reshape(x, (-1, 2))), SampleAxis(0, 3)),
        (lambda x: xp(x).reshape(xp(x).exp(xp(x).reshape(x, (-1,))), x.shape), SampleAxis(0)),
        (lambda x: xp(x).reshape(xp(x).permute_dims(x, (1, 0, 2)), (-1, 2)), None),
        (lambda x: xp(x).concat((x, x), axis=0), None),
        (lambda x: xp(x).sum(x, axis=0), None),
        (lambda x: x[0, :, :], None),
    ],
)
def test_where_the_samples_are(f: Any, wanted: SampleAxis | None) -> None:
    assert last(f, X) == wanted


def test_a_matrix_of_the_same_length_has_no_samples() -> None:
    x = np.ones((4, 4))
    assert last(lambda x, w: xp(x).matmul(x, w), x, W) == SampleAxis(0)
    assert last(lambda x, g: xp(x).matmul(xp(x).matrix_transpose(x), g), x, x, samples=(0, 1)) is None
    assert last(lambda x, w: xp(w).multiply(w, 2.0), x, W) is None


def test_a_function_of_one_length_only() -> None:
    assert last(lambda x: xp(x).reshape(x, (4, 6)), X) is None
