"""A captured step against NumPy's, on the stand-in that sees every race and refuses what CUDA refuses."""

from __future__ import annotations

import gc
import threading
from typing import Any

import numpy as np
import pytest

from bpcore.words.errors import OptionError, OtherThread
from bpcore_cupy.capture.captured import Captured
from tests.backends.cupy.capture.beside import BATCH, batches, on, same, stepped
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.steps import SPOILERS, WAYS, carried, numpy_step, recipe


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


@pytest.mark.parametrize("way", WAYS)
def test_many_steps_are_numpys_with_one_launch_each_and_no_wait(device: FakeDevice, way: str) -> None:
    step, values = Captured(recipe(device, BATCH, way), device), carried()
    rows = batches(20)
    indices = [device.array(one, "int64") for one in rows]
    outputs = step(*on(device, values), indices[0])
    waits, launches = device.waits, device.launches
    kept = [outputs[4:]]
    for one in indices[1:]:
        outputs = step(*outputs[:4], one)
        kept.append(outputs[4:])
    assert device.waits == waits
    assert device.launches == launches + 19 == 20
    assert not step.eager
    values, losses, residuals = stepped(values, rows)
    same(device, outputs, values, losses[-1], residuals[-1])
    for (loss, residual), *wanted in zip(kept, losses, residuals, strict=True):  # fresh, so still there
        np.testing.assert_array_equal(loss.get(), wanted[0])
        np.testing.assert_array_equal(residual.get(), wanted[1])


@pytest.mark.parametrize("way", WAYS)
def test_the_first_callers_arrays_are_not_written(device: FakeDevice, way: str) -> None:
    step, values = Captured(recipe(device, BATCH, way), device), carried()
    given = on(device, values)
    first = step(*given, device.array(batches(1)[0], "int64"))
    again = step(*given, device.array(batches(1)[0], "int64"))
    for x, y in zip(given, values, strict=True):
        np.testing.assert_array_equal(x.get(), y)
    np.testing.assert_array_equal(first[4].get(), again[4].get())


@pytest.mark.parametrize("way", WAYS)
def test_what_comes_back_elsewhere_or_as_a_view_is_read_before_it_is_overwritten(
    device: FakeDevice, way: str
) -> None:
    step, values = Captured(recipe(device, BATCH, way), device), carried()
    one = batches(1)[0]
    w, v, t, data, *_ = step(*on(device, values), device.array(one, "int64"))
    outputs = step(v, w[::-1], t, data, device.array(one, "int64"))
    values, *_ = numpy_step(values, one)
    values, loss, residual = numpy_step([values[1], values[0][::-1], *values[2:]], one)
    same(device, outputs, values, loss, residual)


@pytest.mark.parametrize("way", ["in turn", "mixed"])
def test_the_state_before_the_last_may_be_gone_back_to(device: FakeDevice, way: str) -> None:
    step, values = Captured(recipe(device, BATCH, way), device), carried()
    one, other = batches(2)
    before = step(*on(device, values), device.array(one, "int64"))
    kept = [device.array(x.get()) for x in before[:4]]
    step(*before[:4], device.array(other, "int64"))
    outputs = step(kept[0], before[1] if way == "in turn" else kept[1], *kept[2:], device.array(one, "int64"))
    values, *_ = numpy_step(values, one)
    same(device, outputs, *numpy_step(values, one))


def test_in_place_again_takes_and_returns_what_is_not_carried(device: FakeDevice) -> None:
    step, values = Captured(recipe(device, BATCH, "in place"), device), carried()
    rows = batches(3)
    with pytest.raises(OptionError, match="Call the step itself first"):
        step.again(device.array(rows[0], "int64"))
    known = step(*on(device, values), device.array(rows[0], "int64"))[:4]
    for one in rows[1:]:
        others = step.again(device.array(one, "int64"))
    values, losses, residuals = stepped(values, rows)
    same(device, [*known, *others], values, losses[-1], residuals[-1])


@pytest.mark.parametrize("way", WAYS)
def test_steps_with_other_batches_share_their_homes(device: FakeDevice, way: str) -> None:
    shared: dict[str, Any] = {}
    sizes = [5, 5, 2, 5, 2, 2, 5]
    steps = {size: Captured(recipe(device, size, way), device, shared=shared) for size in (5, 2)}
    values = carried()
    outputs: Any = on(device, values)
    for number, size in enumerate(sizes):
        one = batches(1, size, number)[0]
        outputs = steps[size](*outputs[:4], device.array(one, "int64"))
        values, loss, residual = numpy_step(values, one)
        same(device, outputs, values, loss, residual)
    steps[5].close()
    one = batches(1, 2)[0]
    same(device, steps[2](*outputs[:4], device.array(one, "int64")), *numpy_step(values, one))
    steps[2].close()
    del outputs
    assert sum(pool.held for pool in device.all_pools if pool.private) == 0


def test_a_new_batch_may_come_with_what_is_carried_in_other_places(device: FakeDevice) -> None:
    shared: dict[str, Any] = {}
    values, one, other = carried(), batches(1)[0], batches(1, 3)[0]
    first, second = (Captured(recipe(device, size), device, shared=shared) for size in (BATCH, 3))
    w, v, t, data, *_ = first(*on(device, values), device.array(one, "int64"))
    values, *_ = numpy_step(values, one)
    outputs = second(v, w, t, data, device.array(other, "int64"))  # warmed up while they are on their way
    same(device, outputs, *numpy_step([values[1], values[0], *values[2:]], other))


def test_a_step_that_carries_something_else_has_homes_of_its_own(device: FakeDevice) -> None:
    shared: dict[str, Any] = {}
    for samples in (12, 9):
        step = Captured(recipe(device, BATCH, samples=samples), device, shared=shared)
        values = carried(samples=samples)
        one = batches(1)[0] % samples
        same(device, step(*on(device, values), device.array(one, "int64")), *numpy_step(values, one))
    assert len(shared["homes"]) == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_cannot_be_captured_is_named_once_and_runs_eagerly_for_good(
    device: FakeDevice, way: str, spoil: str
) -> None:
    step, values = Captured(recipe(device, BATCH, way, spoil=spoil), device), carried()
    rows = batches(4)
    named = {"query": "one of its functions", "grow": "new memory in each run"}.get(spoil, spoil)
    with pytest.warns(RuntimeWarning, match=rf"^step runs call by call on cupy:0: .*{named}") as caught:
        outputs = step(*on(device, values), device.array(rows[0], "int64"))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert step.eager
    kept = spoil == "grow"  # a function that holds on to its memory
    assert sum(pool.private and pool.bytes > 0 for pool in device.all_pools) == 2 + kept
    for one in rows[1:]:
        outputs = step(*outputs[:4], device.array(one, "int64"))
    values, losses, residuals = stepped(values, rows)
    same(device, outputs, values, losses[-1], residuals[-1])
    assert not device.launches
    outputs = step.loop(4, *outputs[:4], device.array(np.stack(rows), "int64"))
    values, losses, residuals = stepped(values, rows)
    same(device, outputs, values, np.stack(losses), np.stack(residuals))
    assert not device.launches


def test_an_interrupt_in_a_capture_leaves_the_step_as_it_was(device: FakeDevice) -> None:
    made = recipe(device, BATCH)
    step, values = Captured(made, device), carried()
    given, one = on(device, values), batches(1)[0]
    row, hit = device.array(one, "int64"), [True]
    kernel = device.kernel

    def interrupted(*args: Any) -> None:
        if device.capturing() and hit.pop():
            raise KeyboardInterrupt
        kernel(*args)

    device.kernel = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        step(*given, row)
    device.kernel = kernel  # type: ignore[method-assign]
    assert not device.capturing()
    assert gc.isenabled()
    same(device, step(*given, row), *numpy_step(values, one))


def test_another_thread_is_refused(device: FakeDevice) -> None:
    step = Captured(recipe(device, BATCH), device)
    given, row = on(device, carried()), device.array(batches(1)[0], "int64")
    step(*given, row)
    caught: list[BaseException] = []

    def call() -> None:
        try:
            step(*given, row)
        except OtherThread as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert "belongs to the thread of its first call" in str(caught[0])


def test_work_is_ordered_with_whatever_stream_the_caller_uses(device: FakeDevice) -> None:
    step, values = Captured(recipe(device, BATCH), device), carried()
    rows = batches(6)
    with device.entered():
        own = device.stream()
    outputs: Any = on(device, values)
    for number, one in enumerate(rows):
        with own if number % 2 else device.null:
            if number % 2:  # their stream waits for the other, as the caller has to
                with device.entered():
                    event = device.event()
                device.null.record(event)
                own.wait_event(event)
            row = device.array(one, "int64")
            outputs = step(*outputs[:4], row)
            row.set(np.zeros(BATCH))  # a race, if the step did not come first
            outputs[4].get()
            if number % 2:
                own.record(event)
                device.null.wait_event(event)
    values, losses, residuals = stepped(values, rows)
    same(device, outputs, values, losses[-1], residuals[-1])


@pytest.mark.parametrize("options", [{"warm_ups": 0}, {"at_once": 0}, {"warm_ups": 1.0}])
def test_counts_are_counts(device: FakeDevice, options: Any) -> None:
    with pytest.raises(OptionError, match="a whole number, 1 or more"):
        Captured(recipe(device, BATCH), device, **options)
