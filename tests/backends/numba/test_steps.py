"""Training steps as native code: carried arrays, loops over steps, ragged batches, threads."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import make_step
from bpcore.words.trees import leaves, tree_map

ACTIVATIONS = (bp.Tanh, bp.Relu, bp.Sigmoid, bp.Gelu, bp.Softmax)
OPTIMIZERS = (
    *(bp.SGD(0.1), bp.Momentum(0.1), bp.Nesterov(0.1), bp.Adagrad(0.1), bp.RMSprop(0.01)),
    *(bp.Adam(0.01), bp.AdamW(0.01)),
)


def _made(layers: list[Any], loss: Any, optimizer: Any, batch: int = 9, dtype: str = "float64") -> Any:
    rng = np.random.default_rng(0)
    net = bp.Chain(*layers)
    x = rng.normal(size=(batch, 6)).astype(dtype)
    params = net.init(bp.key(0), (6,), dtype=np.dtype(dtype))
    width = net(params, x).shape[-1]
    y = rng.integers(0, width, batch) if loss.labels else rng.integers(0, 2, (batch, width)).astype(dtype)
    return make_step(net, loss, optimizer), params, optimizer.init(params), (x, y)


def _native(step: Any) -> Any:
    return bp.compile(step, carry=2, backend="numba")


def _close(found: Any, wanted: Any, ulps: float) -> None:
    """Compare with what one unit in the last place of an array's largest element is."""
    for y, z in zip(leaves(found), leaves(wanted), strict=True):
        assert y.dtype == np.asarray(z).dtype
        if np.asarray(z).dtype.kind == "f":
            assert np.abs(y - z).max() <= ulps * np.spacing(np.abs(z).max())
        else:
            np.testing.assert_array_equal(y, z)


@pytest.fixture(autouse=True)
def _nothing_falls_back() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_every_optimizer() -> None:
    """All of them in one Program, so that LLVM runs once."""
    made = [_made([bp.Linear(5), bp.Tanh(), bp.Linear(3)], bp.CrossEntropy(), each) for each in OPTIMIZERS]
    steps = [step for step, *_ in made]

    def every(params: Any, states: Any, batch: Any) -> Any:
        taken = [step(*given, batch) for step, *given in zip(steps, params, states, strict=True)]
        return [new for new, *_ in taken], [state for _, state, _ in taken], taken[0][2]

    params, states = [made_of[1] for made_of in made], [made_of[2] for made_of in made]
    _close(_native(every)(params, states, made[0][3]), every(params, states, made[0][3]), 8)


@pytest.mark.parametrize("loss", [bp.SquaredError(), bp.BinaryCrossEntropy(), bp.CrossEntropy()])
def test_every_activation_and_loss(loss: Any) -> None:
    layers = [layer for activation in ACTIVATIONS for layer in (bp.Linear(4), activation())]
    step, params, state, batch = _made([*layers, bp.Linear(3)], loss, bp.SGD(0.1))
    _close(_native(step)(params, state, batch), step(params, state, batch), 16)


def _spiral() -> Any:
    layers = [bp.Linear(8), bp.Tanh(), bp.Linear(4), bp.Tanh(), bp.Linear(1)]
    return _made(layers, bp.BinaryCrossEntropy(), bp.Adam(0.01), 40)


def test_one_step_is_within_four_units_of_the_eager_one() -> None:
    step, params, state, batch = _spiral()
    _close(_native(step)(params, state, batch)[:1], step(params, state, batch)[:1], 4)


def test_many_steps_stay_beside_the_eager_ones() -> None:
    step, params, state, batch = _spiral()
    native = _native(step)
    stacked = tuple(np.stack([x] * 100) for x in batch)
    found = native.scan(params, state, stacked)
    for _ in range(100):
        params, state, report = step(params, state, batch)
    for y, z in zip(leaves(found[0]), leaves(params), strict=True):
        np.testing.assert_allclose(y, z, rtol=1e-10, atol=1e-12)
    assert abs(found[2]["loss"][-1] - report["loss"]) <= 1e-12


def test_a_scan_is_as_many_steps_bit_for_bit() -> None:
    step, params, state, (x, y) = _spiral()
    rng = np.random.default_rng(1)
    xs, ys = rng.normal(size=(5, *x.shape)), rng.integers(0, 2, (5, *y.shape)).astype(y.dtype)
    native = _native(step)
    carried, reports = (params, state), []
    for i in range(5):
        *carried, report = native(*carried, (xs[i], ys[i]))
        reports.append(report)
    once = tree_map(np.copy, tuple(carried))
    found = native.scan(params, state, (xs, ys))
    for y, z in zip(leaves(found[:2]), leaves(once), strict=True):
        np.testing.assert_array_equal(y, z)
    assert [float(r["loss"]) for r in reports] == found[2]["loss"].tolist()


def test_the_first_arrays_are_not_written() -> None:
    step, params, state, batch = _spiral()
    before = tree_map(np.copy, (params, state))
    _native(step)(params, state, batch)
    for y, z in zip(leaves((params, state)), leaves(before), strict=True):
        np.testing.assert_array_equal(y, z)


def test_a_leaf_that_was_changed_is_taken_in() -> None:
    step, params, state, batch = _spiral()
    native = _native(step)
    one = native(params, state, batch)
    halved = tree_map(lambda x: x * 0.5, one[0])
    wanted = step(tree_map(np.copy, halved), tree_map(np.copy, one[1]), batch)
    _close(native(halved, one[1], batch)[:1], wanted[:1], 8)


def test_leaves_may_change_places() -> None:
    native = bp.compile(lambda a, b, x: (b + x, a * 1.0), carry=2, backend="numba")
    a, b = native(np.asarray([1.0, 2.0]), np.asarray([3.0, 4.0]), np.asarray([10.0, 10.0]))
    assert (a.tolist(), b.tolist()) == ([13.0, 14.0], [1.0, 2.0])
    a, b = native(b, a, a)  # an argument lies where a carried array lies
    assert (a.tolist(), b.tolist()) == ([26.0, 28.0], [1.0, 2.0])


def test_what_is_carried_may_come_back_unchanged_or_be_returned_twice() -> None:
    native = bp.compile(lambda a, b, x: (b, a, a + x, b), carry=2, backend="numba")
    a, b = np.asarray([1.0, 2.0]), np.asarray([3.0, 4.0])
    for _ in range(3):
        old = (a.tolist(), b.tolist())
        a, b, total, same = native(a, b, np.asarray([1.0, 1.0]))
        assert (a.tolist(), b.tolist(), same.tolist()) == (old[1], old[0], old[1])
        assert total.tolist() == [v + 1 for v in old[0]]


def test_what_is_carried_may_be_read_after_it_is_computed_anew() -> None:
    xp = bp.namespace("numpy")

    def f(a: Any, x: Any) -> Any:
        new = a + x
        return new, a * xp.sum(new), xp.flip(a)

    native = bp.compile(f, carry=1, backend="numba")
    a, late, turned = native(np.asarray([1.0, 2.0, 4.0]), np.ones(3))
    assert (a.tolist(), late.tolist(), turned.tolist()) == (
        [2.0, 3.0, 5.0],
        [10.0, 20.0, 40.0],
        [4.0, 2.0, 1.0],
    )
    swapped = bp.compile(lambda a: (xp.flip(a) + a,), carry=1, backend="numba")
    assert swapped(np.asarray([1.0, 2.0, 4.0]))[0].tolist() == [5.0, 4.0, 5.0]


def test_results_that_are_not_carried_are_fresh() -> None:
    native = bp.compile(lambda s, x: (s + x, s * x), carry=1, backend="numba")
    s, first = native(np.ones(3), np.ones(3))
    kept = first.copy()
    s, second = native(s, np.full(3, 7.0))
    assert first.tolist() == kept.tolist()
    assert not np.may_share_memory(first, second)


def test_two_signatures_share_what_is_carried() -> None:
    step, params, state, (x, y) = _spiral()
    native = _native(step)
    carried = native(params, state, (x, y))[:2]
    short = native(*carried, (x[:7], y[:7]))
    assert all(a is b for a, b in zip(leaves(carried), leaves(short[:2]), strict=True))
    assert native.compilations == 2


def test_two_compiled_functions_at_once() -> None:
    step, params, state, batch = _spiral()
    first, second = _native(step), _native(step)
    a = first(params, state, batch)
    b = second(*tree_map(lambda x: x * 0.5, (params, state)), batch)
    one = tree_map(np.copy, a[:2])
    second(*b[:2], batch)
    for y, z in zip(leaves(a[:2]), leaves(one), strict=True):
        np.testing.assert_array_equal(y, z)


def test_arrays_that_lie_in_another_order() -> None:
    x = np.arange(12.0).reshape(3, 4)
    native = bp.compile(lambda x, y: (x + 1.0, y * 2.0), backend="numba")
    native(x, x[0])
    y, z = native(np.asfortranarray(x), np.flip(x[0]))
    np.testing.assert_array_equal(y, x + 1.0)
    np.testing.assert_array_equal(z, np.flip(x[0]) * 2.0)


def test_memory_that_is_not_aligned() -> None:
    x = np.frombuffer(b"." + np.arange(5.0).tobytes(), np.uint8)[1:].view(np.float64)
    assert not x.flags.aligned
    assert bp.compile(lambda x: x + 1.0, backend="numba")(x).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_random_draws_are_the_same_bits() -> None:
    def f(key: Any) -> Any:
        return bp.uniform(key, (50,), dtype=np.float64), bp.uniform(key, (50,)), *bp.split(key, 3)

    key = bp.key(5)
    for y, z in zip(bp.compile(f, backend="numba")(key), f(key), strict=True):
        np.testing.assert_array_equal(y, z)


@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    monkeypatch.setenv("BPCORE_THREADS", threads)
    rng = np.random.default_rng(0)
    x, row = rng.normal(size=(301, 500)), rng.normal(size=500)
    xp = bp.namespace("numpy")
    native = bp.compile(lambda s, x, row: (s * 0.5 + x, xp.tanh(x + row)), carry=1, backend="numba")
    s = x
    for _ in range(20):
        s, y = native(s, x, row)
    expected = x
    for _ in range(20):
        expected = expected * 0.5 + x
    np.testing.assert_array_equal(s, expected)
    np.testing.assert_allclose(y, np.tanh(x + row), rtol=1e-15)
