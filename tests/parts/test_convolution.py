"""Convolution beside PyTorch's and beside loops; shapes, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.errors import OptionError, ShapeError


def by_hand(x: Any, weight: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Return a convolution over two axes, window by window."""
    pads = [(0, 0), *padding, (0, 0)]
    x = np.pad(x, pads)
    reach = [d * (k - 1) + 1 for k, d in zip(weight.shape[:2], dilation, strict=True)]
    rows = [(n - r) // s + 1 for n, r, s in zip(x.shape[1:3], reach, stride, strict=True)]
    y = np.zeros((x.shape[0], *rows, weight.shape[3]))
    for i in range(rows[0]):
        for j in range(rows[1]):
            top, left = i * stride[0], j * stride[1]
            seen = x[:, top : top + reach[0] : dilation[0], left : left + reach[1] : dilation[1], :]
            y[:, i, j, :] = np.tensordot(seen, weight, axes=3)
    return y


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_shape_as_by_hand(data: Any) -> None:
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    kernel, stride, dilation = (data.draw(pair) for _ in range(3))
    padding = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    batch, channels, outputs = (data.draw(st.integers(1, 3)) for _ in range(3))
    lengths = tuple(d * (k - 1) + data.draw(st.integers(1, 4)) for k, d in zip(kernel, dilation, strict=True))
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, *lengths, channels))
    weight = rng.normal(size=(*kernel, channels, outputs))
    layer = bp.Conv2D(outputs, kernel, stride, padding, dilation, bias=False)
    y = layer({"weight": weight}, x)
    assert y.shape == (batch, *layer.output_shape((*lengths, channels)))
    wanted = by_hand(x, weight, stride, [(n, n) for n in padding], dilation)
    np.testing.assert_allclose(y, wanted, atol=1e-12)


@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        (3, {}),
        (3, {"padding": "same"}),
        ((2, 3), {"padding": "same"}),
        ((3, 2), {"stride": (2, 1), "padding": 1}),
        (3, {"stride": 2, "padding": (2, 1)}),
        (2, {"dilation": (1, 2)}),
        (3, {"groups": 2, "padding": "same", "dilation": 2}),
        (1, {"bias": False}),
        (3, {"padding": (0, 2)}),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even:UserWarning")
def test_pictures_as_in_torch(torch: Any, agrees: Callable[..., Any], kernel: Any, options: Any) -> None:
    module = torch.nn.Conv2d(4, 6, kernel, dtype=torch.float64, **options)

    def weights(of: Callable[[Any], Any]) -> Any:
        params = {"weight": of(module.weight).transpose(2, 3, 1, 0)}
        return params | ({"bias": of(module.bias)} if module.bias is not None else {})

    def oracle(x: Any) -> Any:
        return module(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    x = np.random.default_rng(0).normal(size=(3, 7, 6, 4))
    agrees(bp.Conv2D(6, kernel, **options), x, weights, oracle)


@pytest.mark.parametrize("options", [{}, {"padding": "same"}, {"stride": 2, "padding": 1, "dilation": 2}])
def test_sequences_as_in_torch(torch: Any, agrees: Callable[..., Any], options: Any) -> None:
    module = torch.nn.Conv1d(2, 5, 3, dtype=torch.float64, **options)

    def weights(of: Callable[[Any], Any]) -> Any:
        return {"weight": of(module.weight).transpose(2, 1, 0), "bias": of(module.bias)}

    x = np.random.default_rng(0).normal(size=(3, 8, 2))
    agrees(bp.Conv1D(5, 3, **options), x, weights, lambda x: module(x.permute(0, 2, 1)).permute(0, 2, 1))


def test_same_keeps_the_length_over_the_stride() -> None:
    for length in range(1, 8):
        assert bp.Conv1D(1, 4, 3, "same").output_shape((length, 2)) == (-(-length // 3), 1)


def test_the_spread_of_the_start_is_that_of_the_fans() -> None:
    params = bp.Conv2D(40, 3, weight_init=bp.He()).init(bp.key(0), (8, 8, 50))
    assert params["weight"].shape == (3, 3, 50, 40)
    assert float(params["weight"].std()) == pytest.approx((2 / (9 * 50)) ** 0.5, rel=0.02)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ShapeError) as caught:
        bp.Chain(bp.Conv2D(4, 3)).init(bp.key(0), (64,))
    assert str(caught.value) == (
        "net[0] Conv2D(4, 3) wants inputs of shape (batch, height, width, channels), was given ('batch', 64)."
    )
    params = bp.Conv2D(4, 3).init(bp.key(0), (8, 8, 2))
    with pytest.raises(
        ShapeError, match=r"wants inputs of shape \(batch, height, width, 2\), was given \(1, 8"
    ):
        bp.Conv2D(4, 3)(params, np.ones((1, 8, 8, 3)))
    with pytest.raises(ShapeError, match=r"Conv2D\(4, 9\) wants windows that fit, of \(9, 9\), was given"):
        bp.Conv2D(4, 9).output_shape((8, 8, 2))
    with pytest.raises(ShapeError, match=r"channels and outputs that 2 groups divide"):
        bp.Conv2D(4, 3, groups=2).output_shape((8, 8, 3))
    with pytest.raises(ShapeError, match=r"\(batch, length, 5\)"):
        bp.Conv1D(4, 3, inputs=5).init(bp.key(0), (8, 2))
    for options, wanted in (
        ({"stride": 0}, "stride of Conv2D must be a whole number, 1 or more, or 2 of them, was given 0"),
        ({"dilation": (1, 2, 3)}, "dilation of Conv2D"),
        ({"padding": "full"}, 'padding of Conv2D must be "same", "valid" or a number of zeros'),
        ({"groups": 0}, "groups of Conv2D"),
    ):
        with pytest.raises(OptionError, match=wanted):
            bp.Conv2D(4, 3, **options)
    with pytest.raises(
        OptionError, match=r"kernel of Conv1D must be a whole number, 1 or more, was given 2\.5"
    ):
        bp.Conv1D(4, 2.5)


def test_zeros_before_and_not_after() -> None:
    x = np.random.default_rng(0).normal(size=(1, 5, 2))
    layer = bp.Conv1D(3, 2, padding=((1, 0),))
    params = layer.init(bp.key(0), (5, 2), dtype=np.float64)
    whole = bp.Conv1D(3, 2)(params, np.pad(x, ((0, 0), (1, 0), (0, 0))))
    np.testing.assert_allclose(layer(params, x), whole, atol=1e-14)
    assert layer.output_shape((5, 2)) == (5, 3)
    with pytest.raises(ShapeError, match=r"Conv1D\(3, 2\) wants a width, a pair"):
        bp.Conv1D(3, 2, padding=-1).output_shape((5, 2))
