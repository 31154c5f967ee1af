"""What is held out, and how good the outputs for it are, beside scikit-learn's own scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.metrics import accuracy_score, r2_score

from bpcore.doors.estimators.holding import right_share, split_off, variance_explained
from bpcore.parts.keys import key
from bpcore.words.errors import DataError

if TYPE_CHECKING:
    from tests.conftest import Axis

DRAW = np.random.default_rng(0)
WEIGHTS = DRAW.uniform(0, 2, 50)


def test_variance_explained(backend: Axis) -> None:
    y = DRAW.normal(size=(50, 3)) + 4
    predicted = y + 0.3 * DRAW.normal(size=(50, 3))
    found = variance_explained(*(backend.array(part) for part in (predicted, y, WEIGHTS)))
    assert found.shape == ()
    assert float(backend.host(found)) == pytest.approx(
        r2_score(y, predicted, sample_weight=WEIGHTS), rel=1e-4
    )


def test_variance_of_what_does_not_vary(backend: Axis) -> None:
    found = variance_explained(
        backend.array([[1.0], [2.0]]), backend.array([[3.0]] * 2), backend.array([1.0] * 2)
    )
    assert float(backend.host(found)) == 0.0


@pytest.mark.parametrize("shape", [(50,), (50, 2)])
def test_right_share(backend: Axis, shape: tuple[int, ...]) -> None:
    codes, predicted = (DRAW.integers(0, 2, shape) for _ in range(2))
    found = right_share(
        backend.array(predicted, "int32"), backend.array(codes, "int32"), backend.array(WEIGHTS)
    )
    wanted = accuracy_score(codes, predicted, sample_weight=WEIGHTS)
    assert float(backend.host(found)) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("stratified", [False, True])
def test_parts_hold_every_sample_once(backend: Axis, stratified: bool) -> None:  # noqa: FBT001
    numbers = backend.array(np.arange(37), "int32")
    codes = backend.array(np.arange(37) % 3, "int32") if stratified else None
    ours = key(0, backend=backend.backend)
    seen, held = (backend.host(part[0]) for part in split_off([numbers], 0.25, ours, codes))
    assert len(held) == 10
    assert sorted([*seen, *held]) == list(range(37))
    if stratified:
        assert set(np.bincount(held % 3)) <= {3, 4}


def test_too_few_to_hold_out() -> None:
    with pytest.raises(DataError, match="hold out 2 or more"):
        split_off([np.arange(3)], 0.3, key(0), None)
