"""Random keys: published vectors, one draw on every library, and numbers that are as random as they say."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.parts import keys
from bpcore.run.copies import all_finite
from bpcore.words.errors import OptionError

MASK = 0xFFFFFFFF

# Random123, kat_vectors, threefry2x32 with 20 rounds: key, counter, result
PUBLISHED = [
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def signed(word: int) -> int:
    return word - (1 << 32) if word >> 31 else word


def unsigned(words: Any) -> list[int]:
    return [int(word) & MASK for word in np.asarray(words)]


def reference(key: tuple[int, int], counter: tuple[int, int]) -> tuple[int, int]:
    """Return Threefry-2x32-20 in Python's own whole numbers."""
    words = [*key, 0x1BD11BDA ^ key[0] ^ key[1]]
    x0, x1 = (counter[0] + words[0]) & MASK, (counter[1] + words[1]) & MASK
    rotations = [13, 15, 26, 6, 17, 29, 16, 24]
    for number in range(20):
        by = rotations[number % 8]
        x0 = (x0 + x1) & MASK
        x1 = ((x1 << by | x1 >> (32 - by)) & MASK) ^ x0
        if number % 4 == 3:
            s = number // 4 + 1
            x0 = (x0 + words[s % 3]) & MASK
            x1 = (x1 + words[(s + 1) % 3] + s) & MASK
    return x0, x1


def key_of(backend: Any, seed: int) -> Any:
    return bp.key(seed, backend=backend.backend)


@pytest.mark.parametrize(("key", "counter", "wanted"), PUBLISHED)
def test_published_vectors(backend: Any, key: Any, counter: Any, wanted: Any) -> None:
    assert reference(key, counter) == wanted
    words = [backend.array([signed(word) for word in key], "int32")]
    words += [backend.array([signed(word)], "int32") for word in counter]
    found = backend.run(keys.threefry, *words)
    assert [unsigned(backend.host(x))[0] for x in found] == list(wanted)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 + 7, 2**64 - 1])
def test_bits_are_threefry_of_the_counter(backend: Any, seed: int) -> None:
    found = backend.run(lambda key: keys.bits(key, (5,)), key_of(backend, seed))
    words = (seed >> 32, seed & MASK)
    assert unsigned(backend.host(found)) == [reference(words, (i, 0))[0] for i in range(5)]


def test_uniform_is_the_same_everywhere(backend: Any) -> None:
    found = backend.run(lambda key: bp.uniform(key, (3, 7)), key_of(backend, 3))
    words = [reference((0, 3), (i, 0))[0] for i in range(21)]
    assert backend.host(found).dtype == np.float32
    assert backend.host(found).ravel().tolist() == [(word >> 8) / 2**24 for word in words]


@pytest.mark.needs_float64
def test_a_float32_draw_is_a_float64_draw_cut_off(backend: Any) -> None:
    wide = backend.backend.dtype("float64")
    key = key_of(backend, 11)
    found = backend.host(backend.run(lambda key: bp.uniform(key, (50,), dtype=wide), key))
    assert found.dtype == np.float64
    words = [reference((0, 11), (i, 0)) for i in range(50)]
    assert found.tolist() == [((a >> 5) * 2**26 + (b >> 6)) / 2**53 for a, b in words]
    narrow = backend.host(bp.uniform(key, (50,)))
    assert narrow.tolist() == (np.floor(found * 2**24) / 2**24).tolist()


def test_normal_is_the_same_everywhere_but_for_the_last_bits(backend: Any) -> None:
    for dtype in {"float32", backend.float}:
        kind = backend.backend.dtype(dtype)
        key = key_of(backend, 5)
        found = backend.host(backend.run(lambda key, kind=kind: bp.normal(key, (500,), dtype=kind), key))
        assert str(found.dtype) == dtype
        words = [reference((0, 5), (i, 0)) for i in range(500)]
        u, v = (np.asarray([(word[i] + 0.5) / 2**32 for word in words]) for i in (0, 1))
        wanted = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
        # a radius of up to 6.7 times the rounding of an angle of up to 2 pi
        assert np.max(np.abs(found - wanted)) < 32 * np.finfo(dtype).eps


def test_permutation_is_the_same_everywhere(backend: Any) -> None:
    for n in (1, 2, 37):
        found = backend.run(lambda key, n=n: bp.permutation(key, n), key_of(backend, 8))
        words = [signed(reference((0, 8), (i, 0))[0]) for i in range(n)]
        assert backend.host(found).tolist() == sorted(range(n), key=lambda i: words[i])


def test_keys_of_keys(backend: Any) -> None:
    key = key_of(backend, 2)
    parts = backend.run(lambda key: bp.split(key, 3), key)
    assert [tuple(unsigned(backend.host(part))) for part in parts] == [
        reference((0, 2), (i, 1)) for i in range(3)
    ]
    folded = backend.run(lambda key: bp.fold_in(key, 9), key)
    assert tuple(unsigned(backend.host(folded))) == reference((0, 2), (9, 2))
    for child in (*parts, folded):
        assert child.dtype == key.dtype
        assert tuple(child.shape) == (2,)


def test_draws_stay_where_the_key_is(backend: Any) -> None:
    key = key_of(backend, 0)
    draws = (
        bp.uniform(key, (2,)),
        bp.normal(key, (2,)),
        bp.permutation(key, 2),
        *bp.split(key),
        bp.fold_in(key, 1),
    )
    assert all(draw.device == key.device for draw in draws)


def test_nothing_is_carried_along(backend: Any) -> None:
    key = key_of(backend, 0)
    first, second = (backend.host(bp.uniform(key, (4,))).tolist() for _ in range(2))
    assert first == second
    assert backend.host(key).tolist() == [0, 0]


def test_children_share_no_words() -> None:
    key = bp.key(6)
    relatives = [key, *bp.split(key, 4), *(bp.fold_in(key, i) for i in range(4)), *bp.split(bp.split(key)[0])]
    # bp.split(key)[0] is bp.split(key, 4)[0]: the first keys do not depend on how many there are
    assert len({tuple(relative.tolist()) for relative in relatives}) == len(relatives)
    drawn = [set(keys.bits(relative, (1000,)).tolist()) for relative in relatives]
    assert all(not one & other for one, other in itertools.combinations(drawn, 2))


def test_siblings_do_not_correlate() -> None:
    n = 4000
    drawn = [bp.normal(key, (n,), dtype=np.float64) for key in bp.split(bp.key(1), 6)]
    for one, other in itertools.combinations(drawn, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / math.sqrt(n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_uniform_numbers_are_even(dtype: Any) -> None:
    n = 40_000
    u = bp.uniform(bp.key(12), (n,), dtype=dtype).astype(np.float64)
    assert u.min() >= 0.0
    assert u.max() < 1.0
    ranked = np.sort(u)
    assert np.max(np.abs(ranked - (np.arange(n) + 0.5) / n)) < 1.95 / math.sqrt(n)  # Kolmogorov and Smirnov
    assert abs(np.corrcoef(u[1:], u[:-1])[0, 1]) < 4 / math.sqrt(n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_numbers_are_normal(dtype: Any) -> None:
    n = 40_000
    z = bp.normal(bp.key(13), (n,), dtype=dtype).astype(np.float64)
    distribution = np.asarray([(1 + math.erf(x / math.sqrt(2))) / 2 for x in np.sort(z)])
    assert np.max(np.abs(distribution - (np.arange(n) + 0.5) / n)) < 1.95 / math.sqrt(n)
    assert abs(z.mean()) < 4 / math.sqrt(n)
    assert abs(z.var() - 1) < 4 * math.sqrt(2 / n)
    assert abs((z**4).mean() - 3) < 4 * math.sqrt(96 / n)
    assert 3.5 < np.abs(z).max() < 6


def test_every_order_comes_as_often() -> None:
    counts: dict[tuple[int, ...], int] = {}
    for key in bp.split(bp.key(4), 1200):
        order = tuple(bp.permutation(key, 3).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert sorted(counts) == list(itertools.permutations(range(3)))
    assert sum((count - 200) ** 2 / 200 for count in counts.values()) < 20.5  # chi squared, 5 degrees, 0.1 %


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, True, "0", None])
def test_seeds_out_of_range_are_refused(seed: Any) -> None:
    with pytest.raises(OptionError, match=r"seed must be a whole number from 0 to 2\*\*64 - 1, was given"):
        bp.key(seed)


@pytest.mark.parametrize("number", [-1, 2**31, 0.5, True])
def test_numbers_out_of_range_are_refused(number: Any) -> None:
    with pytest.raises(OptionError, match=r"number of fold_in must be a whole number from 0 to 2\*\*31 - 1"):
        bp.fold_in(bp.key(0), number)


def test_nearby_seeds_differ() -> None:
    seeds = [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1]
    drawn = {tuple(bp.uniform(bp.key(seed), (2,)).tolist()) for seed in seeds}
    assert len(drawn) == len(seeds)


NARROW = {"float16": 11, "bfloat16": 8}
"""How many digits they have."""


def narrow_of(backend: Any, name: str) -> Any:
    """Return a dtype of 16 bits, where the library has it."""
    if backend.backend.library not in ("torch", "jax") and name == "bfloat16":
        pytest.skip("no such numbers")
    if backend.backend.library == "strict":
        pytest.skip("no numbers of 16 bits")
    return backend.backend.dtype(name)


@pytest.mark.parametrize("name", NARROW)
def test_uniform_numbers_of_16_bits_are_the_others_cut_off(backend: Any, name: str) -> None:
    place, dtype, steps = backend.backend, narrow_of(backend, name), 2.0 ** NARROW[name]
    key = bp.key(0, backend=place)
    found = bp.uniform(key, (5000,), dtype=dtype)
    assert found.dtype == dtype
    wide = bp.array_namespace(found).astype(found, place.dtype("float32"))
    exact = backend.host(bp.uniform(key, (5000,)))
    assert (backend.host(wide) * steps == np.floor(exact * steps)).all()


@pytest.mark.parametrize("name", NARROW)
def test_normal_numbers_of_16_bits_are_the_others_rounded(backend: Any, name: str) -> None:
    place, dtype = backend.backend, narrow_of(backend, name)
    key = bp.key(0, backend=place)
    found = bp.normal(key, (1000,), dtype=dtype)
    assert found.dtype == dtype
    wide = backend.host(bp.array_namespace(found).astype(found, place.dtype("float32")))
    np.testing.assert_allclose(
        wide, backend.host(bp.normal(key, (1000,))), rtol=2.0 ** -NARROW[name], atol=1e-6
    )


def test_a_network_begins_in_16_bits(backend: Any) -> None:
    dtype = narrow_of(backend, "float16")
    params = bp.MLP([4, 8, 1]).init(bp.key(0, backend=backend.backend), (4,), dtype=dtype)
    assert all_finite(params)
