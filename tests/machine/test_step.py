"""The pure step: nothing is changed, nothing is read, and it is the same however it is run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.arrays.traced import Traced
from bpcore.machine.step import make_evaluation, make_step
from bpcore.parts.metrics import accuracy
from bpcore.words.trees import leaves

PROBLEMS = {
    "squares": (bp.MLP([3, 5, 2], activation="tanh"), bp.SquaredError(half=True), bp.Momentum(0.1)),
    "binary": (bp.MLP([3, 5, 2], activation="gelu"), bp.BinaryCrossEntropy(), bp.Adam(0.05)),
    "shares": (
        bp.MLP([3, 5, 2], activation="sigmoid", output="sigmoid"),
        bp.BinaryCrossEntropy(from_logits=False),
        bp.RMSprop(0.01),
    ),
    "classes": (bp.MLP([3, 5, 2]), bp.CrossEntropy(), bp.AdamW(0.05)),
}


def start(backend: Any, problem: str) -> Any:
    """Return the step, and what it takes."""
    net, loss, optimizer = PROBLEMS[problem]
    kind = backend.backend.dtype(backend.float)
    keys = bp.split(bp.key(0, backend=backend.backend), 3)
    params = net.init(keys[0], (3,), dtype=kind)
    x = bp.normal(keys[1], (6, 3), dtype=kind)
    bits = [1, 0, 0, 1, 1, 0]
    y = backend.array(bits, "int32") if loss.labels else backend.array([[float(b), 1.0 - b] for b in bits])
    return make_step(net, loss, optimizer), params, optimizer.init(params), (x, y)


def hosted(backend: Any, tree: Any) -> list[np.ndarray]:
    return [np.array(backend.host(array)) for array in leaves(tree)]


def near(backend: Any, one: Any, other: Any) -> None:
    """Want the same to the rounding of sums in another order."""
    for a, b in zip(hosted(backend, one), hosted(backend, other), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=200 * backend.eps, atol=20 * backend.eps)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_nothing_is_changed(backend: Any, problem: str) -> None:
    step, *given = start(backend, problem)
    before = hosted(backend, given)
    first = backend.run(step, *given)
    second = backend.run(step, *given)
    for a, b in zip(before, hosted(backend, given), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(hosted(backend, list(first)), hosted(backend, list(second)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(before, hosted(backend, first[0]), strict=False))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_compiled_is_eager(backend: Any, problem: str) -> None:
    step, *eager, batch = start(backend, problem)
    replayed, compiled = list(eager), bp.compile(step)
    for _ in range(3):
        *eager, report = step(*eager, batch)
        *replayed, its_report = compiled(*replayed, batch)
        near(backend, [*eager, report], [*replayed, its_report])
    assert compiled.compilations == 1  # the count and the rate are arrays: no step is a new Program


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_library_may_compile_it(backend: Any, problem: str) -> None:
    """Under jax.jit on the axis jax:jit; elsewhere as it is."""
    step, *given = start(backend, problem)
    near(backend, list(step(*given)), list(backend.run(step, *given)))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_everything_stays_where_it_is(backend: Any, problem: str) -> None:
    step, params, state, batch = start(backend, problem)
    made = backend.run(step, params, state, batch)
    assert all(type(array) is not Traced for array in leaves(list(made)))
    assert {array.device for array in leaves(list(made))} == {batch[0].device}
    assert {str(backend.host(array).dtype) for array in leaves(list(made))} == {backend.float}
    shapes = [tuple(array.shape) for array in leaves([params, state])]
    assert [tuple(array.shape) for array in leaves(list(made[:2]))] == shapes


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_report_is_of_before_the_update(backend: Any, problem: str) -> None:
    net, loss, _ = PROBLEMS[problem]
    step, params, state, (x, y) = start(backend, problem)
    moved, _, report = backend.run(step, params, state, (x, y))
    output = net(params, x)
    wanted = {"loss": loss(output, y)}
    if (share := accuracy(loss, output, y)) is not None:
        wanted["accuracy"] = share
    assert set(report) == set(wanted)
    near(backend, report, wanted)
    assert all(tuple(value.shape) == () for value in report.values())
    assert backend.host(loss(net(moved, x), y)) < backend.host(report["loss"])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_an_evaluation_is_the_step_without_the_step(backend: Any, problem: str) -> None:
    net, loss, _ = PROBLEMS[problem]
    step, params, state, batch = start(backend, problem)
    near(backend, backend.run(make_evaluation(net, loss), params, batch), step(params, state, batch)[2])


def test_by_hand(backend: Any) -> None:
    """One weight: y = w x, half the square, and gradient descent."""
    net = bp.Linear(1, bias=False)
    step = make_step(net, bp.SquaredError(half=True, reduction="sum"), bp.SGD(0.5))
    params = {"weight": backend.array([[3.0]])}
    batch = (backend.array([[1.0], [2.0]]), backend.array([[1.0], [4.0]]))
    moved, state, report = backend.run(step, params, bp.SGD(0.5).init(params), batch)
    assert float(backend.host(report["loss"])) == 4.0  # (2**2 + 2**2) / 2
    assert float(backend.host(moved["weight"])[0, 0]) == 0.0  # 3 - 0.5 (2 * 1 + 2 * 2)
    assert float(backend.host(state["count"])) == 1.0


def test_a_smaller_batch_is_another_program(backend: Any) -> None:
    step, params, state, (x, y) = start(backend, "classes")
    compiled = bp.compile(step)
    compiled(params, state, (x, y))
    one = compiled(params, state, (x[:2, :], y[:2]))
    assert compiled.compilations == 2
    near(backend, list(one), list(step(params, state, (x[:2, :], y[:2]))))


def test_the_program_of_a_step_reads_no_value(backend: Any) -> None:
    """It is recorded with a sealed tape, which raises where a value is read."""
    step, *given = start(backend, "classes")
    program = bp.record(step, *given)
    assert len(program.inputs) == len(leaves(given))
    assert len(program.outputs) == len(leaves(list(step(*given))))
