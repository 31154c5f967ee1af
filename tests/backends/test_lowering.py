"""How NumPy runs a Program: at home, in planned memory, and without a trace in what it was given."""

from __future__ import annotations

import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from benchmarks.peers.ours import training_step
from benchmarks.peers.workloads import WORKLOADS, data_of
from bpcore.machine.step import make_step
from bpcore.program.compiled import compile as compile_
from bpcore.words.trees import leaves, tree_map

XP = bp.namespace("numpy")


def problem(net: Any, loss: Any, optimizer: Any, samples: int = 8, dtype: Any = np.float64) -> Any:
    """Return a step, and what it takes."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(samples, 6)).astype(dtype)
    params = net.init(bp.key(0), (6,), dtype=np.dtype(dtype))
    outputs = net(params, x).shape
    y = draw.integers(0, outputs[-1], samples) if loss.labels else draw.uniform(size=outputs).astype(dtype)
    return make_step(net, loss, optimizer), params, optimizer.init(params), (x, y)


NETS = {
    "classes": (bp.MLP([6, 7, 5, 3]), bp.CrossEntropy(), bp.Adam(0.01)),
    "squares": (bp.MLP([6, 7, 2], activation="sigmoid"), bp.SquaredError(), bp.SGD(0.1)),
    "binary": (bp.MLP([6, 7, 1], activation="tanh"), bp.BinaryCrossEntropy(), bp.Momentum(0.1)),
    "gelu": (bp.MLP([6, 7, 3], activation="gelu"), bp.CrossEntropy(), bp.AdamW(0.01)),
}
OPTIMIZERS = (
    bp.SGD(0.1), bp.Momentum(0.1), bp.Nesterov(0.1), bp.Adagrad(0.1), bp.RMSprop(0.01), bp.Adam(0.01),
    bp.AdamW(0.01),
)  # fmt: skip


def near(got: Any, wanted: Any, digits: float = 1e-13) -> None:
    for a, b in zip(leaves(got), leaves(wanted), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=digits, atol=digits)


@pytest.mark.parametrize("name", NETS)
def test_ten_steps_are_ten_eager_ones(name: str) -> None:
    step, *eager, batch = problem(*NETS[name])
    compiled, carried = compile_(step, carry=2), list(eager)
    for _ in range(10):
        *eager, wanted = step(*eager, batch)
        *carried, report = compiled(*carried, batch)
        near(report, wanted)
    near(carried, eager)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: type(optimizer).__name__)
def test_every_optimizer(optimizer: Any) -> None:
    step, *eager, batch = problem(bp.MLP([6, 7, 2]), bp.SquaredError(), optimizer)
    compiled, carried = compile_(step, carry=2), list(eager)
    for _ in range(4):
        *eager, _ = step(*eager, batch)
        *carried, _ = compiled(*carried, batch)
    near(carried, eager)


def test_the_first_arrays_stay_as_they_are() -> None:
    step, *given_, batch = problem(*NETS["classes"])
    before = tree_map(np.array, given_)
    for array in leaves([given_, batch]):
        array.flags.writeable = False
    compiled = compile_(step, carry=2)
    params, state, _ = compiled(*given_, batch)
    compiled(params, state, batch)
    near(given_, before, 0.0)


@pytest.mark.parametrize("name", NETS)
def test_a_step_writes_over_the_last_one_and_returns_the_same_arrays(name: str) -> None:
    step, params, state, batch = problem(*NETS[name])
    compiled = compile_(step, carry=2)
    params, state, _ = compiled(params, state, batch)
    again, state_again, _ = compiled(params, state, batch)
    assert all(a is b for a, b in zip(leaves((params, state)), leaves((again, state_again)), strict=True))


def test_a_step_allocates_nothing_that_grows_with_the_data() -> None:
    step, params, state, _ = problem(*NETS["classes"])
    draw = np.random.default_rng(1)
    peaks = []
    for samples in (20000, 60000):
        batch = draw.normal(size=(samples, 6)), draw.integers(0, 3, samples)
        compiled = compile_(step, carry=2)
        carried = [params, state]
        for _ in range(2):
            *carried, report = compiled(*carried, batch)
        tracemalloc.start()
        *carried, report = compiled(*carried, batch)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert np.isfinite(report["loss"])
    assert abs(peaks[1] - peaks[0]) < 2000, peaks


def test_two_compiled_functions_and_two_threads_do_not_meet() -> None:
    step, params, state, batch = problem(*NETS["classes"])
    wanted = [params, state]
    for _ in range(20):
        *wanted, _ = step(*wanted, batch)
    shared = compile_(step, carry=2)
    found: dict[int, Any] = {}

    def train(number: int, compiled: Any) -> None:
        carried = [params, state]
        for _ in range(20):
            *carried, _ = compiled(*carried, batch)
        found[number] = tree_map(np.array, carried)

    train(0, shared)
    one, other = (threading.Thread(target=train, args=(n, compile_(step, carry=2))) for n in (1, 2))
    for thread in (one, other):
        thread.start()
    for thread in (one, other):
        thread.join()
    for carried in found.values():
        near(carried, wanted)


def test_results_are_their_own_memory() -> None:
    def f(x: Any, y: Any) -> Any:
        total = x + y
        return total, total[1:], total.T, XP.exp(total), total

    compiled = compile_(f)
    x = np.arange(4.0).reshape(2, 2)
    first = compiled(x, x)
    kept = [np.array(part) for part in first]
    second = compiled(x + 1.0, x)
    for a, b in zip(first, kept, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.flags.writeable
    arrays = [*first, *second]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


@pytest.mark.parametrize("count", ["1", "2"])
def test_large_updates_go_in_blocks_and_keep_the_bits(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    monkeypatch.setenv("BPCORE_THREADS", count)
    monkeypatch.setattr("bpcore_numpy.lowering.blocks.BLOCK", 1000)
    monkeypatch.setattr("bpcore_numpy.lowering.blocks.SHARED", 2000)
    for optimizer in OPTIMIZERS:
        step, *start, batch = problem(bp.MLP([6, 61, 52, 3]), bp.CrossEntropy(), optimizer, dtype=np.float32)
        found = []
        for large in (2000, 10**9):
            monkeypatch.setattr("bpcore_numpy.lowering.preparing.LARGE", large)
            compiled, carried = compile_(step, carry=2), start
            assert ("in rows:" in compiled.source(*carried, batch)) == (large == 2000)
            for _ in range(3):
                *carried, _ = compiled(*carried, batch)
            found.append([np.array(x) for x in leaves(carried)])
        for a, b in zip(*found, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_source_is_read_by_a_person() -> None:
    step, params, state, batch = problem(*NETS["squares"])
    compiled = compile_(step, carry=2)
    text = compiled.source(params, state, batch)
    assert text.startswith("def program(")
    assert ".dot(" in text
    assert text.rstrip().splitlines()[-1].strip().startswith("return")


UNARY = (XP.tanh, XP.exp, XP.square, XP.negative, lambda x: x * 0.5, lambda x: 1.0 - x, XP.abs)
BINARY = (XP.add, XP.subtract, XP.multiply, XP.maximum, lambda a, b: XP.where(a > b, a, b))


@st.composite
def carriers(draw: Any) -> Any:
    """Return a function that carries three arrays, some of which are made of each other, and a report."""
    steps = draw(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 20), st.integers(0, 20)), max_size=12))
    ends = draw(st.lists(st.integers(0, 20), min_size=5, max_size=5))

    def f(carried: Any, x: Any) -> Any:
        values = [*carried, x]
        for which, i, j in steps:
            a, b = values[i % len(values)], values[j % len(values)]
            new = UNARY[which](a) if which < len(UNARY) else BINARY[which - len(UNARY)](a, b)
            values.append(XP.clip(new, -3.0, 3.0) if which == 1 else new)
            if which == 6:
                values.append(values[-1][::-1])
                values.append(XP.concat([a[:2], b[2:]]))
        chosen = [values[i % len(values)] for i in ends]
        return tuple(chosen[:3]), (chosen[3], XP.sum(chosen[4]))

    return f


@settings(max_examples=150, deadline=None)
@given(carriers())
def test_whatever_is_carried_it_is_as_if_it_were_not(f: Any) -> None:
    compiled = compile_(f, carry=1)
    eager: Any = tuple(np.sin(np.arange(4.0) + k) for k in range(3))
    carried = eager
    for number in range(3):
        x = np.cos(np.arange(4.0) * (number + 1))
        eager, wanted = f(eager, x)
        carried, reported = compiled(carried, x)
        near(reported, wanted, 1e-12)
        near(carried, eager, 1e-12)


REDUCTIONS = {
    "sum": (XP.sum, np.sum),
    "mean": (XP.mean, np.mean),
    "max": (XP.max, np.max),
    "min": (XP.min, np.min),
}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_reductions_of_every_axis(data: Any) -> None:
    ours, theirs = REDUCTIONS[data.draw(st.sampled_from(sorted(REDUCTIONS)))]
    shape = tuple(data.draw(st.lists(st.sampled_from((1, 2, 3, 33, 40)), max_size=3)))
    axes = st.sets(st.integers(0, len(shape) - 1)) if shape else st.just(())
    axis = data.draw(st.one_of(st.none(), axes.map(tuple)))
    keepdims, dtype = data.draw(st.booleans()), data.draw(st.sampled_from((np.float32, np.float64, np.int64)))
    if ours is XP.mean and dtype is np.int64:
        dtype = np.float64
    x = (np.sin(np.arange(1.0, 1.0 + np.prod(shape))) * 100).reshape(shape).astype(dtype)

    def f(x: Any) -> Any:
        negative = XP.negative(x)
        found = ours(negative, axis=axis, keepdims=keepdims)
        return found, found * 2, XP.sum(found)

    found = bp.compile(f)(x)
    first = theirs(-x, axis=axis, keepdims=keepdims)
    for got, wanted in zip(found, (first, first * 2, np.sum(first)), strict=True):
        assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(got, wanted, rtol=100 * np.finfo(np.float32).eps, atol=1e-3)
        if got.dtype == np.float64:
            np.testing.assert_allclose(got, wanted, rtol=1e-13, atol=1e-10)


def test_short_sums_in_single_precision_are_products() -> None:
    def f(x: Any) -> Any:
        negative = XP.negative(x)
        return XP.sum(negative, axis=0), XP.sum(negative, axis=1), XP.max(x * 2.0, axis=1) - 1.0

    single, double = np.ones((64, 10), np.float32), np.ones((64, 10))
    text = bp.compile(f).source(single)
    assert text.count("ones_64_float32") == text.count("ones_10_float32") == 1
    for x in (single, double):
        assert ", 0, None," in bp.compile(f).source(x)  # the extremes, along columns
    assert "ones" not in bp.compile(f).source(double)
    assert "ones" not in bp.compile(lambda x: XP.sum(x * 2.0)).source(np.ones(20000, np.float32))
    assert "ones" not in bp.compile(lambda x: XP.sum(x, axis=0)).source(single.T)


@pytest.mark.parametrize("name", ["W1", "W2"])
def test_in_double_precision_a_step_keeps_its_bits(name: str) -> None:
    workload = WORKLOADS[name]
    data = data_of(workload)
    step, optimizer = training_step(workload)
    params = [{"weight": weight, "bias": bias} for weight, bias in data.weights]
    layers = [part for layer in params for part in (layer, {})]
    eager: Any = [layers if workload.last != "identity" else layers[:-1]]
    eager.append(optimizer.init(eager[0]))
    compiled, carried = compile_(step, carry=2), list(eager)
    for x, y in zip(*(np.concatenate([part] * 5)[:500] for part in data[:2]), strict=True):
        *eager, wanted = step(*eager, (x, y))
        *carried, loss = compiled(*carried, (x, y))
        assert loss == wanted
    for got, expected in zip(leaves(carried), leaves(eager), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_sums_as_products_carry_on_what_is_not_finite(bad: float) -> None:
    x = np.ones((40, 5), np.float32)
    x[3, 2] = bad
    rows = bp.compile(lambda x: (XP.sum(x * 1.5, axis=0), XP.max(x * 1.5, axis=1)))(x)
    for got, wanted in zip(rows, ((x * 1.5).sum(0), (x * 1.5).max(1)), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_what_is_done_to_a_returned_tree_is_seen() -> None:
    step, params, state, batch = problem(*NETS["squares"])
    compiled = compile_(step, carry=2)
    params, state, _ = compiled(params, state, batch)
    params, state, _ = compiled(params, state, batch)
    eager = tree_map(np.array, [params, state])
    params[0]["weight"] = np.ones_like(params[0]["weight"])  # another array in the tree that came back
    eager[0][0]["weight"] = np.ones_like(params[0]["weight"])
    got, wanted = compiled(params, state, batch), step(*eager, batch)
    near(got, wanted)
    for changed in ((batch[0][:4], batch[1][:4]), (batch[0].astype(np.float32), batch[1])):
        eager = tree_map(np.array, got[:2])
        got, wanted = compiled(*got[:2], changed), step(*eager, changed)
        near(got[2], wanted[2], 1e-6)
    assert compiled.compilations == 3
