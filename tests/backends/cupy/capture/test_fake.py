"""The stand-in sees what it is there to see: each race, and each thing that a capture forbids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore_cupy.capture.device import Kind
from tests.backends.cupy.capture.clocks import Race
from tests.backends.cupy.capture.fake import FakeDevice, FakeStream
from tests.backends.cupy.capture.memory import FakeOutOfMemory, FakePool, Forbidden

KIND = Kind((4,), "float64")


@pytest.fixture
def device() -> Any:
    device = FakeDevice()
    with device.entered():
        yield device


def made(device: FakeDevice) -> tuple[FakeStream, FakePool, Any, Any]:
    stream, pool = device.stream(), device.pool()
    with pool.used(), stream:
        return stream, pool, device.empty(KIND), device.empty(KIND)


def test_pinned_memory_overwritten_while_its_copy_is_in_flight_is_a_race(device: FakeDevice) -> None:
    stream, _, x, _ = made(device)
    pinned, event = device.pinned(KIND), device.event()
    device.fill(pinned, np.ones(4))
    device.upload(x, pinned, stream)
    stream.record(event)
    with pytest.raises(Race, match="fill writes what upload may still use"):
        device.fill(pinned, np.zeros(4))
    event.synchronize()
    device.fill(pinned, np.zeros(4))


def test_an_upload_into_what_a_step_still_reads_is_a_race(device: FakeDevice) -> None:
    stream, _, x, y = made(device)
    copies, pinned, event = device.stream(), device.pinned(KIND), device.event()
    device.zero(x, stream)
    device.copy(y, x, stream)
    with pytest.raises(Race, match="upload writes what"):
        device.upload(x, pinned, copies)
    stream.record(event)
    copies.wait_event(event)
    device.upload(x, pinned, copies)
    with pytest.raises(Race, match="copy reads what upload may still use"):
        device.copy(y, x, stream)


def test_an_event_orders_what_was_before_it_alone(device: FakeDevice) -> None:
    stream, _, x, y = made(device)
    other, event = device.stream(), device.event()
    stream.record(event)
    device.zero(x, stream)
    other.wait_event(event)
    with pytest.raises(Race):
        device.copy(y, x, other)


def test_the_null_stream_orders_nothing(device: FakeDevice) -> None:
    stream, _, x, _ = made(device)
    y = device.array(np.ones(4))
    with pytest.raises(Race, match="copy reads what set may still use"):
        device.copy(x, y, stream)


def test_reading_on_the_host_waits_for_the_current_stream_alone(device: FakeDevice) -> None:
    stream, _, x, _ = made(device)
    device.zero(x, stream)
    with pytest.raises(Race, match="get reads what zero may still use"):
        x.get()
    with stream:
        assert x.get().tolist() == [0.0] * 4


def test_parts_that_do_not_overlap_are_no_race(device: FakeDevice) -> None:
    stream, _, x, _ = made(device)
    other = device.stream()
    device.zero(x[:2], stream)
    device.zero(x[2:], other)
    with pytest.raises(Race):
        device.zero(x[1:3], other)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda device, stream, x: x.get(), "D2H transfers are disallowed"),
        (lambda device, stream, x: float(x[0]), "D2H transfers are disallowed"),
        (lambda device, stream, x: bool(x[0]), "D2H transfers are disallowed"),
        (lambda device, stream, x: x.set(np.ones(4)), "H2D transfers are disallowed"),
        (
            lambda device, stream, x: device.upload(x, device.pinned(KIND), stream),
            "H2D transfers are disallowed",
        ),
        (lambda device, stream, x: device.upload(x, np.ones(4), device.stream()), "pageable"),
        (lambda device, stream, x: stream.synchronize(), "StreamCaptureUnsupported"),
        (lambda device, stream, x: device.event().synchronize(), "StreamCaptureUnsupported"),
        (lambda device, stream, x: stream.wait_event(device.event()), "Isolation"),
        (lambda device, stream, x: device.empty(KIND), "outside the private pool"),
        (lambda device, stream, x: device.all_pools[-1].free(), "freed during a capture"),
    ],
)
def test_a_capture_refuses(device: FakeDevice, act: Any, said: str) -> None:
    stream, _, x, _ = made(device)
    with stream:
        stream.begin_capture()
        with pytest.raises(Forbidden, match=said):
            act(device, stream, x)


@pytest.mark.parametrize("act", ["done", "synchronize"])
def test_what_asks_the_stream_spoils_the_capture(device: FakeDevice, act: str) -> None:
    stream, _, _, _ = made(device)
    stream.begin_capture()
    if act == "done":
        assert stream.done
    else:
        with pytest.raises(Forbidden):
            stream.synchronize()
    with pytest.raises(Forbidden, match="Invalidated"):
        stream.end_capture()
    stream.synchronize()


def test_the_null_stream_is_not_captured(device: FakeDevice) -> None:
    with pytest.raises(Forbidden, match="legacy"):
        device.null.begin_capture()


def captured(device: FakeDevice, stream: FakeStream, pool: FakePool, x: Any) -> Any:
    with pool.used(), stream:
        stream.begin_capture()
        temporary = device.empty(KIND)
        device.copy(temporary, x, stream)
        device.copy(x, temporary, stream)
        graph = stream.end_capture()
    graph.upload(stream)
    return graph


def test_what_is_captured_is_done_at_each_launch_and_not_before(device: FakeDevice) -> None:
    stream, pool, x, _ = made(device)
    device.zero(x, stream)
    value = x.value
    with pool.used(), stream:
        stream.begin_capture()
        device.kernel("add", stream.ptr, lambda: np.add(value, 1.0, out=value), [x], [x])
        graph = stream.end_capture()
    graph.upload(stream)
    assert value.tolist() == [0.0] * 4
    graph.launch(stream)
    graph.launch(stream)
    assert value.tolist() == [2.0] * 4


def test_a_replay_in_freed_memory_is_refused(device: FakeDevice) -> None:
    stream, pool, x, _ = made(device)
    device.zero(x, stream)
    graph = captured(device, stream, pool, x)
    graph.launch(stream)
    stream.synchronize()
    pool.free()
    with pytest.raises(Forbidden, match="memory that was freed"):
        graph.launch(stream)


def test_a_replay_in_memory_that_somebody_else_was_given_is_refused(device: FakeDevice) -> None:
    stream, pool, x, _ = made(device)
    device.zero(x, stream)
    graph = captured(device, stream, pool, x)
    with pool.used(), stream:
        other = device.empty(KIND)
    with pytest.raises(Forbidden, match="given to somebody else"):
        graph.launch(stream)
    del other
    graph.launch(stream)


def test_memory_comes_back_when_the_last_view_is_gone_and_ends(device: FakeDevice) -> None:
    device.capacity = 1024
    pool = device.pool()
    with pool.used():
        x = device.empty(KIND)[1:]
        y = device.empty(KIND)
        assert pool.held == pool.bytes == 1024
        with pytest.raises(FakeOutOfMemory):
            device.empty(KIND)
        del x
        assert pool.held == 512
        z = device.empty(KIND)
    del y, z
    pool.free()
    assert pool.bytes == 0
