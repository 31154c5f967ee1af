"""A device for captured steps that is no device: NumPy's memory, CUDA's rules. No CUDA runs here.

Operations are done at once, in the order in which they are enqueued; that another order was possible is
seen by clocks. While a stream captures they are written down instead, with the memory that they point to,
and done at every launch: in memory that is gone, or was given to somebody else, that is an error.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from bpcore_cupy.capture.device import Kind
from tests.backends.cupy.capture.clocks import HOST, Access, Clock, Clocks, checked
from tests.backends.cupy.capture.memory import (
    Block,
    FakeArray,
    FakeOutOfMemory,
    FakePool,
    Forbidden,
    Pinned,
    Span,
    pinned,
)

__all__ = ["FakeDevice", "FakeEvent", "FakeGraph", "FakeStream"]


@dataclass
class Operation:
    what: str
    run: Callable[[], object]
    reads: list[Span]
    writes: list[Span]


class FakeEvent:
    def __init__(self, device: FakeDevice) -> None:
        self.device = device
        self.clock: Clock | None = None

    def synchronize(self) -> None:
        if self.device.capturing():
            raise Forbidden("cudaErrorStreamCaptureUnsupported: an event is waited for")
        if self.clock is not None:
            self.device.waits += 1
            self.device.clocks.learn(HOST, self.clock)


class FakeGraph:
    def __init__(self, device: FakeDevice, operations: list[Operation]) -> None:
        self.device, self.operations, self.uploaded = device, operations, False
        spans = [span for op in operations for span in (*op.reads, *op.writes)]
        self.generations = {(id(span.block), span.generation) for span in spans}

    def upload(self, stream: FakeStream) -> None:
        self.uploaded = True

    def launch(self, stream: FakeStream) -> None:
        assert self.uploaded
        for operation in self.operations:
            for span in (*operation.reads, *operation.writes):
                self._check(span.block, operation.what)
        self.device.launches += 1
        for operation in self.operations:
            self.device.do(operation, stream)

    def _check(self, block: Block, what: str) -> None:
        if not block.alive:
            raise Forbidden(f"{what} is replayed in memory that was freed")
        if block.held and (id(block), block.generation) not in self.generations:
            raise Forbidden(f"{what} is replayed in memory that was given to somebody else")


class FakeStream:
    def __init__(self, device: FakeDevice, ptr: int) -> None:
        self.device, self.ptr = device, ptr
        self.capturing: list[Operation] | None = None
        self.spoilt, self.lasting, self.events = False, True, 0

    def __enter__(self) -> Self:
        self.device.currents.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        assert self.device.currents.pop() is self

    def record(self, event: FakeEvent) -> None:
        self._not_captured("an event is recorded")
        self.events += 1
        self.device.clocks.learn(self.ptr, self.device.clocks.seen(HOST))
        event.clock = self.device.clocks.seen(self.ptr)

    def wait_event(self, event: FakeEvent) -> None:
        self._not_captured("an event is waited for")
        if event.clock is not None:
            self.device.clocks.learn(self.ptr, event.clock)

    def _not_captured(self, what: str) -> None:
        if self.capturing is not None:
            self.spoilt = True
            raise Forbidden(f"cudaErrorStreamCaptureIsolation: {what}")

    def begin_capture(self) -> None:
        if self.ptr == 0:
            raise Forbidden("cannot capture on the default (legacy) stream")
        assert self.capturing is None
        self.capturing, self.spoilt = [], False

    def end_capture(self) -> FakeGraph:
        assert self.capturing is not None
        operations, self.capturing = self.capturing, None
        if self.spoilt:
            raise Forbidden("cudaErrorStreamCaptureInvalidated: operation failed")
        return FakeGraph(self.device, operations)

    def is_capturing(self) -> bool:
        assert self.ptr, "the null stream may be captured implicitly: it is not asked"
        return self.capturing is not None

    @property
    def done(self) -> bool:
        self.spoilt = self.capturing is not None  # no error of its own, as on CUDA
        return True

    def synchronize(self) -> None:
        if self.capturing is not None:
            self.spoilt = True
            raise Forbidden("cudaErrorStreamCaptureUnsupported: a stream is waited for")
        self.device.waits += 1
        self.device.clocks.learn(HOST, self.device.clocks.seen(self.ptr))


@dataclass
class FakeDevice:
    """The stand-in; `waits` counts how often the host waited, `launches` those of graphs."""

    capacity: int = 2**30
    name: str = "cupy:0"
    clocks: Clocks = field(default_factory=Clocks)
    waits: int = 0
    launches: int = 0
    inside: int = 0

    def __post_init__(self) -> None:
        self.numbers = itertools.count(1)
        self.streams: list[FakeStream] = []
        self.null = FakeStream(self, 0)
        self.all_pools: list[FakePool] = []
        self.common = FakePool(self, private=False)
        self.all_pools.append(self.common)
        self._local = threading.local()

    @property
    def currents(self) -> list[FakeStream]:
        return self._local.__dict__.setdefault("currents", [self.null])

    @property
    def pools(self) -> list[FakePool]:
        return self._local.__dict__.setdefault("pools", [self.common])

    @contextmanager
    def entered(self) -> Iterator[None]:
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    def stream(self) -> FakeStream:
        assert self.inside
        self.streams.append(FakeStream(self, next(self.numbers)))
        return self.streams[-1]

    def current(self) -> FakeStream:
        return self.currents[-1]

    def lasting(self, stream: FakeStream) -> bool:
        return stream.lasting

    def capturing(self) -> bool:
        return any(stream.capturing is not None for stream in self.streams)

    def event(self) -> FakeEvent:
        assert self.inside
        return FakeEvent(self)

    def pool(self) -> FakePool:
        self.all_pools.append(FakePool(self, private=True))
        return self.all_pools[-1]

    def private_bytes(self) -> int:
        return sum(pool.bytes for pool in self.all_pools if pool.private)

    def room(self) -> int:
        return self.capacity - sum(pool.bytes for pool in self.all_pools)

    def empty(self, kind: Kind) -> FakeArray:
        pool = self.pools[-1]
        if self.current().capturing is not None and not pool.private:
            raise Forbidden("an allocation outside the private pool in a capture")
        assert self.inside
        return pool.allocate(tuple(kind.shape), kind.dtype)

    def pinned(self, kind: Kind) -> Pinned:
        return pinned(tuple(kind.shape), kind.dtype)

    def array(self, data: Any, dtype: str = "float64") -> FakeArray:
        """Return the caller's own array, written on the caller's current stream."""
        data = np.asarray(data, dtype)
        return self.common.allocate(data.shape, dtype).set(data)

    def fill(self, pinned: Pinned, data: Any) -> None:
        self.host_uses(pinned, writes=True, what="fill")
        np.copyto(pinned.value, data, casting="same_kind")

    def upload(self, target: FakeArray, pinned: Any, stream: FakeStream) -> None:
        if not isinstance(pinned, Pinned):
            raise Forbidden("a copy from pageable memory")
        if stream.capturing is not None:
            raise Forbidden("the current stream is capturing, so H2D transfers are disallowed")
        self.enqueue("upload", lambda: np.copyto(target.value, pinned.value), [pinned], [target], stream)

    def copy(self, target: FakeArray, source: FakeArray, stream: FakeStream) -> None:
        to, of = target.value, source.value
        assert to.shape == of.shape
        assert to.dtype == of.dtype
        self.enqueue("copy", lambda: np.copyto(to, of), [source], [target], stream)

    def here(self, x: object) -> bool:
        return isinstance(x, FakeArray) and x.device is self

    def lies_as(self, x: FakeArray, kind: Kind) -> bool:
        same = (tuple(x.shape), str(x.dtype)) == (tuple(kind.shape), kind.dtype)
        return self.here(x) and same and x.value.flags.c_contiguous

    def overlap(self, x: FakeArray, y: FakeArray) -> bool:
        a, b = Span(x), Span(y)
        return a.block is b.block and a.low < b.high and b.low < a.high

    def take_row(self, target: FakeArray, stack: FakeArray, counter: FakeArray, stream: FakeStream) -> None:
        to, of, at = target.value, stack.value, counter.value
        self.enqueue("take_row", lambda: np.copyto(to, of[at[0]]), [stack, counter], [target], stream)

    def put_row(self, stack: FakeArray, source: FakeArray, counter: FakeArray, stream: FakeStream) -> None:
        to, of, at = stack.value, source.value, counter.value
        self.enqueue("put_row", lambda: np.copyto(to[at[0], ...], of), [source, counter], [stack], stream)

    def put_last_row(
        self, stack: FakeArray, source: FakeArray, counter: FakeArray, stream: FakeStream
    ) -> None:
        self.put_row(stack, source, counter, stream)
        self.advance(counter, stream)

    def advance(self, counter: FakeArray, stream: FakeStream) -> None:
        at = counter.value
        self.enqueue("advance", lambda: np.add(at, 1, out=at), [counter], [counter], stream)

    def zero(self, x: FakeArray, stream: FakeStream) -> None:
        value = x.value
        self.enqueue("zero", lambda: value.fill(0), [], [x], stream)

    def free_bytes(self) -> tuple[int, int]:
        return self.room(), self.capacity

    def exhausted(self, error: BaseException) -> int | None:
        return error.size if isinstance(error, FakeOutOfMemory) else None

    def kernel(
        self, what: str, ptr: int, run: Callable[[], object], reads: Sequence[Any], writes: Sequence[Any]
    ) -> None:
        """Enqueue a step's own work on the stream of that address, which is the current one too."""
        assert self.current().ptr == ptr
        self.enqueue(what, run, reads, writes, self.current())

    def enqueue(
        self,
        what: str,
        run: Callable[[], object],
        reads: Sequence[Any],
        writes: Sequence[Any],
        stream: FakeStream,
    ) -> None:
        """Do an operation, or write it down; `run` must know values alone, no arrays that it keeps alive."""
        operation = Operation(what, run, [Span(x) for x in reads], [Span(x) for x in writes])
        if stream.capturing is None:
            self.do(operation, stream)
        else:
            stream.capturing.append(operation)

    def do(self, operation: Operation, stream: FakeStream) -> None:
        self.clocks.learn(stream.ptr, self.clocks.seen(HOST))
        time = self.clocks.tick(stream.ptr)
        for writes, spans in ((False, operation.reads), (True, operation.writes)):
            for span in spans:
                access = Access(span.low, span.high, writes, stream.ptr, time, operation.what)
                span.block.log = checked(span.block.log, access, self.clocks)
        operation.run()

    def host_uses(self, x: Any, *, writes: bool, what: str) -> None:
        span = Span(x)
        access = Access(span.low, span.high, writes, HOST, self.clocks.tick(HOST), what)
        span.block.log = checked(span.block.log, access, self.clocks)

    def host_uses_block(self, block: Block, what: str) -> None:
        access = Access(0, block.data.size, True, HOST, self.clocks.tick(HOST), what)
        checked(block.log, access, self.clocks)
