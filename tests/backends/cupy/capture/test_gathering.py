"""Steps that gather their batches, lowered and captured on the stand-in: whole epochs, and data that stay."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import init_step_state, make_step
from bpcore.program.program import Program
from bpcore.run.feeding.gathering import gathering
from bpcore.words.trees import leaves
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.lowering.fake_machine import compiler_on
from tests.backends.cupy.lowering.host import FUNCTIONS
from tests.backends.cupy.lowering.networks import step_of

SAMPLES, SIZE = 23, 5


def gathered(count: int) -> tuple[Program, list[Any], Any]:
    """Return the Program of a step that takes `count` samples, what it carries at first, and its function."""
    net, key = bp.MLP([4, 6, 3], activation="relu"), bp.key(0, backend="numpy")
    params = net.init(key, (4,), dtype=np.float64)
    optimizer = bp.Adam(1e-2)
    state = init_step_state(net, optimizer, params, (4,), key)
    draw = np.random.default_rng(0)
    data = draw.normal(size=(SAMPLES, 4)), draw.integers(0, 3, SAMPLES).astype("int32")
    numpy = replace(bp.backend("numpy"), gathers=lambda size: True)
    step = bp.compile(make_step(net, bp.CrossEntropy(), optimizer), carry=2, backend=numpy)
    made = gathering(step, data, numpy)
    assert made is not None
    program = made.program(params, state, data, np.arange(count))
    return program, [np.asarray(x) for x in leaves((params, state, data))], program.function(FUNCTIONS)


@pytest.mark.parametrize("epochs", [3])
def test_epochs_are_one_loop_and_one_step_each_and_the_data_stay(epochs: int) -> None:
    whole, arrays, by_numpy = gathered(SIZE)
    part, _, by_numpy_part = gathered(SAMPLES % SIZE)
    device, shared = FakeDevice(), {}
    compiler, products = compiler_on(device)
    loop = compiler.loop(whole, FUNCTIONS, shared)
    step = compiler.compile(part, FUNCTIONS, shared)
    count, many = len(whole.carried), SAMPLES // SIZE
    carried: list[Any] = [device.array(x, str(x.dtype)) for x in arrays]
    wanted = arrays
    for epoch in range(epochs):
        order = np.random.default_rng(epoch).permutation(SAMPLES)
        rows, rest = order[: many * SIZE].reshape(many, SIZE), order[many * SIZE :]
        waits = device.waits
        outputs = loop(many, *carried, device.array(rows, "int64"))
        last = step(*outputs[:count], device.array(rest, "int64"))
        assert device.waits == waits or epoch == 0
        carried = list(last[:count])
        losses = []
        for one in rows:
            found = by_numpy(*wanted, one)
            wanted = list(found[:count])
            losses.append(found[count:])
        found = by_numpy_part(*wanted, rest)
        wanted = list(found[:count])
        for x, column in zip(outputs[count:], zip(*losses, strict=True), strict=True):
            np.testing.assert_allclose(np.array(x.get()), np.stack(column), rtol=1e-9)
        for x, y in zip(last, found, strict=True):
            np.testing.assert_allclose(np.array(x.get()), y, rtol=1e-9, atol=1e-12)
    assert not products.library.wrong


def test_no_step_copies_the_data() -> None:
    program, _, _ = gathered(SIZE)
    run = compiler_on(FakeDevice())[0].compile(program, FUNCTIONS, {})
    data = [i for i, slot in enumerate(program.inputs) if program.types[slot].shape[:1] == (SAMPLES,)]
    homes = {run.steps.before[i].memory.root for i in data}
    written = [place.memory.root for step in run.steps.steps for place in step.writes]
    assert data
    for i in data:
        x = run.steps.before[i]
        assert run.steps.after[i] is x or run.steps.after[i] == x
        assert not [root for root in written if root is x.memory.root and root.size == x.memory.root.size]
    assert homes


@pytest.mark.parametrize("name", ["relu", "dropout"])  # in place, and in turn
def test_what_is_dropped_is_freed_at_once(name: str) -> None:
    program, arrays, batches = step_of(name)
    device, shared = FakeDevice(), {}
    compiler = compiler_on(device)[0]
    run, loop = (make(program, FUNCTIONS, shared) for make in (compiler.compile, compiler.loop))
    given = [device.array(x, str(x.dtype)) for x in [*arrays, *batches[0]]]
    enabled = gc.isenabled()
    gc.disable()
    try:
        run(*given)
        assert sum(pool.held for pool in device.all_pools if pool.private) > 0
        del run, loop, shared, compiler
        assert sum(pool.held for pool in device.all_pools if pool.private) == 0
    finally:
        if enabled:
            gc.enable()
