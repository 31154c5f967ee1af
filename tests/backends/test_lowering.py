"""How NumPy runs a Program: at home, in planned memory, and without a trace in what it was given."""

from __future__ import annotations

import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest

import bpcore as bp
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


def test_the_source_is_read_by_a_person() -> None:
    step, params, state, batch = problem(*NETS["squares"])
    compiled = compile_(step, carry=2)
    text = compiled.source(params, state, batch)
    assert text.startswith("def program(")
    assert ".dot(" in text
    assert text.rstrip().splitlines()[-1].strip().startswith("return")


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


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_a_mean_of_a_power_of_two_is_one_product(axis: int | None) -> None:
    def f(x: Any) -> Any:
        return XP.mean(x * 1.5, axis=axis) - 1.0

    for shape in ((64, 32), (60, 30)):
        x = np.sin(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape)
        text = bp.compile(f).source(x)
        assert ("divide" in text) == (shape[0] == 60)
        assert ("shares" in text) == (shape[0] == 64)
        np.testing.assert_allclose(bp.compile(f)(x), f(x), rtol=1e-6)
    assert "divide" in bp.compile(f).source(x.astype(np.float64))


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


def beside(f: Any, *args: Any, carry: int = 0) -> None:
    """Compare three compiled steps with the function's own."""
    compiled, eager, given_ = compile_(f, carry=carry), args, tree_map(np.array, args)
    for _ in range(3):
        got, wanted = compiled(*given_), f(*eager)
        near(got, wanted, 1e-12)
        eager, given_ = (*wanted[:carry], *args[carry:]), (*got[:carry], *args[carry:])


def in_two_vectors(s: Any, x: Any) -> Any:
    a, b = s * 2.0, s + 1.0
    whole, longer = XP.concat([a]), XP.concat([a, b])
    return XP.sum(whole) * 0.0 + whole * 0.5, XP.sum(longer) + x


def in_two_vectors_with_an_empty_one(s: Any, x: Any) -> Any:
    a, b = XP.sin(s), s + 1.0
    longer = XP.concat([a, b])
    return XP.concat([XP.zeros((0,)) * s[:0], a]) * 0.5 + XP.sum(longer), XP.sum(longer) + x


def in_a_vector_in_a_vector(s: Any, x: Any) -> Any:
    inner = XP.concat([XP.concat([s * 2.0, s + 1.0])])
    return s - 1.0, XP.sum(inner) + x, XP.concat([inner, s])[2:9] * 1.0


@pytest.mark.parametrize("f", [in_two_vectors, in_two_vectors_with_an_empty_one, in_a_vector_in_a_vector])
def test_an_array_lies_in_one_vector(f: Any) -> None:
    beside(f, np.sin(np.arange(5.0)), np.asarray(1.0), carry=1)


def test_arrays_without_elements() -> None:
    beside(lambda x: (x * 2.0 + 1.0) * 3.0, np.zeros((0,)))
    beside(lambda s, x: (s * 2.0 + 1.0, (x * 2.0 + 1.0) * 3.0), np.zeros((0, 2)), np.zeros((2, 0)), carry=1)


class Lent:
    """An array's memory by an older protocol, which tells nothing of the array."""

    def __init__(self, array: Any) -> None:
        self.__array_interface__ = array.__array_interface__


@pytest.mark.parametrize(
    "seen",
    [
        lambda s: s,
        lambda s: s[:],
        lambda s: np.frombuffer(s.data),
        lambda s: np.frombuffer(memoryview(s).cast("B"))[::1],
        lambda s: np.asarray(Lent(s)),
        lambda s: np.lib.stride_tricks.as_strided(s, (3,), (8,)),
        np.from_dlpack,
    ],
)
@pytest.mark.parametrize("given_", ["what came back", "another"])
def test_what_lies_at_home_is_read_before_it_is_written_over(seen: Any, given_: str) -> None:
    compiled = compile_(lambda s, x: (s * 10.0, XP.sum(s * 10.0) + x), carry=1)
    s = np.asarray([1.0, 2.0, 3.0])
    for x in (np.zeros(3), np.ones(3)):
        s, _ = compiled(s, x)
    view, before = seen(s), s.copy()
    carried = s if given_ == "what came back" else np.asarray([4.0, 5.0, 6.0])
    total = np.sum(carried * 10.0)
    assert compiled(carried, view)[1].tolist() == (total + before).tolist()


SINGULAR, REGULAR = np.zeros((2, 2)), np.eye(2)
FAILING = {
    "beside": (lambda s, t, x: (s + 1.0, t + XP.linalg.inv(x)), REGULAR, SINGULAR),
    "result": (lambda s, t, x: (s * 2.0, t - s, XP.linalg.inv(s * 2.0 * x)), REGULAR + 2.0, SINGULAR),
    "index": (
        lambda s, t, i: (s * 2.0, t + s, XP.take(s, i, axis=0)),
        np.asarray([0, 1]),
        np.asarray([0, 9]),
    ),
    "key": (lambda s, t, i: (s * 2.0, t + s, s[i]), np.asarray([0, 1]), np.asarray([0, 9])),
    "power": (lambda s, t, n: (s * 2.0, s * 0.0 + t * XP.pow(2, n)), np.asarray([1, 2]), np.asarray([1, -2])),
}


@pytest.mark.parametrize("how", ["step", "others", "turned", "scan"])
@pytest.mark.parametrize("name", FAILING)
def test_a_step_that_raises_leaves_what_is_carried_as_it_was(name: str, how: str) -> None:
    f, good, bad = FAILING[name]
    compiled = compile_(f, carry=2)
    s, t, *_ = compiled(REGULAR + 1.0, REGULAR * 2.0, good)
    s, t, *_ = compiled(s, t, good)
    given_ = {"others": (s.copy(), t.copy()), "turned": (t, s)}.get(how, (s, t))
    call, others = compiled, bad
    if how == "scan":
        call, others = compiled.scan, np.stack([good, bad])
    before = [np.array(x) for x in (s, t, *given_)]
    with pytest.raises((np.linalg.LinAlgError, IndexError, ValueError)):
        call(*given_, others)
    near([s, t, *given_], before, 0.0)
    near(compiled(*given_, good), f(*before[2:], good))


def test_only_what_may_raise_is_brought_forward() -> None:
    step, params, state, batch = problem(*NETS["classes"])
    text = compile_(step, carry=2).source(params, state, batch)
    assert "results" not in text  # nothing is copied home
    text = compile_(lambda s, x: (s + 1.0, XP.linalg.inv(x)), carry=1).source(REGULAR, REGULAR)
    assert "results" not in text
    assert text.index("linalg_inv") < text.index("add(")
