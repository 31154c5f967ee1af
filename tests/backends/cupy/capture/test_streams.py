"""Whose stream a captured step is on: the caller's, with events only where another one takes over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore.words.errors import StreamCaptures
from bpcore_cupy.capture.captured import Captured
from bpcore_cupy.capture.launching import Uncapturable, capture, perform
from bpcore_cupy.capture.recipe import Call
from tests.backends.cupy.capture.beside import BATCH, batches, on, ordered_with_null, same, stepped
from tests.backends.cupy.capture.fake import FakeDevice, FakeStream
from tests.backends.cupy.capture.steps import WAYS, carried, numpy_step, recipe


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


def another(device: FakeDevice, *, lasting: bool = True) -> FakeStream:
    with device.entered():
        stream = device.stream()
    stream.lasting = lasting
    return stream


def events(device: FakeDevice) -> int:
    return sum(stream.events for stream in [device.null, *device.streams])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("own", [False, True])
def test_on_one_stream_no_event_is_recorded(device: FakeDevice, way: str, own: object) -> None:
    step, values, rows = Captured(recipe(device, BATCH, way), device), carried(), batches(6)
    with another(device) if own else device.null:
        outputs: Any = step(*on(device, values), device.array(rows[0], "int64"))
        recorded = events(device)
        for one in rows[1:]:
            outputs = step(*outputs[:4], device.array(one, "int64"))
        stacked = device.array(np.stack(rows), "int64")
        outputs = step.loop(6, *outputs[:4], stacked)
        first = events(device)
        outputs = step.loop(6, *outputs[:4], stacked)
        assert events(device) == first <= recorded + 2  # what stands around a loop ran once on its own
        for _ in range(3):
            values, losses, residuals = stepped(values, rows)
        same(device, outputs, values, np.stack(losses), np.stack(residuals))


@pytest.mark.parametrize("lasting", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_streams_that_nobody_orders_may_take_turns(device: FakeDevice, way: str, lasting: Any) -> None:
    step = Captured(recipe(device, BATCH, way), device)
    streams = [another(device, lasting=lasting), another(device)]
    seen = []
    for number, one in enumerate(batches(7)):
        values = carried(seed=number)
        with streams[number % 3 % 2]:
            outputs = step(*on(device, values), device.array(one, "int64"))
            seen.append((device.current(), outputs[4], numpy_step(values, one)[1]))
    for stream, loss, wanted in seen:
        with stream:
            np.testing.assert_array_equal(loss.get(), wanted)
    step.close()


def test_a_stream_that_may_be_gone_is_not_needed_afterwards(device: FakeDevice) -> None:
    step, values, rows = Captured(recipe(device, BATCH), device), carried(), batches(3)
    outputs: Any = on(device, values)
    for one in rows:
        theirs = another(device, lasting=False)
        with ordered_with_null(device, theirs):
            outputs = step(*outputs[:4], device.array(one, "int64"))
        theirs.record = theirs.synchronize = None  # type: ignore[method-assign, assignment]
    values, losses, residuals = stepped(values, rows)
    same(device, outputs, values, losses[-1], residuals[-1])
    step.close()


@pytest.mark.parametrize("warm", [False, True])
def test_a_callers_own_capture_is_refused_and_not_spoilt(device: FakeDevice, warm: object) -> None:
    step, values, rows = Captured(recipe(device, BATCH), device), carried(), batches(2)
    theirs, theirs_pool = another(device), device.pool()
    with theirs:
        outputs: Any = on(device, values)
        row = device.array(rows[1], "int64")
        if warm:
            outputs = step(*outputs, device.array(rows[0], "int64"))
            values = numpy_step(values, rows[0])[0]
        theirs.begin_capture()
        with theirs_pool.used(), pytest.raises(StreamCaptures, match="outside of the capture"):
            step(*outputs[:4], row)
        assert theirs.capturing == []
        theirs.end_capture()  # it raises where something was enqueued that may not be
        same(device, step(*outputs[:4], row), *numpy_step(values, rows[1]))


def test_a_pool_at_its_limit_that_gives_back_what_it_takes_spoils_the_capture(device: FakeDevice) -> None:
    with device.entered():
        pool, stream = device.pool(), device.stream()
        sizes = iter([2000, 1000, 2000])
        device.capacity = 2048

        def enqueue(_: int) -> None:
            device.common.used()
            shape = (next(sizes),)
            pool.allocate(shape, "uint8")

        call = Call("grow", enqueue)
        perform([call], stream, pool)
        before = pool.bytes
        pool._drop_free()
        with pytest.raises(Uncapturable, match="new memory in each run"):
            capture([Call("grow", lambda _: pool.allocate((2000,), "uint8"))], stream, pool)
        assert pool.bytes == before


def test_a_device_that_has_failed_is_closed_without_a_second_error(device: FakeDevice) -> None:
    step = Captured(recipe(device, BATCH), device)
    step(*on(device, carried()), device.array(batches(1)[0], "int64"))
    own = device.streams[0]

    def failed() -> None:
        raise RuntimeError("an illegal memory access was encountered")

    device.null.synchronize = own.synchronize = failed  # type: ignore[method-assign]
    for pool in device.all_pools:
        pool.free = failed  # type: ignore[method-assign]
    step.close()
    assert not step._homes.places
    assert not step._homes.users
