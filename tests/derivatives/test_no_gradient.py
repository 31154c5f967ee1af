"""Where there is no gradient to give: zero, NaN, or an error, and never a number that looks right."""

from __future__ import annotations

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError


def test_whole_numbers_carry_none() -> None:
    xp = bp.namespace("numpy")
    x = np.asarray([1.5, 2.5])
    whole, pullback = bp.vjp(lambda x: xp.astype(x, np.int64), x)
    assert whole.tolist() == [1, 2]
    assert pullback(np.asarray([1, 1]))[0].tolist() == [0.0, 0.0]


def test_an_argument_twice() -> None:
    with pytest.raises(OptionError, match="each position once"):
        bp.grad(lambda x, y: x * y, argnums=(0, 0))(1.0, 2.0)


def test_a_deviation_without_freedom() -> None:
    xp = bp.namespace("numpy")
    with pytest.warns(RuntimeWarning):
        gradient = bp.grad(lambda x: xp.std(x, correction=1))(np.asarray([3.0]))
    assert np.isnan(gradient).all()
