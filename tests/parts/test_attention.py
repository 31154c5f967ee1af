"""Attention beside PyTorch's; a causal one does not see what comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError, ShapeError


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_as_in_torch(torch: Any, agrees: Callable[..., Any], *, causal: bool, bias: bool) -> None:
    module = torch.nn.MultiheadAttention(6, 3, bias=bias, batch_first=True, dtype=torch.float64)
    if bias:
        torch.nn.init.normal_(module.in_proj_bias)
    mask = torch.triu(torch.ones(4, 4, dtype=torch.bool), 1) if causal else None

    def weights(of: Callable[[Any], Any]) -> Any:
        three = np.split(of(module.in_proj_weight), 3)
        params = {n: {"weight": w.T} for n, w in zip(("query", "key", "value"), three, strict=True)}
        params["output"] = {"weight": of(module.out_proj.weight).T}
        if bias:
            biases = (*np.split(of(module.in_proj_bias), 3), of(module.out_proj.bias))
            for part, b in zip(params.values(), biases, strict=True):
                part["bias"] = b
        return params

    def oracle(x: Any) -> Any:
        return module(x, x, x, attn_mask=mask, need_weights=False)[0]

    x = np.random.default_rng(0).normal(size=(2, 4, 6))
    agrees(bp.MultiHeadAttention(3, causal=causal, bias=bias), x, weights, oracle)


def test_a_causal_one_does_not_see_what_comes() -> None:
    x = np.random.default_rng(0).normal(size=(1, 5, 4))
    changed = x.copy()
    changed[:, 3:] += 1
    for causal in (True, False):
        layer = bp.MultiHeadAttention(2, causal=causal)
        params = layer.init(bp.key(0), (5, 4), dtype=np.float64)
        same = np.allclose(layer(params, x)[:, :3], layer(params, changed)[:, :3], atol=1e-14)
        assert same is causal


def test_places_are_the_papers_sines_and_cosines() -> None:
    y = bp.PositionalEncoding()({}, np.ones((2, 7, 5))) - 1
    assert np.array_equal(y[0], y[1])
    for t in range(7):
        for i in range(5):
            angle = t / 10000 ** (2 * (i // 2) / 5)
            assert y[0, t, i] == pytest.approx(np.cos(angle) if i % 2 else np.sin(angle), abs=1e-12)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ShapeError) as caught:
        bp.Chain(bp.MultiHeadAttention(4)).init(bp.key(0), (5, 6))
    assert str(caught.value) == (
        "net[0] MultiHeadAttention(4) wants inputs of shape (batch, length, features), the features a "
        "multiple of 4, was given ('batch', 5, 6)."
    )
    params = bp.MultiHeadAttention(2).init(bp.key(0), (5, 6))
    with pytest.raises(ShapeError, match=r"wants inputs of shape \(batch, length, 6\), was given \(1, 6\)"):
        bp.MultiHeadAttention(2)(params, np.ones((1, 6)))
    with pytest.raises(ShapeError, match="PositionalEncoding wants inputs of shape"):
        bp.PositionalEncoding()({}, np.ones((1, 6)))
    with pytest.raises(OptionError, match="heads of MultiHeadAttention"):
        bp.MultiHeadAttention(0)
