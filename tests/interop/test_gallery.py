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
