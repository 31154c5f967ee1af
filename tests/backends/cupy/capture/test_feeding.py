"""Batches that are brought ahead: the values, the order, the overlap, and what is freed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpcore.words.errors import MemoryExhausted
from bpcore_cupy.capture import feeding
from bpcore_cupy.capture.captured import Captured
from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.feeding import Feed, fed
from tests.backends.cupy.capture.clocks import Race
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.steps import carried, numpy_step, recipe


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


def host_batches(sizes: list[int]) -> Iterator[tuple[Any, ...]]:
    """Yield batches in one buffer that is overwritten, as a file's reader may."""
    random, buffer = np.random.default_rng(0), np.zeros((max(sizes), 3), "float32")
    for size in sizes:
        buffer[:size] = random.normal(size=(size, 3))
        yield buffer[:size], np.arange(size, dtype="int32")


def read(device: FakeDevice, x: Any) -> Any:
    """Return values by a step that copies them on the caller's stream; the host does not wait."""
    kept = device.empty(Kind(x.shape, str(x.dtype)))
    device.copy(kept, x, device.current())
    return kept


@pytest.mark.parametrize("sizes", [[4], [4, 4], [4] * 7 + [3], [1, 2, 3, 4, 5, 6, 7, 8, 2, 3], []])
def test_batches_arrive_in_order_with_their_values(device: FakeDevice, sizes: list[int]) -> None:
    feed, arrived = Feed(device), []
    for x, y in feed(host_batches(sizes)) if sizes else feed([]):
        with device.entered():
            arrived.append((read(device, x), read(device, y)))
    wanted = [tuple(part.copy() for part in batch) for batch in host_batches(sizes)] if sizes else []
    for got, batch in zip(arrived, wanted, strict=True):
        for x, y in zip(got, batch, strict=True):
            np.testing.assert_array_equal(x.get(), y)
            assert x.get().dtype == y.dtype
    x = y = None
    feed.close()
    assert device.private_bytes() == 0


@given(
    sizes=st.lists(st.integers(1, 6), max_size=12),
    kinds=st.lists(st.booleans(), min_size=12, max_size=12),
    own=st.lists(st.booleans(), min_size=12, max_size=12),
    stop=st.integers(1, 12),
)
@settings(max_examples=80, deadline=None)
def test_whatever_the_sizes_and_the_streams_of_those_who_read(
    sizes: list[int], kinds: list[bool], own: list[bool], stop: int
) -> None:
    device = FakeDevice()
    with device.entered():
        other = device.stream()
    wanted = [
        np.arange(n, dtype="int32" if kind else "float64") + 10 * i
        for i, (n, kind) in enumerate(zip(sizes, kinds, strict=False))
    ]
    seen = []
    lent = fed(device, ((x.copy(),) for x in wanted))
    for number in range(min(stop, len(wanted))):
        with other if own[number] else device.null:  # the batch is asked for, and read, on one stream
            (x,) = next(lent)
            with device.entered():
                seen.append((other if own[number] else device.null, read(device, x)))
            x = None
            if number + 1 < len(own) and own[number] != own[number + 1]:
                with device.entered():
                    event = device.event()
                device.current().record(event)  # who changes the stream orders the two
                (device.null if own[number] else other).wait_event(event)
    lent.close()
    for (stream, x), y in zip(seen, wanted, strict=False):
        with stream:
            np.testing.assert_array_equal(x.get(), y)
    assert sum(pool.held for pool in device.all_pools if pool.private) == 0


def test_numbers_are_cast_on_the_host(device: FakeDevice) -> None:
    (x,) = next(iter(Feed(device)([(np.asarray([1.0, 2.0]),)])))
    assert str(x.dtype) == "float64"


def test_the_next_batch_is_sent_before_the_step_is_asked_for(device: FakeDevice) -> None:
    sent: list[int] = []
    upload = device.upload

    def noted(*args: Any) -> None:
        sent.append(1)
        upload(*args)

    device.upload = noted  # type: ignore[method-assign]
    counts = [len(sent) for _ in Feed(device)((np.zeros(2),) for _ in range(5))]
    assert counts == [2, 3, 4, 5, 5]


def test_steps_read_their_batch_and_the_upload_of_another_is_not_ordered_after_them(
    device: FakeDevice,
) -> None:
    step, values = Captured(recipe(device, 5), device), carried()
    rows = list(np.random.default_rng(1).integers(0, 12, (9, 5)))
    outputs: Any = [device.array(x) for x in values]
    feed = Feed(device)
    busy = []
    for number, (row,) in enumerate(feed((one,) for one in rows)):
        outputs = step(*outputs[:4], row)
        values, loss, _ = numpy_step(values, rows[number])
        ours, copies = device.null.ptr, feed._stream.ptr
        busy.append(device.clocks.seen(copies).get(ours, 0) < device.clocks.seen(ours)[ours])
    assert all(busy)  # no copy waits for the last step
    np.testing.assert_array_equal(outputs[4].get(), loss)


def test_a_batch_may_be_read_on_another_stream_than_it_was_asked_for_on(device: FakeDevice) -> None:
    lent = Feed(device)((np.full(2, float(i)),) for i in range(6))
    with device.entered():
        other, event = device.stream(), device.event()
    seen = []
    for _ in range(2):
        (x,) = next(lent)
        device.null.record(event)
        other.wait_event(event)
        with device.entered(), other:
            seen.append(read(device, x))
            (y,) = next(lent)  # asked for where it was read last
            seen.append(read(device, y))
        other.record(event)
        device.null.wait_event(event)
    with other:
        assert [x.get()[0] for x in seen] == [0.0, 1.0, 2.0, 3.0]


def test_what_is_read_too_late_is_seen(device: FakeDevice) -> None:
    lent = Feed(device)((np.full(2, float(i)),) for i in range(6))
    (first,), _ = next(lent), next(lent)
    with device.entered(), pytest.raises(Race, match="copy reads what upload may still use"):
        read(device, first)


def test_sizes_that_come_and_go_do_not_pile_up(device: FakeDevice) -> None:
    feed = Feed(device)
    for (x,) in feed((np.zeros(size),) for size in range(1, 40)):
        with device.entered():
            read(device, x)
    assert len(feed._slots) == feeding.SIZES
    assert device.private_bytes() <= 512 * 2 * (feeding.SIZES + 1)


def test_a_reader_that_stops_early_leaves_the_feed_usable(device: FakeDevice) -> None:
    feed = Feed(device)
    for (x,) in feed((np.zeros(3),) for _ in range(5)):
        with device.entered():
            read(device, x)
        break
    seen = []
    for (x,) in feed((np.full(3, float(i)),) for i in range(3)):
        with device.entered():
            seen.append(read(device, x))
    assert [x.get()[0] for x in seen] == [0.0, 1.0, 2.0]
    feed.close()


def test_exhausted_memory_is_told() -> None:
    with pytest.raises(MemoryExhausted, match="batches on their way: 8,192 bytes more were wanted on cupy:0"):
        next(iter(Feed(FakeDevice(capacity=10_000))([(np.zeros(1000),)])))
