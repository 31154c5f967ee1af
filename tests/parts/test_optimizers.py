"""Optimizers: each against its formula in plain Python numbers, and against PyTorch where it is installed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import OptionError, ShapeError

START = [1.5, -2.0, 0.25, 3e-3]
RATE = 0.1


def gradient(p: float, step: int) -> float:
    """Return a gradient that changes from step to step, and is 0 now and then."""
    return 0.0 if step == 2 else math.sin(3 * p + step) * 10 ** (step - 2)


# Each yields the next parameter, from its formula, when it is sent a gradient.


def sgd(p: float) -> Iterator[float]:
    while True:
        g = yield p
        p -= RATE * g


def momentum(p: float, keep: float = 0.9) -> Iterator[float]:
    v = 0.0
    while True:
        g = yield p
        v = keep * v + g
        p -= RATE * v


def nesterov(p: float, keep: float = 0.9) -> Iterator[float]:
    v = 0.0
    while True:
        g = yield p
        v = keep * v + g
        p -= RATE * (g + keep * v)


def adagrad(p: float, epsilon: float = 1e-10) -> Iterator[float]:
    s = 0.0
    while True:
        g = yield p
        s += g * g
        p -= RATE * g / (math.sqrt(s) + epsilon)


def rmsprop(p: float, keep: float = 0.99, epsilon: float = 1e-8) -> Iterator[float]:
    s = 0.0
    while True:
        g = yield p
        s = keep * s + (1 - keep) * g * g
        p -= RATE * g / (math.sqrt(s) + epsilon)


def adam(
    p: float, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8, decay: float = 0.0
) -> Iterator[float]:
    m = v = 0.0
    t = 0
    while True:
        g = yield p
        t += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        change = (m / (1 - b1**t)) / (math.sqrt(v / (1 - b2**t)) + epsilon)
        p = p - RATE * decay * p - RATE * change


def radam(p: float, b1: float = 0.9, b2: float = 0.999, epsilon: float = 1e-8) -> Iterator[float]:
    m = v = 0.0
    t = 0
    limit = 2 / (1 - b2) - 1
    while True:
        g = yield p
        t += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        seen = limit - 2 * t * b2**t / (1 - b2**t)
        change = m / (1 - b1**t)
        if seen > 5:
            gain = math.sqrt((seen - 4) * (seen - 2) * limit / ((limit - 4) * (limit - 2) * seen))
            change *= gain * math.sqrt(1 - b2**t) / (math.sqrt(v) + epsilon)
        p = p - RATE * change


def lion(p: float, b1: float = 0.9, b2: float = 0.99, decay: float = 0.0) -> Iterator[float]:
    m = 0.0
    while True:
        g = yield p
        c = b1 * m + (1 - b1) * g
        p = p - RATE * ((c > 0) - (c < 0) + decay * p)
        m = b2 * m + (1 - b2) * g


CASES: dict[str, tuple[Any, Callable[[float], Any], Callable[..., Any] | None]] = {
    "SGD": (bp.SGD(RATE), sgd, lambda o, p: o.SGD(p, lr=RATE)),
    "Momentum": (bp.Momentum(RATE), momentum, lambda o, p: o.SGD(p, lr=RATE, momentum=0.9)),
    "Momentum 0.5": (
        bp.Momentum(RATE, momentum=0.5),
        lambda p: momentum(p, 0.5),
        lambda o, p: o.SGD(p, lr=RATE, momentum=0.5),
    ),
    "Nesterov": (bp.Nesterov(RATE), nesterov, lambda o, p: o.SGD(p, lr=RATE, momentum=0.9, nesterov=True)),
    "Adagrad": (bp.Adagrad(RATE), adagrad, lambda o, p: o.Adagrad(p, lr=RATE)),
    "RMSprop": (bp.RMSprop(RATE), rmsprop, lambda o, p: o.RMSprop(p, lr=RATE)),
    "Adam": (bp.Adam(RATE), adam, lambda o, p: o.Adam(p, lr=RATE)),
    "Adam without memory": (
        bp.Adam(RATE, beta1=0.0, beta2=0.0, epsilon=1e-3),
        lambda p: adam(p, 0.0, 0.0, 1e-3),
        lambda o, p: o.Adam(p, lr=RATE, betas=(0.0, 0.0), eps=1e-3),
    ),
    "AdamW": (bp.AdamW(RATE), lambda p: adam(p, decay=0.01), lambda o, p: o.AdamW(p, lr=RATE)),
    "AdamW 0.3": (
        bp.AdamW(RATE, beta1=0.8, decay=0.3),
        lambda p: adam(p, b1=0.8, decay=0.3),
        lambda o, p: o.AdamW(p, lr=RATE, betas=(0.8, 0.999), weight_decay=0.3),
    ),
    "RAdam": (bp.RAdam(RATE), radam, lambda o, p: o.RAdam(p, lr=RATE)),
    "RAdam 0.7": (
        bp.RAdam(RATE, beta2=0.7, epsilon=1e-3),
        lambda p: radam(p, b2=0.7, epsilon=1e-3),
        lambda o, p: o.RAdam(p, lr=RATE, betas=(0.9, 0.7), eps=1e-3),
    ),
    "RAdam 0.5": (
        bp.RAdam(RATE, beta1=0.0, beta2=0.5),
        lambda p: radam(p, b1=0.0, b2=0.5),
        lambda o, p: o.RAdam(p, lr=RATE, betas=(0.0, 0.5)),
    ),
    "Lion": (bp.Lion(RATE), lion, None),
    "Lion 0.3": (
        bp.Lion(RATE, beta1=0.5, beta2=0.8, decay=0.3),
        lambda p: lion(p, 0.5, 0.8, 0.3),
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_five_steps_by_the_formula(backend: Any, name: str) -> None:
    optimizer, reference, _ = CASES[name]
    params: Any = backend.array(START)
    state = optimizer.init(params)
    scalars = [reference(p) for p in START]
    wanted = [next(scalar) for scalar in scalars]
    for step in range(5):
        grads = [gradient(p, step) for p in wanted]
        wanted = [scalar.send(g) for scalar, g in zip(scalars, grads, strict=True)]
        params, state = backend.run(optimizer.update, params, backend.array(grads), state)
        np.testing.assert_allclose(
            backend.host(params), wanted, rtol=200 * backend.eps, atol=200 * backend.eps
        )
        assert float(backend.host(state["count"])) == step + 1


@pytest.mark.parametrize("name", [name for name, (*_, make) in CASES.items() if make is not None])
def test_five_steps_by_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch")
    optimizer, _, make = CASES[name]
    assert make is not None
    params: Any = np.asarray(START)
    state = optimizer.init(params)
    tensor = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    oracle = make(torch.optim, [tensor])
    for step in range(5):
        grads = np.asarray([gradient(p, step) for p in params.tolist()])
        params, state = optimizer.update(params, grads, state)
        tensor.grad = torch.as_tensor(grads)
        oracle.step()
        np.testing.assert_allclose(params, tensor.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_nothing_given_is_changed(backend: Any, name: str) -> None:
    optimizer, *_ = CASES[name]
    given = [{"w": backend.array([1.0, 2.0])}, {"w": backend.array([0.5, -0.5])}]
    params, grads = given
    state = optimizer.init(params)
    before = [backend.host(array).tolist() for tree in (params, grads, state) for array in _arrays(tree)]
    first = optimizer.update(params, grads, state)
    second = optimizer.update(params, grads, state)
    assert [
        backend.host(array).tolist() for tree in (params, grads, state) for array in _arrays(tree)
    ] == before
    one, other = ([backend.host(array).tolist() for array in _arrays(list(made))] for made in (first, second))
    assert one == other
    assert one[0] != before[0]


def _arrays(tree: Any) -> list[Any]:
    from bpcore.words.trees import leaves

    return leaves(tree)


@pytest.mark.parametrize("name", CASES)
def test_the_state_is_arrays(backend: Any, name: str) -> None:
    optimizer, *_ = CASES[name]
    for dtype in {"float32", backend.float}:
        params = {"a": backend.array([[1.0, 2.0]], dtype), "b": [backend.array(1.0, dtype)]}
        state = optimizer.init(params)
        assert set(state) == {"rate", "count", *optimizer.memories}
        for scalar, value in (("rate", RATE), ("count", 0.0)):
            assert tuple(state[scalar].shape) == ()
            assert state[scalar].dtype == params["a"].dtype
            assert state[scalar].device == params["a"].device
            assert float(backend.host(state[scalar])) == pytest.approx(value, rel=1e-6)
        for memory in optimizer.memories:
            assert tuple(state[memory]["a"].shape) == (1, 2)
            assert backend.host(state[memory]["b"][0]) == 0.0
        moved, state = backend.run(optimizer.update, params, params, state)
        assert {str(backend.host(array).dtype) for array in _arrays([moved, state])} == {dtype}
        assert all(array.device == params["a"].device for array in _arrays([moved, state]))


def test_a_schedule_writes_the_rate(backend: Any) -> None:
    optimizer, p = bp.SGD(1.0), backend.array([1.0])
    state = optimizer.init(p)
    update = bp.compile(optimizer.update)
    one, state = update(p, p, state)
    two, state = update(p, p, {**state, "rate": backend.array(0.25)})
    assert (float(backend.host(one)[0]), float(backend.host(two)[0])) == (0.0, 0.75)
    assert update.compilations == 1
    assert float(backend.host(state["rate"])) == 0.25


def test_trees_of_every_kind(backend: Any) -> None:
    x = backend.array([1.0])
    params = {"z": [x, {"b": x}], "a": (x, None, {}), "n": x}
    for optimizer in (bp.SGD(0.5), bp.Adam(0.5)):
        moved, state = optimizer.update(params, params, optimizer.init(params))
        assert moved["a"][1] is None
        assert moved["a"][2] == {}
        assert type(moved["a"]) is tuple
        assert [backend.host(array)[0] for array in _arrays(moved)] == pytest.approx([0.5] * 4, rel=1e-6)
        moved, state = optimizer.update(moved, params, state)
        assert backend.host(moved["z"][1]["b"])[0] == pytest.approx(0.0, abs=1e-6)


def test_an_array_by_itself_is_a_tree(backend: Any) -> None:
    p = backend.array(2.0)
    moved, _ = bp.SGD(0.5).update(p, p, bp.SGD(0.5).init(p))
    assert float(backend.host(moved)) == 1.0


def test_a_rate_of_0_changes_nothing(backend: Any) -> None:
    p = backend.array([1.0, -2.0])
    for kind in (
        bp.SGD,
        bp.Momentum,
        bp.Nesterov,
        bp.Adagrad,
        bp.RMSprop,
        bp.Adam,
        bp.AdamW,
        bp.RAdam,
        bp.Lion,
    ):
        moved, _ = kind(0.0).update(p, p, kind(0.0).init(p))
        assert backend.host(moved).tolist() == [1.0, -2.0]


@pytest.mark.parametrize("kind", [bp.Adagrad, bp.RMSprop, bp.Adam, bp.AdamW, bp.RAdam, bp.Lion])
def test_gradients_of_0_leave_no_nan(backend: Any, kind: Any) -> None:
    p, zero = backend.array([1.0]), backend.array([0.0])
    moved, _ = kind(0.1).update(p, zero, kind(0.1).init(p))
    left = 1.0 - 0.1 * 0.01 if kind is bp.AdamW else 1.0
    assert float(backend.host(moved)[0]) == pytest.approx(left, rel=1e-6)


@pytest.mark.parametrize("params", [{}, [], None, [{}, {}]])
def test_no_parameters_to_train(params: Any) -> None:
    with pytest.raises(ShapeError) as caught:
        bp.Adam().init(params)
    assert str(caught.value) == "Adam wants parameters with at least one array, was given an empty tree."


def test_gradients_of_another_structure() -> None:
    p = np.ones(2)
    with pytest.raises(ShapeError, match="SGD wants gradients of the parameters' structure"):
        bp.SGD().update({"a": p}, {"b": p}, bp.SGD().init({"a": p}))


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf, "0.1", None])
def test_rates_out_of_range(rate: Any) -> None:
    with pytest.raises(OptionError, match=r"^rate of Adam must be a number, 0 or more, was given"):
        bp.Adam(rate)


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda: bp.Momentum(0.1, momentum=1.0), "momentum of Momentum"),
        (lambda: bp.Nesterov(0.1, momentum=-0.1), "momentum of Nesterov"),
        (lambda: bp.RMSprop(0.1, decay=1.0), "decay of RMSprop"),
        (lambda: bp.Adam(0.1, beta1=1.0), "beta1 of Adam"),
        (lambda: bp.AdamW(0.1, beta2=math.nan), "beta2 of AdamW"),
    ],
)
def test_shares_out_of_range(make: Any, option: str) -> None:
    with pytest.raises(OptionError, match=f"^{option} must be a number from 0 to below 1, was given"):
        make()


def test_defaults_are_the_papers() -> None:
    adam = bp.Adam()
    assert (adam.rate, adam.beta1, adam.beta2, adam.epsilon) == (1e-3, 0.9, 0.999, 1e-8)
    assert bp.AdamW().decay == 1e-2
