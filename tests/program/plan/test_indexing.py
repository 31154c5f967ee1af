"""Keys as views: what NumPy's own indexing gives, in shape, strides and offset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bpcore.program.plan.indexing import picked
from bpcore.program.plan.strided import Strided, contiguous_strides

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


@given(st.data(), SHAPES)
def test_it_is_the_view_that_numpy_takes(data: Any, shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    key = data.draw(arrays.basic_indices(shape, allow_newaxis=True))
    wanted = x[key if isinstance(key, tuple) else (key,)]
    found = picked(Strided(shape, contiguous_strides(shape)), key)
    assert found is not None
    assert found.shape == np.shape(wanted)
    if np.size(wanted):
        view = np.lib.stride_tricks.as_strided(
            x.reshape(-1)[found.offset :], found.shape, [s * x.itemsize for s in found.strides]
        )
        np.testing.assert_array_equal(view, wanted)


@pytest.mark.parametrize("key", [True, np.asarray([0]), (slice(None), np.asarray(1)), [0]])
def test_masks_and_arrays_are_no_views(key: Any) -> None:
    assert picked(Strided((2, 3), (3, 1)), key) is None
