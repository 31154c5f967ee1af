"""Initializers: the variances of their authors, the bounds, and numbers that are given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts import initializers
from bpcore.words.errors import OptionError, ShapeError

VARIANCES = [
    (bp.Glorot, lambda inputs, outputs: 2 / (inputs + outputs)),
    (bp.He, lambda inputs, outputs: 2 / inputs),
    (bp.LeCun, lambda inputs, outputs: 1 / inputs),
]
KINDS = [
    *(kind(distribution) for kind, _ in VARIANCES for distribution in ("normal", "uniform")),
    *(bp.Normal(0.3), bp.Uniform(-2.0, 5.0), bp.Zeros()),
]


@pytest.mark.parametrize(("kind", "variance"), VARIANCES)
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("shape", [(300, 100), (100, 300), (3, 3, 50, 60)])
def test_variance(kind: Any, variance: Any, distribution: str, shape: tuple[int, ...]) -> None:
    x = kind(distribution)(bp.key(0), shape, dtype=np.float64)
    field = math.prod(shape[:-2])
    wanted = variance(shape[-2] * field, shape[-1] * field)
    n = math.prod(shape)
    spread = math.sqrt(2 / n) if distribution == "normal" else math.sqrt(0.8 / n)  # of a sample's variance
    assert x.shape == shape
    assert abs(x.var() / wanted - 1) < 4 * spread
    assert abs(x.mean()) < 4 * math.sqrt(wanted / n)
    bound = math.sqrt(3 * wanted)
    if distribution == "uniform":
        assert 0.999 * bound < np.abs(x).max() <= bound
    else:
        assert np.abs(x).max() > 1.5 * bound


def test_defaults_are_the_papers() -> None:
    assert (bp.Glorot().distribution, bp.He().distribution, bp.LeCun().distribution) == (
        "uniform",
        "normal",
        "normal",
    )


def test_fans_of_a_vector_and_of_a_number() -> None:
    assert initializers._fans((7,)) == (1, 7)
    assert initializers._fans(()) == (1, 1)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_same_numbers_everywhere(backend: Any, kind: Any) -> None:
    key = bp.key(3, backend=backend.backend)
    for dtype in {"float32", backend.float}:
        found = kind(key, (6, 5), dtype=backend.backend.dtype(dtype))
        assert found.device == key.device
        wanted = kind(bp.key(3), (6, 5), dtype=np.dtype(dtype))
        assert backend.host(found).dtype == wanted.dtype
        assert np.max(np.abs(backend.host(found) - wanted)) <= 64 * np.finfo(dtype).eps * max(
            1, np.abs(wanted).max()
        )
    assert backend.host(kind(key, (2, 2))).dtype == np.float32


def test_normal_and_uniform_keep_to_their_parameters() -> None:
    z = bp.Normal(0.25)(bp.key(0), (20_000,), dtype=np.float64)
    assert abs(z.std() / 0.25 - 1) < 0.02
    u = bp.Uniform(-2.0, 5.0)(bp.key(0), (20_000,))
    assert -2.0 <= u.min() < -1.99
    assert 4.99 < u.max() < 5.0
    u = bp.Uniform()(bp.key(0), (1000,))
    assert u.tolist() == bp.uniform(bp.key(0), (1000,)).tolist()


def test_given_numbers(backend: Any) -> None:
    numbers = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    key = bp.key(0, backend=backend.backend)
    for values in (numbers, backend.array(numbers), backend.array(numbers, "float32")):
        found = bp.Given(values)(key, (2, 3), dtype=backend.backend.dtype("float32"))
        assert found.device == key.device
        assert backend.host(found).dtype == np.float32
        assert backend.host(found).tolist() == numbers


def test_given_numbers_of_another_shape() -> None:
    with pytest.raises(ShapeError, match=r"^Given wants values of shape \(2, 3\), was given \(3, 2\)\.$"):
        bp.Given(np.ones((3, 2)))(bp.key(0), (2, 3))


def test_given_numbers_are_not_handed_out() -> None:
    """The parameters may be written to; what the user gave may not."""
    values = np.ones((2, 2), dtype=np.float32)
    made = bp.Given(values)(bp.key(0), (2, 2))
    assert not np.shares_memory(made, values)


@pytest.mark.parametrize("kind", [bp.Glorot, bp.He, bp.LeCun])
def test_a_misspelt_distribution(kind: Any) -> None:
    with pytest.raises(OptionError, match=r'one of normal, uniform, was given .*Did you mean "uniform"\?'):
        kind("unifrom")
