"""The memory of captured steps: what is freed, what stays, and what happens when there is too little."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import numpy as np
import pytest

from bpcore.words.errors import MemoryExhausted, StepClosed
from bpcore_cupy.capture.captured import Captured
from tests.backends.cupy.capture.beside import BATCH, batches, on, same
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.steps import FEATURES, carried, numpy_step, recipe


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


def test_closed_it_holds_nothing_and_says_so(device: FakeDevice) -> None:
    with Captured(recipe(device, BATCH), device) as step:
        outputs = step(*on(device, carried()), device.array(batches(1)[0], "int64"))
        kept = outputs[0].get()
        step.loop(4, *outputs[:4], device.array(np.stack(batches(4)), "int64"))
        assert device.private_bytes() > 0
    held = [x for x in outputs if x.block.arena]
    np.testing.assert_array_equal(outputs[4].get(), numpy_step(carried(), batches(1)[0])[1])
    assert kept.shape == (FEATURES,)
    assert device.private_bytes() == 512 * len({id(x.block) for x in held})  # what the caller still has
    for call in (step, step.again, lambda *_: step.loop(1)):
        with pytest.raises(StepClosed, match="the compiled step was closed, and its memory freed"):
            call(*outputs)
    step.close()
    del outputs, held
    assert sum(pool.held for pool in device.all_pools if pool.private) == 0


def test_garbage_is_freed_without_being_closed(device: FakeDevice) -> None:
    step = Captured(recipe(device, BATCH), device)
    step(*on(device, carried()), device.array(batches(1)[0], "int64"))
    assert device.private_bytes() > 0
    del step
    gc.collect()
    assert device.private_bytes() == 0


def test_a_hundred_steps_take_no_more_memory_than_one(device: FakeDevice) -> None:
    step = Captured(recipe(device, BATCH), device)
    outputs = on(device, carried())
    sizes = set()
    for one in batches(100):
        outputs = step(*outputs[:4], device.array(one, "int64"))
        sizes.add(device.private_bytes())
        sizes.add(device.private_bytes())
    assert len(sizes) == 1
    assert device.common.bytes < 512 * 40


def test_exhausted_memory_is_told_in_bytes_and_all_of_it_given_back() -> None:
    device = FakeDevice(capacity=24_000)
    shared: dict[str, Any] = {}
    given = on(device, carried())
    before = device.private_bytes()
    large = Captured(recipe(device, 400), device, shared=shared)
    with pytest.raises(MemoryExhausted, match=r"not enough memory for step: 12,800 bytes more were wanted"):
        large(*given, device.array(np.zeros(400), "int64"))
    assert device.private_bytes() == before
    values, one = carried(), batches(1)[0]
    small = Captured(recipe(device, BATCH), device, shared=shared)
    same(device, small(*given, device.array(one, "int64")), *numpy_step(values, one))


def test_a_graph_never_replays_in_blocks_that_exhausted_memory_gave_back() -> None:
    values = carried()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for capacity in range(8_000, 40_000, 512):
            device = FakeDevice(capacity=capacity)
            shared: dict[str, Any] = {}
            outputs: Any = on(device, values)
            wanted = values
            try:
                for size in (2, 3, 2, 60, 2, 3):
                    step = shared.setdefault(size, Captured(recipe(device, size), device, shared=shared))
                    one = np.arange(size) % 12
                    kept = [x.get() for x in outputs[:4]]
                    outputs = step(*outputs[:4], device.array(one, "int64"))
                    wanted, loss, residual = numpy_step(kept, one)
                    same(device, outputs, wanted, loss, residual)
            except MemoryError:
                continue


def test_data_that_stay_lie_in_the_callers_array(device: FakeDevice) -> None:
    values = carried(samples=4000)
    step = Captured(recipe(device, BATCH, samples=4000), device)
    data = device.array(values[3])
    outputs = step(*on(device, values[:3]), data, device.array(batches(1)[0], "int64"))
    assert outputs[3] is data
    assert device.private_bytes() < data.value.nbytes
    # other data in their place are read, and the first are not written
    other = carried(seed=5, samples=4000)[3]
    one = batches(1)[0]
    wanted = numpy_step([*numpy_step(values, one)[0][:3], other], one)
    same(device, step(*outputs[:3], device.array(other), device.array(one, "int64")), *wanted)
    np.testing.assert_array_equal(data.get(), values[3])


def test_data_that_lie_otherwise_are_copied_once(device: FakeDevice) -> None:
    values, one = carried(), batches(1)[0]
    step = Captured(recipe(device, BATCH), device)
    data = device.array(np.ascontiguousarray(values[3].T)).T
    outputs = step(*on(device, values[:3]), data, device.array(one, "int64"))
    assert outputs[3] is not data
    same(device, outputs, *numpy_step(values, one))
