"""CuPy's functions in the standard's spelling, over NumPy's methods of the same signatures."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest


def test_reductions_are_the_standards(table: dict[str, Any]) -> None:
    x = np.asarray([[1.0, 2.0], [3.0, 5.0]])
    for name in ("sum", "mean", "max", "min"):
        for axis in (None, 0, (0, 1)):
            for keepdims in (False, True):
                right = getattr(np, name)(x, axis=axis, keepdims=keepdims)
                np.testing.assert_array_equal(table[name](x, axis=axis, keepdims=keepdims), right)
    assert table["sum"](np.ones(2, "float32"), dtype="float64").dtype == "float64"


def test_reshaping_copies_when_told(table: dict[str, Any]) -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(table["reshape"](x, (3, 2)), x)
    assert not np.shares_memory(table["reshape"](x, (3, 2), copy=True), x)
    with pytest.raises((AttributeError, ValueError)):
        table["reshape"](x.T, (6,), copy=False)


def test_axes_are_moved(table: dict[str, Any]) -> None:
    x = np.arange(6.0).reshape(1, 2, 3)
    assert table["permute_dims"](x, (2, 0, 1)).shape == (3, 1, 2)
    assert table["matrix_transpose"](x).shape == (1, 3, 2)


def test_casting_may_move(fake: Any, table: dict[str, Any]) -> None:
    x = fake.asarray([1.0])
    assert table["astype"](x, "float32").dtype == "float32"
    assert table["astype"](x, "float32", device=fake.Device(1)).device == fake.Device(1)
    assert table["astype"](x, "float64", copy=False) is x
    assert table["to_device"](x, fake.Device(1)).device == fake.Device(1)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_slices_are_added_where_an_index_comes_twice(table: dict[str, Any], dtype: str) -> None:
    x, source = np.asarray([[1, 2], [3, -4]], dtype), np.asarray([[10, 20], [1, 2], [-5, 7]], dtype)
    before = x.copy()
    y = table["index_add"](x, np.asarray([1, 0, 1]), source, axis=0)
    assert y.tolist() == [[2, 4], [8, 23]]
    assert y.dtype == dtype
    np.testing.assert_array_equal(x, before)
    assert table["index_add"](x, np.asarray([1]), source[:2, :1], axis=-1).tolist() == [[1, 12], [3, -3]]


def test_a_part_is_written_into_zeros(table: dict[str, Any]) -> None:
    y = table["slice_scatter"](np.asarray([1.0, 2.0]), key=(slice(1, 3),), shape=(4,))
    assert y.tolist() == [0.0, 1.0, 2.0, 0.0]


def test_softplus_is_made_of_log_expit(table: dict[str, Any]) -> None:
    np.testing.assert_allclose(
        table["softplus"](np.asarray([-2.0, 0.0, 3.0])), np.log1p(np.exp([-2.0, 0.0, 3.0]))
    )


def test_what_cuda_has_is_cudas(table: dict[str, Any]) -> None:
    x = np.asarray([0.5, 2.0])
    np.testing.assert_allclose(table["erfc"](x), [math.erfc(0.5), math.erfc(2.0)])
    np.testing.assert_allclose(table["xlogy"](x, 2.0), x * math.log(2.0))
    assert table["gammaln"](np.asarray([-np.inf, 2.0])).tolist() == [np.inf, 2.0]  # the stand-in's is x
    assert table["einsum"]("i,i", x, x) == 4.25
    assert not {"logit", "digamma", "polygamma", "log_ndtr"} & set(table)  # bpcore's bodies are better


def test_views_are_copied_and_what_is_owned_is_not(table: dict[str, Any]) -> None:
    def array(*, base: object, c_contiguous: bool) -> Any:
        return SimpleNamespace(
            base=base,
            flags=SimpleNamespace(c_contiguous=c_contiguous),
            copy=lambda order: f"a copy in {order}",
        )

    mine = array(base=None, c_contiguous=True)
    assert table["own"](mine) is mine
    assert table["own"](array(base=mine, c_contiguous=True)) == "a copy in C"
    assert table["own"](array(base=None, c_contiguous=False)) == "a copy in C"


@pytest.mark.parametrize(
    "name", ["erf", "erfc", "expit", "log_expit", "ndtr", "softplus", "gammaln", "xlogy"]
)
def test_special_functions_of_16_bits_are_of_16_bits(table: dict[str, Any], name: str) -> None:
    """CuPy has float64 for them."""
    x = np.asarray([0.25, 1.5, 3.0], np.float16)
    more = [x] if name == "xlogy" else []
    y = table[name](x, *more)
    assert y.dtype == np.float16
    wide = [z.astype(np.float32) for z in (x, *more)]
    np.testing.assert_array_equal(y, table[name](*wide).astype(np.float16))
    assert table[name](*(z.astype(np.float64) for z in (x, *more))).dtype == np.float64
