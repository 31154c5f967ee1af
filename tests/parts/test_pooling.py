"""Pooling beside PyTorch's, and beside loops for any shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.errors import OptionError, ShapeError


def no_weights(of: Callable[[Any], Any]) -> Any:
    return {}


@pytest.mark.parametrize(
    ("size", "options"),
    [(2, {}), (3, {"stride": 1}), ((2, 3), {"stride": (1, 2)}), (3, {"stride": 2, "padding": 1})],
)
def test_pictures_as_in_torch(torch: Any, agrees: Callable[..., Any], size: Any, options: Any) -> None:
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 3))
    averaged = options | ({"count_include_pad": False} if "padding" in options else {})
    for layer, module in (
        (bp.MaxPool2D(size, **options), torch.nn.MaxPool2d(size, **options)),
        (bp.AvgPool2D(size, **options), torch.nn.AvgPool2d(size, **averaged)),
    ):
        agrees(
            layer, x, no_weights, lambda x, module=module: module(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        )


def test_sequences_as_in_torch(torch: Any, agrees: Callable[..., Any]) -> None:
    x = np.random.default_rng(0).normal(size=(2, 7, 3))
    for layer, module in (
        (bp.MaxPool1D(3, 2, 1), torch.nn.MaxPool1d(3, 2, 1)),
        (bp.AvgPool1D(3, 2), torch.nn.AvgPool1d(3, 2)),
        (bp.GlobalAvgPool(), lambda x: x.mean(-1)),
    ):
        agrees(layer, x, no_weights, lambda x, module=module: _first(module(x.permute(0, 2, 1))))


def _first(y: Any) -> Any:
    return y.permute(0, 2, 1) if y.ndim == 3 else y


@settings(max_examples=30, deadline=None)
@given(
    length=st.integers(1, 9),
    size=st.integers(1, 4),
    stride=st.one_of(st.none(), st.integers(1, 4)),
    padding=st.sampled_from(["valid", "same", 0, 1]),
)
def test_any_sequence_as_by_hand(length: int, size: int, stride: Any, padding: Any) -> None:
    x = np.random.default_rng(length).normal(size=(2, length, 1))
    for layer, number in (
        (bp.MaxPool1D(size, stride, padding), np.max),
        (bp.AvgPool1D(size, stride, padding), np.mean),
    ):
        try:
            (windows, _) = layer.output_shape((length, 1))
        except ShapeError:
            assert length < size or padding == size == 1
            continue
        step = stride or size
        short = max((-(-length // step) - 1) * step + size - length, 0)
        before = {"valid": 0, "same": short // 2}.get(padding, padding)
        starts = [i * step - before for i in range(windows)]
        wanted = np.stack([number(x[:, max(s, 0) : s + size], axis=1) for s in starts], axis=1)
        np.testing.assert_allclose(layer({}, x), wanted, rtol=1e-12)


def test_the_mean_of_all_places() -> None:
    x = np.arange(24.0).reshape(2, 3, 2, 2)
    np.testing.assert_allclose(bp.GlobalAvgPool()({}, x), x.mean(axis=(1, 2)))
    assert bp.GlobalAvgPool().output_shape((3, 2, 2)) == (2,)
    assert bp.GlobalAvgPool()({}, x[:, 0, 0]).tolist() == x[:, 0, 0].tolist()


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(
        ShapeError, match=r"MaxPool2D\(2\) wants inputs of shape \(batch, height, width, channels\)"
    ):
        bp.MaxPool2D().output_shape((64,))
    with pytest.raises(ShapeError, match=r"AvgPool1D\(5\) wants windows that fit"):
        bp.AvgPool1D(5)({}, np.ones((1, 4, 1)))
    with pytest.raises(ShapeError, match="padding below its size"):
        bp.MaxPool1D(2, padding=2).output_shape((4, 1))
    with pytest.raises(
        ShapeError, match=r"wants inputs of shape \(batch, length, channels\), was given \(4,\)"
    ):
        bp.MaxPool1D()({}, np.ones(4))
    with pytest.raises(OptionError, match="size of MaxPool2D"):
        bp.MaxPool2D(0)
    with pytest.raises(OptionError, match="stride of AvgPool1D"):
        bp.AvgPool1D(2, 0)
    with pytest.raises(OptionError, match="padding of AvgPool1D"):
        bp.AvgPool1D(2, padding="full")
