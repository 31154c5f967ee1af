"""Random Programs: directed graphs of calls, recorded from functions that nobody wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import strategies as st

import bpcore as bp
from bpcore.derivatives.namespaces.namespace import space_on
from bpcore.program.equation import ArrayType, Slot
from bpcore.program.program import Program
from bpcore.program.record import record

XP = bp.namespace("numpy")
CONSTANTS: list[Any] = [
    np.asarray([0.5, -1.0, -0.0]), np.asarray(1.5), np.asarray(1.0), np.full((2, 3), -2.0),
    np.asarray([[2.0], [0.25]]), np.asarray(-0.0), np.zeros((2, 3)), np.arange(6.0).reshape(3, 2),
]  # fmt: skip
NUMBERS = [1.0, 1, 0.0, -0.0, 2.0, 0.5, 3.0, -1.0, -4.0, 0, 2, 1e-3]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.25, float("inf")]


def _together(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return a step that takes two arrays which broadcast; where they do not, the first one twice."""

    def step(a: Any, b: Any, n: int) -> Any:
        try:
            np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            b = a
        return function(a, b)

    return step


def _flat(x: Any) -> Any:
    return XP.reshape(x, (-1,))


def _axis(a: Any, n: int) -> Any:
    return None if not a.ndim or n % 3 == 0 else n % a.ndim


def _rows(a: Any) -> Any:
    return XP.expand_dims(_flat(a), axis=0) if a.ndim != 2 else a


def _product(a: Any, b: Any, n: int) -> Any:
    a, b = _rows(a), _rows(b)
    return XP.tanh(XP.matmul(a, b if a.shape[1] == b.shape[0] else XP.matrix_transpose(a)))


STEPS: dict[str, Callable[[Any, Any, int], Any]] = {
    "add": _together(XP.add),
    "subtract": _together(XP.subtract),
    "multiply": _together(XP.multiply),
    "divide": _together(XP.divide),
    "larger": _together(XP.maximum),
    "choose": _together(lambda a, b: XP.where(a > 0.25, a, b)),
    "mask": _together(lambda a, b: XP.multiply(XP.astype(XP.greater(a, b), np.float64), b)),
    "scaled": lambda a, b, n: XP.multiply(a, NUMBERS[n % len(NUMBERS)]),
    "scale": lambda a, b, n: XP.multiply(NUMBERS[n % len(NUMBERS)], a),
    "shifted": lambda a, b, n: XP.add(a, NUMBERS[n % len(NUMBERS)]),
    "lowered": lambda a, b, n: XP.subtract(a, NUMBERS[n % len(NUMBERS)]),
    "from": lambda a, b, n: XP.subtract(NUMBERS[n % len(NUMBERS)], a),
    "over": lambda a, b, n: XP.divide(a, NUMBERS[n % len(NUMBERS)]),
    "power": lambda a, b, n: XP.pow(a, (1, 2, 1.0, 2.0)[n % 4]),
    "negative": lambda a, b, n: XP.negative(a),
    "square": lambda a, b, n: XP.square(a),
    "tanh": lambda a, b, n: XP.tanh(a),
    "relu": lambda a, b, n: XP.relu(a),
    "softplus": lambda a, b, n: XP.softplus(a),
    "logsumexp": lambda a, b, n: XP.logsumexp(a, axis=_axis(a, n)),
    "sum": lambda a, b, n: XP.sum(a, axis=_axis(a, n), keepdims=n % 2 == 0),
    "mean": lambda a, b, n: XP.mean(a, axis=_axis(a, n)),
    "max": lambda a, b, n: XP.max(a, axis=_axis(a, n)),
    "product": _product,
    "flat": lambda a, b, n: _flat(a),
    "column": lambda a, b, n: XP.reshape(a, (-1, 1)),
    "same": lambda a, b, n: XP.reshape(a, a.shape),
    "turned": lambda a, b, n: XP.matrix_transpose(_rows(a)),
    "wider": lambda a, b, n: XP.broadcast_to(a, (n % 2 + 1, *a.shape)),
    "as wide": _together(lambda a, b: XP.broadcast_to(a, np.broadcast_shapes(a.shape, b.shape)) * b),
    "as it is": lambda a, b, n: XP.broadcast_to(a, a.shape),
    "cast": lambda a, b, n: XP.astype(a, np.float64),
    "narrow": lambda a, b, n: XP.astype(XP.astype(a, np.float32), np.float64),
    "join": lambda a, b, n: XP.concat([_flat(a), _flat(b), _flat(a)]),
    "slice": lambda a, b, n: _flat(a)[n % 2 :: n % 3 + 1] if a.size > 1 else a,
    "pick": lambda a, b, n: a[0] if a.ndim else a,
    "new axis": lambda a, b, n: a[..., None],
    "ones": lambda a, b, n: XP.ones_like(a),
    "zeros": lambda a, b, n: XP.zeros_like(a),
    "filled": lambda a, b, n: XP.full_like(a, NUMBERS[n % len(NUMBERS)]),
    "constant": lambda a, b, n: _together(XP.multiply)(a, CONSTANTS[n % len(CONSTANTS)], n),
    "several": lambda a, b, n: XP.top_k(_flat(a), 1, axis=0)[0],
}  # fmt: skip
STEP = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 30), st.integers(0, 30), st.integers(0, 11))
LARGEST = 200


@st.composite
def programs(draw: Any, steps: int = 12) -> Program:
    """Return a Program of three inputs; some outputs come twice or are inputs, some are carried."""
    calls = draw(st.lists(STEP, min_size=1, max_size=steps))
    wanted = draw(st.lists(st.integers(0, 30), min_size=1, max_size=5))

    def f(*values: Any) -> Any:
        there = list(values)
        for name, i, j, n in calls:
            made = STEPS[name](there[-1 - i % len(there)], there[-1 - j % len(there)], n)
            if 0 < made.size <= LARGEST and made.ndim < 4:
                there.append(made)
        return [there[-1 - i % len(there)] for i in wanted]

    return carrying(record(f, *arguments(0)))


def carrying(program: Program) -> Program:
    """Return the Program with all inputs carried that have an output of their type."""
    pairs: list[tuple[int, int]] = []
    for i, slot in enumerate(program.inputs):
        for j, output in enumerate(program.outputs):
            taken = any(j == other for _, other in pairs)
            if isinstance(output, Slot) and program.types[output] == program.types[slot] and not taken:
                pairs.append((i, j))
                break
    return replace(program, carried=tuple(pairs))


def arguments(seed: int) -> list[Any]:
    """Return arrays of shape (2, 3), (3,) and () with ordinary and special numbers."""
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=shape) for shape in ((2, 3), (3,), ())]
    if seed % 2:
        return [np.asarray(random.choice(SPECIAL, x.shape)) for x in arrays]
    return arrays


def _by_value() -> Any:
    """Return functions whose bits depend on values and not on how an array lies in memory."""
    functions = SimpleNamespace(**vars(space_on("numpy").functions))
    for name in ("sum", "mean", "max", "matmul", "logsumexp"):
        setattr(functions, name, _of_plain_copies(getattr(functions, name)))
    return functions


def _of_plain_copies(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs, **how: function(*[np.array(x, order="C") for x in xs], **how)


PLAIN = space_on("numpy").functions
BY_VALUE = _by_value()


def computed(program: Program, arrays: Sequence[Any]) -> list[Any]:
    """Return what the Program computes."""
    with np.errstate(all="ignore"):
        return [np.array(y) for y in program.function(BY_VALUE)(*arrays)]


def assert_kept(before: Program, after: Program) -> None:
    """Check that inputs, carried pairs, structure and the types of the outputs are the same."""
    assert after.inputs == before.inputs
    assert after.carried == before.carried
    assert after.structure == before.structure
    assert [_type(after, y) for y in after.outputs] == [_type(before, y) for y in before.outputs]
    there: set[Any] = set(after.inputs) | set(after.constants)
    for equation in after.equations:
        assert {x for x in equation.inputs if isinstance(x, Slot)} <= there
        assert equation.output not in there
        assert equation.output in after.types
        there.add(equation.output)


def _type(program: Program, output: Any) -> ArrayType:
    if isinstance(output, Slot):
        found: ArrayType = program.types[output]
        return found
    y = program.constants[output]
    return ArrayType(tuple(y.shape), y.dtype)


def assert_bits(before: Program, after: Program) -> None:
    """Check that two Programs give the same bits, where nothing is not a number."""
    for seed in range(4):
        arrays = arguments(seed)
        for got, wanted in zip(computed(after, arrays), computed(before, arrays), strict=True):
            assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
            np.testing.assert_array_equal(got, wanted)
            if got.dtype.kind == "f":
                np.testing.assert_array_equal(
                    np.signbit(got)[~np.isnan(got)], np.signbit(wanted)[~np.isnan(got)]
                )


def assert_near(before: Program, after: Program, tolerance: float = 1e-12) -> None:
    """Check that two Programs give the same numbers nearly, where they are ordinary."""
    for seed in (0, 2):
        arrays = arguments(seed)
        for got, wanted in zip(computed(after, arrays), computed(before, arrays), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def written(program: Program) -> str:
    """Return a Program's text with its constants' values: what no pass may change in its argument."""
    return str(program) + repr({name: x.tolist() for name, x in program.constants.items()})
