"""Dropout: what is dropped, what the rest grows to, and who draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError


def test_a_share_is_dropped_and_the_mean_stays(backend: Any) -> None:
    layer, x = bp.Dropout(0.25), backend.array(np.ones((200, 50)))
    key = bp.key(7, backend=backend.backend)

    def forward(x: Any, key: Any) -> Any:
        return layer.forward({}, {}, x, key=key, training=True)[0]

    y = backend.host(backend.run(forward, x, key))
    np.testing.assert_allclose(np.unique(y), [0, 4 / 3], rtol=1e-6)
    assert np.mean(y == 0) == pytest.approx(0.25, abs=0.015)
    assert y.mean() == pytest.approx(1, abs=0.02)
    assert np.mean(y == 0, axis=1).std() > 0  # no pattern of rows


def test_the_gradient_goes_where_the_numbers_went() -> None:
    layer, key = bp.Dropout(0.5), bp.key(1)

    def total(x: Any) -> Any:
        return bp.array_namespace(x).sum(layer.forward({}, {}, x, key=key, training=True)[0])

    x = np.ones((5, 4))
    np.testing.assert_array_equal(bp.grad(total)(x), layer.forward({}, {}, x, key=key, training=True)[0])


def test_what_has_learnt_drops_nothing() -> None:
    x = np.ones((3, 4))
    assert bp.Dropout(0.5).forward({}, {}, x)[0] is x
    assert bp.Dropout(0.5)({}, x) is x
    assert bp.Dropout(0).forward({}, {}, x, training=True)[0] is x
    assert bp.Chain(bp.Linear(2), bp.Dropout()).draws


def test_the_same_places_in_every_dtype() -> None:
    key = bp.key(5)
    kept = [
        bp.Dropout(0.4).forward({}, {}, np.ones((50, 50), dtype), key=key, training=True)[0]
        for dtype in (np.float16, np.float32, np.float64)
    ]
    assert [y.dtype for y in kept] == [np.float16, np.float32, np.float64]
    assert np.array_equal(kept[0] != 0, kept[1] != 0)
    assert np.array_equal(kept[1] != 0, kept[2] != 0)
    assert np.mean(kept[0] != 0) == pytest.approx(0.6, abs=0.03)


def test_layers_drop_other_places() -> None:
    net = bp.Chain(bp.Dropout(0.5), bp.Dropout(0.5))
    x = np.ones((100, 100))
    y, _ = net.forward([{}, {}], [{}, {}], x, key=bp.key(0), training=True)
    assert np.mean(y != 0) == pytest.approx(0.25, abs=0.02)  # one pattern twice would keep a half


@pytest.mark.parametrize("rate", [1, -0.1, 1.5, "half", True])
def test_a_rate_is_a_share(rate: Any) -> None:
    with pytest.raises(OptionError, match="rate of Dropout must be a number from 0 to below 1, was given"):
        bp.Dropout(rate)


def test_it_says_that_it_wants_a_key() -> None:
    with pytest.raises(OptionError, match="key of Dropout must be a key while it learns"):
        bp.Dropout().forward({}, {}, np.ones((1, 1)), training=True)
