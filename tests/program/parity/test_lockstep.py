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
    with pytest.raises(OptionError, match=r"budgets must be a function that is computed here"):
        bp.parity(*training, backend="strict", carry=2, budgets={"tahn": 3.0})
    with pytest.raises(OptionError, match="steps must be at least 1"):
        bp.parity(*training, backend="strict", carry=2, steps=0)
