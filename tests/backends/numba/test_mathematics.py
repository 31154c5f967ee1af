"""bpcore's own exp, expm1, log, log1p and tanh, against mpmath and NumPy over the whole range."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import bpcore as bp

XP = bp.namespace("numpy")
NAMES = ("exp", "expm1", "log", "log1p", "tanh")


@pytest.fixture(scope="module")
def native() -> Any:
    return bp.compile(lambda x: tuple(getattr(XP, name)(x) for name in NAMES), backend="numba")


def _samples(dtype: str) -> Any:
    rng = np.random.default_rng(0)
    spread = [rng.normal(size=400) * scale for scale in (1e-6, 0.02, 0.4, 1.0, 5.0, 40.0, 400.0)]
    powers = np.exp(rng.uniform(-80, 80, 400))
    near = np.concatenate([1.0 + rng.normal(size=200) * 1e-3, -1.0 + np.exp(rng.uniform(-12, 0, 200))])
    return np.concatenate([*spread, powers, near]).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_within_three_units_of_the_last_place(native: Any, dtype: str) -> None:
    x = _samples(dtype)
    tiny = np.finfo(dtype).tiny
    for name, y in zip(NAMES, native(x), strict=True):
        with np.errstate(all="ignore"):
            usual = getattr(np, name)(x)
        finite = np.isfinite(usual) & (np.abs(usual) > tiny)
        with mpmath.workprec(120):
            exact = [getattr(mpmath, name)(mpmath.mpf(float(v))) for v in x[finite]]
            gaps = [abs(mpmath.mpf(float(v)) - w) for v, w in zip(y[finite], exact, strict=True)]
            errors = [
                float(g) / float(np.spacing(np.abs(v))) for g, v in zip(gaps, usual[finite], strict=True)
            ]
        assert max(errors) <= 2.5, (name, x[finite][int(np.argmax(errors))])
        np.testing.assert_array_equal(np.isnan(y), np.isnan(usual))
        np.testing.assert_array_equal(np.isposinf(y), np.isposinf(usual))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_at_the_ends(native: Any, dtype: str) -> None:
    """Infinities, zeros with their signs, subnormal numbers, the last before overflow, and no numbers."""
    info = np.finfo(dtype)
    last = np.log(info.max.astype(np.float64))
    usual = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, -2.0, info.max, -info.max]
    tiny = [sign * info.tiny / part for sign in (1, -1) for part in (1, 8)]
    x = np.asarray(
        [*usual, *tiny, info.smallest_subnormal, *(last * np.asarray([0.9999, 1.01, -1.01, -1.2]))]
    )
    x = x.astype(dtype)
    for name, y in zip(NAMES, native(x), strict=True):
        with np.errstate(all="ignore"):
            z = getattr(np, name)(x)
        np.testing.assert_array_equal(np.signbit(y), np.signbit(np.where(np.isnan(z), y, z)), err_msg=name)
        np.testing.assert_allclose(y, z, rtol=4 * info.eps, atol=2 * info.smallest_subnormal, err_msg=name)
