"""Small launches beside one another: fewer launches, and nothing before what it needs."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.machine.step import init_step_state, make_step
from bpcore.program.equation import Slot
from bpcore.program.program import Program
from bpcore.run.feeding.gathering import gathering
from bpcore_cupy.elements import Kernel
from bpcore_cupy.lowering.merging import Merged, with_merged
from bpcore_cupy.lowering.nearing import brought_near
from bpcore_cupy.lowering.places import Memory, Place
from bpcore_cupy.lowering.steps import Function, Launch, Step
from tests.backends.cupy.lowering.host import FUNCTIONS, lowered

NUMBERS = st.lists(st.integers(0, 5), max_size=2)
STEPS = st.lists(st.tuples(st.booleans(), NUMBERS, st.integers(0, 5)), max_size=12)


def made(kinds: list[tuple[bool, list[int], int]]) -> list[Step]:
    """Return steps on six pieces of memory: whether each is small, what it reads and what it writes."""
    places = [Place((1,), (1,), memory=Memory(4), dtype="float32") for _ in range(6)]
    equation: Any = None
    steps: list[Step] = []
    for number, (small, reads, writes) in enumerate(kinds):
        operands, outputs = [places[i] for i in reads], [places[writes]]
        common: dict[str, Any] = {"equation": equation, "operands": operands, "outputs": outputs}
        if small:
            slots = {Slot(i): place for i, place in enumerate([*operands, *outputs])}
            kernel = Kernel(f"k{number}", "", tuple(slots), 1, 32)
            steps.append(Launch(name="small", kernel=kernel, places=slots, **common))
        else:
            steps.append(Function(name="large", **common))
    return steps


def groups(steps: list[Step]) -> int:
    return sum(
        not (isinstance(step, Launch) and i and isinstance(steps[i - 1], Launch))
        for i, step in enumerate(steps)
    )


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_whoever_meets_stays_in_order_and_no_launch_is_more(kinds: list[tuple[bool, list[int], int]]) -> None:
    steps = made(kinds)
    found = brought_near(steps)
    assert sorted(map(id, found)) == sorted(map(id, steps))
    at = {id(step): number for number, step in enumerate(found)}
    for one, other in combinations(steps, 2):
        first, then = ({id(x.memory) for x in step.writes} for step in (one, other))
        uses, theirs = ({id(x.memory) for x in [*s.reads, *s.writes]} for s in (one, other))
        if first & theirs or then & uses:
            assert at[id(one)] < at[id(other)]
    assert groups(found) <= groups(steps)


def training(sizes: list[int]) -> Program:
    net, key = bp.MLP(sizes, activation="relu"), bp.key(0, backend="numpy")
    params = net.init(key, (sizes[0],), dtype=np.float32)
    optimizer = bp.Adam(1e-3)
    state = init_step_state(net, optimizer, params, (sizes[0],), key)
    step = bp.compile(make_step(net, bp.CrossEntropy(), optimizer), carry=2)
    batch = np.zeros((128, sizes[0]), np.float32), np.zeros(128, np.int32)
    return step.program(params, state, batch)


@pytest.mark.parametrize(("sizes", "launches"), [([784, 512, 512, 10], 10), ([784, 512, 10], 7)])
def test_the_numbers_of_the_rate_are_made_beside_the_loss(sizes: list[int], launches: int) -> None:
    found = with_merged(lowered(training(sizes), FUNCTIONS))
    assert found.launches == launches
    (one,) = (step for step in found.steps if isinstance(step, Merged))
    assert "argmax" in one.name
    assert "expm1" in one.name


def test_labels_that_are_taken_out_of_data_are_taken_beside_the_loss() -> None:
    net, key = bp.MLP([784, 512, 10], activation="relu"), bp.key(0, backend="numpy")
    params = net.init(key, (784,), dtype=np.float32)
    optimizer = bp.Adam(1e-3)
    state = init_step_state(net, optimizer, params, (784,), key)
    data = np.zeros((1000, 784), np.float32), np.zeros(1000, np.int32)
    numpy = replace(bp.backend("numpy"), gathers=lambda size: True)
    made = gathering(bp.compile(make_step(net, bp.CrossEntropy(), optimizer), carry=2), data, numpy)
    assert made is not None
    found = with_merged(lowered(made.program(params, state, data, np.arange(128)), FUNCTIONS))
    assert found.launches == 8  # one more than without data: their rows
    (one,) = (step for step in found.steps if isinstance(step, Merged))
    assert one.name.startswith("take, ")
