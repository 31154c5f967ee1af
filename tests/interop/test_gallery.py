"""Code that nobody wrote for bpcore has right gradients, or says that it has none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
import sklearn

import bpcore as bp
from bpcore.words.trees import leaves
from tests.interop.entries import ENTRIES
from tests.interop.entry import AXES, Entry
from tests.interop.gallery import PAGE, page, versions

pytestmark = pytest.mark.filterwarnings("ignore")  # SciPy and scikit-learn warn of small samples and the like

TOLERANCE = 1e-6
entries = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


def weighted(call: Callable[..., Any], xp: Any, take_in: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return `call` with its floating outputs added up to one number, each with a weight of its own."""

    def total(*arrays: Any) -> Any:
        parts = [
            y for y in leaves(call(*arrays)) if hasattr(y, "dtype") and xp.isdtype(y.dtype, "real floating")
        ]
        weights = [np.cos(1.0 + np.arange(y.size)).reshape(tuple(y.shape)) for y in parts]
        assert parts
        return sum(xp.sum(xp.multiply(y, take_in(w))) for y, w in zip(parts, weights, strict=True))

    return total


@cache
def differences(entry: Entry) -> list[Any]:
    """Return the slopes by fourth-order central differences, of the library on NumPy's arrays."""
    f = weighted(entry.call, np, np.asarray)
    inputs = [np.asarray(x) for x in entry.inputs]
    return [_slopes(f, inputs, which) for which in range(len(inputs))]


def _slopes(f: Callable[..., Any], inputs: list[Any], which: int) -> Any:
    slopes = np.zeros_like(inputs[which])
    for place in np.ndindex(slopes.shape):
        step = 7e-4 * max(1.0, abs(inputs[which][place]))

        def at(moved: float, place: tuple[int, ...] = place) -> float:
            copies = [x.copy() for x in inputs]
            copies[which][place] += moved
            return float(f(*copies))

        slopes[place] = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
    return slopes


def gradients(entry: Entry, backend: Any) -> tuple[Any, ...]:
    inputs = [backend.array(x) for x in entry.inputs]
    f = weighted(entry.call, backend.xp, backend.array)
    with sklearn.config_context(array_api_dispatch=True):
        found: tuple[Any, ...] = bp.grad(f, argnums=tuple(range(len(inputs))))(*inputs)
    assert all(g.dtype == x.dtype and g.device == x.device for g, x in zip(found, inputs, strict=True))
    return tuple(backend.host(g) for g in found)


@pytest.mark.axes(*AXES)
@entries
def test_gradient_is_the_slope_or_refused(backend: Any, entry: Entry) -> None:
    if entry.refused(backend.name):
        with pytest.raises(entry.refusal.error):
            gradients(entry, backend)
        return
    found, slopes = gradients(entry, backend), differences(entry)
    assert max(np.max(np.abs(slope)) for slope in slopes) > 0
    if entry.masked:
        assert any(np.isnan(g).any() for g in found)
        return
    for g, slope in zip(found, slopes, strict=True):
        scale = max(1.0, float(np.max(np.abs(slope))))
        assert np.max(np.abs(g - slope)) < TOLERANCE * scale


def test_page_says_what_was_found() -> None:
    again = "the entries have changed: python -m tests.interop.gallery"
    assert page(ENTRIES, versions()) == PAGE.read_text("utf-8"), again


def test_names_are_those_of_public_functions() -> None:
    for entry in ENTRIES:
        found = pytest.importorskip(entry.library)
        for part in entry.name.partition(" ")[0].split(".")[1:]:
            assert not part.startswith("_")
            found = getattr(found, part)
        assert callable(found)


TWICE = (
    "scipy.special.logsumexp axis", "scipy.special.kl_div", "scipy.stats.zscore", "scipy.stats.gmean",
    "scipy.integrate.cumulative_simpson", "scipy.signal.fftconvolve", "sklearn.preprocessing.normalize",
    "sklearn.metrics.pairwise.rbf_kernel", "scipy.spatial.transform.Rotation.apply", "array_api_extra.cov",
    "array_api_extra.apply_where",
)  # fmt: skip
"""Some of each kind: what the first derivative is made of are the same rules."""


@pytest.mark.axes(*AXES)
@pytest.mark.parametrize("entry", [x for x in ENTRIES if x.name in TWICE], ids=lambda entry: entry.name)
def test_second_derivative_is_the_slope_of_the_first(backend: Any, entry: Entry) -> None:
    inputs = tuple(backend.array(x) for x in entry.inputs)
    ways = tuple(
        backend.array(np.sin(2.0 + np.arange(np.size(x))).reshape(np.shape(x))) for x in entry.inputs
    )
    f, step = weighted(entry.call, backend.xp, backend.array), 1e-5
    slope = bp.grad(lambda xs: f(*xs))
    with sklearn.config_context(array_api_dispatch=True):
        _, found = bp.jvp(slope, (inputs,), (ways,))
        there = [tuple(x + way * k for x, way in zip(inputs, ways, strict=True)) for k in (step, -step)]
        ahead, behind = map(slope, there)
    for h, a, b in zip(found, ahead, behind, strict=True):
        np.testing.assert_allclose(
            backend.host(h), (backend.host(a) - backend.host(b)) / (2 * step), rtol=1e-5, atol=1e-5
        )
