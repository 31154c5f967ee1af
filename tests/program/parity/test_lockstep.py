"""Two backends in lockstep: what differs is found, and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.machine.step import make_step
from bpcore.program.parity import sides
from bpcore.words.errors import OptionError


@pytest.fixture
def training() -> tuple[Any, ...]:
    draw = np.random.default_rng(0)
    net, optimizer = bp.MLP([6, 40, 3], activation="tanh"), bp.Adam(0.01)
    params = net.init(bp.key(0), (6,), dtype=np.dtype("float32"))
    batch = draw.normal(size=(64, 6)).astype(np.float32), draw.integers(0, 3, 64)
    return make_step(net, bp.CrossEntropy(), optimizer), params, optimizer.init(params), batch


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[..., Any]], None]:
    """Let one function of the strict backend be wrong."""
    pytest.importorskip("array_api_strict")
    home = bp.backend("strict")
    strict, right = space_of(home.asarray([1.0])).functions, sides.bound

    def set_(name: str, change: Callable[..., Any]) -> None:
        def bound(function: Any, functions: Any) -> Any:
            own = right(function, functions)
            if functions is not strict or function.name != name:
                return own
            return lambda *inputs, **static: home.asarray(
                change(home.to_host(own(*inputs, **static)), *inputs)
            )

        monkeypatch.setattr(sides, "bound", bound)

    return set_


def test_strict_is_numpy_to_the_last_bit(training: tuple[Any, ...]) -> None:
    pytest.importorskip("array_api_strict")
    found = bp.parity(*training, backend="strict:device1", carry=2, steps=2)
    assert found.good
    assert {row.ulp for row in found.functions} == {0.0}
    assert {drift.relative for drift in found.drifts if drift.how == "eager"} == {0.0}
    assert [(drift.how, drift.step) for drift in found.drifts] == [
        ("eager", 1), ("compiled", 1), ("eager", 2), ("compiled", 2),
    ]  # fmt: skip
    calls = {row.function: row.calls for row in found.functions}
    assert calls["tanh"] == 2  # one in each step


def test_the_first_function_over_its_budget_is_named(training: tuple[Any, ...], faulty: Any) -> None:
    def off(y: Any, *_: Any) -> Any:
        y = y.copy()
        y[3, 7] *= np.float32(1 + 40 * 2.0**-24)
        return y

    faulty("tanh", off)
    found = bp.parity(*training, backend="strict", carry=2, steps=2)
    assert found.first is not None
    assert (found.first.function, found.first.step, found.first.element) == ("tanh", 1, (3, 7))
    assert 8 < found.first.ulp <= 41
    assert not found.good
    assert [row.function for row in found.functions if row.over] == ["tanh"]  # what takes it in is not blamed
    assert "first over its budget: tanh in float32, step 1, equation 2[3, 7]" in str(found)
    allowed = bp.parity(*training, backend="strict", carry=2, budgets={"tanh": 41.0})
    assert allowed.good


def test_products_of_fewer_bits_than_ieee_asks_for_are_seen(training: tuple[Any, ...], faulty: Any) -> None:
    def rounded(x: Any) -> Any:
        return (np.asarray(x).view(np.int32) & ~0x1FFF).view(np.float32)

    def tf32(y: Any, a: Any, b: Any) -> Any:
        return rounded(bp.backend("strict").to_host(a)) @ rounded(bp.backend("strict").to_host(b))

    faulty("matmul", tf32)
    found = bp.parity(*training, backend="strict", carry=2)
    assert found.first is not None
    assert found.first.function == "matmul"
    assert found.first.ulp > 50 * found.first.budget


def test_sums_in_another_order_are_within_their_budget(training: tuple[Any, ...], faulty: Any) -> None:
    faulty("matmul", lambda y, a, b: _backwards(a, b))
    found = bp.parity(*training, backend="strict", carry=2, steps=3)
    assert found.good
    assert next(row.ulp for row in found.functions if row.function == "matmul") > 0


def _backwards(a: Any, b: Any) -> Any:
    a, b = (bp.backend("strict").to_host(x) for x in (a, b))
    total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for k in reversed(range(a.shape[1])):
        total = total + a[:, k : k + 1] * b[k : k + 1]
    return total


@pytest.mark.axes("numpy", "strict:device1", "torch", "jax", "cupy")
def test_functions_of_several_results_and_of_lists(backend: Any) -> None:
    def f(x: Any) -> Any:
        xp = bp.array_namespace(x)
        sign, logarithm = xp.linalg.slogdet(xp.matmul(x, xp.matrix_transpose(x)))
        return xp.concat([x[0, ...], xp.stack([sign, logarithm])]), xp.argmax(x)

    x = np.random.default_rng(0).normal(size=(3, 3)).astype("float32")
    found = bp.parity(f, x, backend=backend.name)
    assert {"linalg.slogdet", "concat", "stack", "argmax"} <= {row.function for row in found.functions}
    assert found.good, str(found)


def test_what_cannot_be_compared(training: tuple[Any, ...]) -> None:
    pytest.importorskip("array_api_strict")

    def branches(x: Any) -> Any:
        xp = bp.array_namespace(x)
        return xp.exp(x) if "strict" in xp.__name__ else xp.tanh(x)

    with pytest.raises(OptionError, match=r"equation 0 of branches must be tanh.*was given 'exp to"):
        bp.parity(branches, np.ones(3), backend="strict")
    with pytest.raises(OptionError, match=r"given .tahn.*Did you mean"):
        bp.parity(*training, backend="strict", carry=2, budgets={"tahn": 3.0})
    with pytest.raises(OptionError, match="at least one array"):
        bp.parity(lambda x: x, 0.5, backend="strict")
    with pytest.raises(OptionError, match='the name of a backend, as "torch"'):
        bp.parity(*training, backend=None, carry=2)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="numbers by function"):
        bp.parity(*training, backend="strict", carry=2, budgets=[1])  # type: ignore[arg-type]
    x = np.ones((4, 3))
    for f, carry in ((lambda x: x, 2), (lambda x: x * 0.5, 1), (lambda x: {"a": x}, 1)):
        with pytest.raises(OptionError, match="carr"):
            bp.parity(f, x, backend="strict", carry=carry)
    for steps in (0, 1.5, True):
        with pytest.raises(OptionError, match="steps must be at least 1"):
            bp.parity(*training, backend="strict", carry=2, steps=steps)
    for ulp in ("2", float("nan"), -1.0):
        with pytest.raises(OptionError, match="the budget of exp must be a number of units from 0 on"):
            bp.parity(*training, backend="strict", carry=2, budgets={"exp": ulp})


@pytest.mark.parametrize(
    ("planted", "apart"), [(lambda x: x * 1.5, 0.47), (lambda x: x * np.float32(np.nan), float("inf"))]
)
def test_a_compiled_step_that_comes_to_something_else_is_over_its_budget(
    training: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch, planted: Any, apart: float
) -> None:
    pytest.importorskip("array_api_strict")
    right = sides.Side.compiled

    def compiled(side: Any) -> Any:
        params, state, report = right(side)
        if side.home.name == "strict":
            home = bp.backend("strict")
            weight = planted(home.to_host(params[0]["weight"]).copy())
            params = [{**params[0], "weight": home.asarray(weight)}, *params[1:]]
        return params, state, report

    monkeypatch.setattr(sides.Side, "compiled", compiled)
    found = bp.parity(*training, backend="strict", carry=2)
    assert found.first is None
    assert not found.good
    (drift,) = [drift for drift in found.drifts if drift.over]
    assert (drift.how, drift.where) == ("compiled", "results.0.0.weight")
    assert drift.relative == pytest.approx(apart, abs=0.04)
    assert "first over its budget: after 1 step, compiled" in str(found)


def test_what_is_computed_while_recording_is_a_row_and_its_reader_is_not_blamed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("array_api_strict")
    wrong = {"numpy": 1.0, "array_api_strict": 1.001}

    def f(x: Any) -> Any:
        xp = bp.array_namespace(x)
        return xp.add(x, xp.multiply(xp.ones(3, dtype=x.dtype), wrong[xp.__name__.rpartition(".")[2]]))

    names = {bp.array_namespace(bp.backend(name).asarray([1.0])).__name__ for name in ("numpy", "strict")}
    wrong |= {name.rpartition(".")[2]: 1.001 if "strict" in name else 1.0 for name in names}
    found = bp.parity(f, np.ones(3), backend="strict")
    assert found.first is not None
    assert found.first.function == "constant"
    assert [row.function for row in found.functions if row.over] == ["constant"]


@pytest.mark.axes("numpy", "strict:device1", "torch", "jax", "cupy")
def test_a_variance_far_from_zero(backend: Any) -> None:
    x = (1e4 + np.random.default_rng(0).random(1000)).astype("float32")
    found = bp.parity(lambda x: bp.array_namespace(x).var(x), x, backend=backend.name)
    assert found.first is None, str(found)


@pytest.mark.axes("numpy", "strict:device1", "torch", "jax", "cupy")
def test_numbers_of_all_kinds(backend: Any) -> None:
    def f(x: Any, z: Any) -> Any:
        xp = bp.array_namespace(x)
        product = xp.multiply(z, xp.conj(z))
        return xp.logsumexp(x), xp.sum(xp.real(product)), xp.astype(xp.greater(x, 0.0), xp.int32), 3

    x = np.asarray([-1e-3, 1e-3, 5.0, -40.0], "float32")
    found = bp.parity(f, x, np.asarray([1 + 2j, 3 - 1j], "complex64"), backend=backend.name)
    assert found.good, str(found)
