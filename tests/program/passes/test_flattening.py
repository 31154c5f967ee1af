"""The update of an optimizer is as long for many leaves as for few, and gives the same bits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.machine.step import make_step
from bpcore.parts.optimizers import Optimizer
from bpcore.program.equation import Slot
from bpcore.program.passes.flattening import flatten_carry
from bpcore.program.passes.rewriting import elementwise
from bpcore.program.passes.subexpressions import share
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore.words.trees import leaves
from tests.program.passes.random_programs import PLAIN, assert_kept, computed, written

OPTIMIZERS: list[Optimizer] = [
    bp.SGD(), bp.Momentum(), bp.Nesterov(), bp.Adagrad(), bp.RMSprop(), bp.Adam(), bp.AdamW(decay=0.1),
]  # fmt: skip


def step_of(optimizer: Optimizer, layers: int) -> tuple[Program, list[Any]]:
    """Return the recorded step of a network, and arrays to give to it."""
    net = bp.Chain(*[part for _ in range(layers) for part in (bp.Linear(4), bp.Tanh())])
    params = net.init(bp.key(0, backend="numpy"), (4,), dtype=np.float64)
    state = optimizer.init(params)
    batch = (np.sin(np.arange(12.0)).reshape(3, 4), np.cos(np.arange(12.0)).reshape(3, 4))
    step = make_step(net, bp.SquaredError(), optimizer)
    program = bp.compile(step, carry=2).program(params, state, batch)
    return share(program), leaves((params, state, batch))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda x: type(x).__name__)
def test_the_update_is_as_long_for_many_leaves_as_for_few(optimizer: Optimizer) -> None:
    found = []
    for layers in (2, 5):
        before, arrays = step_of(optimizer, layers)
        text = written(before)
        after = flatten_carry(before)
        assert written(before) == text
        assert_kept(before, after)
        for got, wanted in zip(computed(after, arrays), computed(before, arrays), strict=True):
            np.testing.assert_array_equal(got, wanted)
        vectors = [x for x in after.equations if x.function.name == "concat"]
        assert len(vectors) == 2 + len(optimizer.memories)  # parameters, gradients, and each memory
        sizes = {after.types[x.output].shape for x in vectors}
        of_vectors = (x for x in after.equations if after.types[x.output].shape in sizes)
        found.append([x.function.name for x in of_vectors if elementwise(x)])
    assert found[0] == found[1]


def test_what_does_not_fit_is_left_alone() -> None:
    def step(carried: Any, x: Any) -> Any:
        a, b, c, d, e = carried
        return (a + x, b * 2.0, c - 1.0, d, e * 3.0), x

    arrays = [np.ones(()), np.ones(2), np.ones(3), np.ones(2), np.ones((1, 2))]
    program = carried_by(step, tuple(arrays), np.asarray(1.0))
    assert flatten_carry(program) is program


def test_leaves_of_two_dtypes_are_two_vectors() -> None:
    def step(carried: Any, x: Any) -> Any:
        return [part * 0.5 for part in carried], x

    arrays = [np.ones(2), np.ones(3, np.float32), np.ones((2, 2)), np.ones((1, 2), np.float32)]
    after = flatten_carry(carried_by(step, arrays, np.asarray(1.0)))
    joined = [after.types[x.output] for x in after.equations if x.function.name == "concat"]
    assert [(kind.shape, kind.dtype) for kind in joined] == [((6,), np.float64), ((5,), np.float32)]


def test_an_updated_leaf_that_is_read_again_keeps_its_value() -> None:
    def step(carried: Any, x: Any) -> Any:
        after = [part * 0.5 + x for part in carried]
        return after, sum(bp.namespace("numpy").sum(part) for part in after)

    arrays = [np.ones(2), np.arange(6.0).reshape(3, 2)]
    before = carried_by(step, arrays, np.asarray(0.25))
    after = flatten_carry(before)
    assert any(x.function.name == "concat" for x in after.equations)
    for got, wanted in zip(computed(after, [*arrays, 0.25]), computed(before, [*arrays, 0.25]), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_what_is_broadcast_is_outside_of_the_vectors() -> None:
    def step(carried: Any, row: Any) -> Any:
        return [(part + row) * 0.5 for part in carried], row

    arrays = [np.ones((2, 3)), np.arange(6.0).reshape(2, 3)]
    row = np.asarray([1.0, -2.0, 3.0])
    before = carried_by(step, arrays, row)
    after = flatten_carry(before)
    assert [x.function.name for x in after.equations if elementwise(x)] == ["add", "add", "multiply"]
    for got, wanted in zip(computed(after, [*arrays, row]), computed(before, [*arrays, row]), strict=True):
        np.testing.assert_array_equal(got, wanted)


def carried_by(step: Any, carried: Any, *rest: Any) -> Program:
    count = len(leaves(carried))
    return replace(record(step, carried, *rest), carried=tuple((i, i) for i in range(count)))


UPDATES: dict[str, Any] = {
    "scale": lambda xp, a, b, n: a * n,
    "add": lambda xp, a, b, n: a + b,
    "multiply": lambda xp, a, b, n: xp.multiply(b, a),
    "square": lambda xp, a, b, n: xp.square(a),
    "shift": lambda xp, a, b, n: a - n,
    "choose": lambda xp, a, b, n: xp.where(a > n, a, b),
    "root": lambda xp, a, b, n: xp.sqrt(xp.abs(a)),
    "spread": lambda xp, a, b, n: a - xp.mean(b),
}
UPDATE = st.tuples(
    st.sampled_from(sorted(UPDATES)), st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.5, 1.0, 2.0])
)
SHAPE = st.sampled_from([(), (1,), (3,), (2, 3), (3, 1), (2, 1, 2)])


@settings(max_examples=40, deadline=None)
@given(st.lists(UPDATE, min_size=1, max_size=6), st.lists(SHAPE, min_size=1, max_size=5), st.integers(1, 2))
def test_any_update_of_any_leaves_keeps_its_bits(steps: Any, shapes: Any, memories: int) -> None:
    xp = bp.namespace("numpy")

    def one(values: list[Any]) -> list[Any]:
        for name, i, j, n in steps:
            values.append(UPDATES[name](xp, values[i % len(values)], values[j % len(values)], n))
        return values[-memories:]

    arrays = [
        [np.sin(np.arange(float(np.prod(shape))) + i + k).reshape(shape) for k in range(memories)]
        for i, shape in enumerate(shapes)
    ]
    before = share(carried_by(_alone(one), arrays, np.asarray(0.5)))
    after = flatten_carry(before)
    assert_kept(before, after)
    flat = [*leaves(arrays), np.asarray(0.5)]
    for got, wanted in zip(computed(after, flat), computed(before, flat), strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert all(isinstance(y, Slot) for y in after.outputs)


def _alone(one: Any) -> Any:
    """Return a step that does the same to the arrays of each row."""

    def step(carried: Any, x: Any) -> Any:
        return [one([*row, row[0] * x])[: len(row)] for row in carried], x

    return step


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda x: type(x).__name__)
def test_with_room_every_leaf_begins_at_a_multiple(optimizer: Optimizer) -> None:
    before, arrays = step_of(optimizer, 2)
    after = flatten_carry(before, PLAIN, room=32)
    assert_kept(before, after)
    for got, wanted in zip(computed(after, arrays), computed(before, arrays), strict=True):
        np.testing.assert_array_equal(got, wanted)
    cuts = [x.static["key"][0] for x in after.equations if x.function.name == "getitem"]
    assert cuts
    assert all(cut.start % 32 == 0 for cut in cuts)
    whole = {x.output: after.types[x.output].shape[0] for x in after.equations if x.function.name == "concat"}
    assert all(size % 32 == 0 for size in whole.values())
