"""The data sets that come along."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore.parts import keys
from bpcore.run.datasets import digits, gates, iris, spiral
from bpcore.words.errors import OptionError


def test_one_key_gives_the_same_spiral_on_every_backend(backend: Any) -> None:
    wanted = spiral(40, key=keys.key(7))
    found = spiral(40, key=keys.key(7, backend=backend.backend, device=backend.backend.device))
    with backend.reading():
        np.testing.assert_allclose(backend.host(found.x), wanted.x, rtol=2e-5, atol=2e-6)
        np.testing.assert_array_equal(backend.host(found.y), wanted.y)
    assert str(found.x.dtype).endswith("float32")
    assert found.x.shape == (80, 2)
    assert found.y.shape == (80, 1)


def test_another_key_gives_another_spiral() -> None:
    assert not np.allclose(spiral(10, key=keys.key(0)).x, spiral(10, key=keys.key(1)).x)
    np.testing.assert_array_equal(spiral(10).x, spiral(10, key=keys.key(0)).x)


def test_without_noise_the_second_arm_is_the_negative_of_the_first() -> None:
    x = spiral(50, noise=0, dtype=np.float64).x
    np.testing.assert_allclose(x[:50], -x[50:], atol=1e-15)


def test_without_noise_the_points_lie_on_the_spiral() -> None:
    """The angle u gives the radius, 2 u + pi, in the proportion that scaling leaves."""
    key = keys.key(3)
    u = keys.uniform(keys.split(key, 2)[0], (50,), dtype=np.float64)
    angle = 2 * np.pi * np.sqrt(u)
    arm = (2 * angle + np.pi)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    scale = np.sqrt(np.mean(arm**2, axis=0))  # both arms together have mean 0
    np.testing.assert_allclose(spiral(50, noise=0, key=key, dtype=np.float64).x[:50], arm / scale, atol=1e-14)


def test_spiral_features_are_standardised_and_classes_even() -> None:
    data = spiral(200, dtype=np.float64)
    np.testing.assert_allclose(np.mean(data.x, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.std(data.x, axis=0), 1, atol=1e-12)
    np.testing.assert_array_equal(data.y, np.repeat([[0.0], [1.0]], 200, axis=0))


def test_noise_is_independent_on_every_coordinate() -> None:
    key = keys.key(5)
    bare, noisy = (spiral(2000, noise=noise, key=key, dtype=np.float64).x for noise in (0, 0.3))
    scale = np.std(noisy, axis=0)[0] / np.std(bare, axis=0)[0]
    residue = (noisy - bare * scale).T
    apart = np.corrcoef(np.concatenate([residue[:, :2000], residue[:, 2000:]]))
    assert np.max(np.abs(apart - np.eye(4))) < 0.15


@pytest.mark.parametrize("bad", [{"n": 0}, {"n": 1.5}, {"noise": -0.1}, {"noise": float("nan")}])
def test_spiral_refuses_numbers_out_of_range(bad: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"{next(iter(bad))} must be"):
        spiral(**bad)


def test_gates_are_the_five_truth_tables(backend: Any) -> None:
    data = gates(backend=backend.backend)
    with backend.reading():
        x, y = backend.host(data.x).tolist(), backend.host(data.y).T.tolist()
    assert x == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert dict(zip(data.targets, y, strict=True)) == {
        "OR": [0, 1, 1, 1],
        "AND": [0, 0, 0, 1],
        "XOR": [0, 1, 1, 0],
        "NAND": [1, 1, 1, 0],
        "NOR": [1, 0, 0, 0],
    }


def test_iris_is_the_table_of_the_paper() -> None:
    data = iris()
    assert data.x.shape == (150, 4)
    assert data.classes == ("setosa", "versicolor", "virginica")
    assert data.features == ("sepal length", "sepal width", "petal length", "petal width")
    assert np.bincount(data.y).tolist() == [50, 50, 50]
    np.testing.assert_allclose(data.x.sum(axis=0), [876.5, 458.6, 563.7, 179.9])
    assert data.x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert data.x[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_digits_are_the_test_part_of_the_repository() -> None:
    data = digits()
    assert data.x.shape == (1797, 64)
    assert (data.x.min(), data.x.max(), data.x.sum()) == (0, 16, 561718)
    assert np.bincount(data.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    first = np.asarray(data.x[0].reshape(8, 8), dtype=int)
    assert data.y[0] == 0
    assert first[0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert first[2].tolist() == [0, 3, 15, 2, 0, 11, 8, 0]
