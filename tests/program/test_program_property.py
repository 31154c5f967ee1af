"""Straight-line programs that nobody wrote: recorded, pruned and replayed, they compute the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.program.compiled import compile as compile_
from bpcore.program.passes.prune import prune
from bpcore.program.record import record
from bpcore.program.source import source
from bpcore.words.trees import leaves

XP = bp.namespace("numpy")
CONSTANTS = [np.asarray([0.5, -1.0]), np.asarray([[2.0], [0.25]]), np.asarray(1.5)]

# Each step takes two of the values that are there, all of shape (2, 2), and a number.
STEPS: dict[str, Callable[[Any, Any, int], Any]] = {
    "add": lambda a, b, n: a + b,
    "subtract": lambda a, b, n: XP.subtract(a, b),
    "multiply": lambda a, b, n: a * b * 0.5,
    "scale": lambda a, b, n: a * (n / 3) - n,
    "power": lambda a, b, n: XP.tanh(a) ** n,
    "tanh": lambda a, b, n: XP.tanh(a),
    "sine": lambda a, b, n: XP.sin(a),
    "product": lambda a, b, n: XP.tanh(XP.matmul(a, b)),
    "transpose": lambda a, b, n: a.T,
    "row": lambda a, b, n: a + b[n % 2, ...],
    "column": lambda a, b, n: a - b[:, n % 2, None],
    "roll": lambda a, b, n: XP.roll(a, n, axis=n % 2),
    "join": lambda a, b, n: XP.concat([a, b], axis=n % 2)[:2, :2],
    "pile": lambda a, b, n: XP.sum(XP.stack([a, b, a], axis=n % 3), axis=n % 3) * 0.3,
    "choose": lambda a, b, n: XP.where(a > 0.1 * n, a, b),
    "larger": lambda a, b, n: XP.maximum(a, b),
    "sum": lambda a, b, n: XP.broadcast_to(XP.sum(a, axis=n % 2, keepdims=True) * 0.5, (2, 2)),
    "constant": lambda a, b, n: XP.tanh(a) * CONSTANTS[n % 3],
    "cut": lambda a, b, n: XP.stop_gradient(a) * b * 0.5,
}
STEP = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 30), st.integers(0, 30), st.integers(0, 4))
quick = settings(max_examples=40, deadline=None)


@st.composite
def functions(draw: Any) -> Callable[[Any, Any], Any]:
    """Return a function of two arrays to a list of some of the values on the way, and of what is none."""
    steps = draw(st.lists(STEP, max_size=10))
    wanted = draw(st.lists(st.integers(0, 30), min_size=1, max_size=4))

    def f(x: Any, y: Any) -> Any:
        values = [x, y]
        for name, i, j, n in steps:
            values.append(STEPS[name](values[i % len(values)], values[j % len(values)], n))
        return [values[i % len(values)] for i in wanted]

    return f


def _same(got: Any, wanted: Any) -> None:
    for one, other in zip(leaves(got), leaves(wanted), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def _args(shift: float) -> tuple[Any, Any]:
    return np.sin(np.arange(4.0) + shift).reshape(2, 2), np.cos(np.arange(4.0) * 1.3 - shift).reshape(2, 2)


@quick
@given(functions())
def test_replay_is_the_function_to_the_last_bit(f: Any) -> None:
    compiled, before = compile_(f), [x.tolist() for x in _args(0.3)]
    for shift in (0.3, 1.1):
        args = _args(shift)
        _same(compiled(*args), f(*args))
    assert compiled.compilations == 1
    assert [x.tolist() for x in _args(0.3)] == before


@quick
@given(functions())
def test_the_replayed_gradient_is_the_eager_one(f: Any) -> None:
    """To the rounding of sums: an array that is written where it belongs is in rows, and added up in rows."""
    both = value_and_grad(lambda x, y: sum(XP.sum(XP.sin(part)) for part in f(x, y)), argnums=(0, 1))
    compiled = compile_(both)
    for shift in (0.3, 1.1):
        args = _args(shift)
        for one, other in zip(leaves(compiled(*args)), leaves(both(*args)), strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def _all(inputs: tuple[Any, ...]) -> list[Any]:
    """Return every value that was written on the tape so far."""
    tape = inputs[0].tape
    return [Traced(tape, slot, call.output) for slot, call in enumerate(tape.calls, start=tape.inputs)]


@quick
@given(functions())
def test_prune_changes_no_value_and_leaves_nothing_out_that_is_read(f: Any) -> None:
    args = _args(0.7)
    whole = record(lambda x, y: [*f(x, y), *_all((x, y))], *args)
    count = len(f(*args))
    cut = replace(whole, outputs=whole.outputs[:count])
    pruned = prune(cut)
    _same(pruned.function(XP)(*args), whole.function(XP)(*args)[:count])
    _same(pruned.function(XP)(*args), cut.function(XP)(*args))
    assert prune(pruned).equations == pruned.equations
    read = {operand for equation in pruned.equations for operand in equation.inputs} | set(pruned.outputs)
    assert all(equation.output in read for equation in pruned.equations)
    assert set(pruned.constants) <= {operand for operand in read if isinstance(operand, str)}


@quick
@given(functions())
def test_a_program_reads_nothing_before_it_is_written(f: Any) -> None:
    program = record(f, *_args(0.2))
    there: set[Any] = set(program.inputs)
    for equation in program.equations:
        assert {operand for operand in equation.inputs if type(operand) is type(equation.output)} <= there
        assert equation.output not in there
        there.add(equation.output)
    text, _ = source(program)
    assert text.count("\n") >= len(program.equations) + 2
    assert len(str(program).splitlines()) == 3 + len(program.constants) + len(program.equations)
