"""As much of CuPy as a trial of a product asks for, made of NumPy: streams run at once, graphs are lists."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, Self

import numpy as np

from tests.backends.cupy.products.conftest import allocate
from tests.backends.cupy.products.interpreter import Memory

ALIGNMENT = 256


class OnHost(np.ndarray):
    """An array whose address the stand-in for the library knows."""

    memory: Memory | None = None

    @property
    def data(self) -> Any:  # type: ignore[override]
        assert self.memory is not None
        return SimpleNamespace(ptr=self.memory.add(np.asarray(self)))

    def __array_finalize__(self, source: object) -> None:
        self.memory = getattr(source, "memory", None)

    def astype(self, dtype: Any, *given: Any, **named: Any) -> OnHost:  # type: ignore[override]
        assert self.memory is not None
        return held(np.asarray(self).astype(dtype, *given, **named), self.memory)


def held(x: Any, memory: Memory) -> OnHost:
    """Return a copy that lies where CuPy's allocator would put it."""
    raw = np.zeros(x.nbytes + ALIGNMENT, np.uint8)
    skip = -raw.ctypes.data % ALIGNMENT
    found = raw[skip : skip + x.nbytes].view(x.dtype).reshape(x.shape).view(OnHost)
    found[...] = x
    found.memory = memory
    return found


class Graph:
    def __init__(self) -> None:
        self.launches = 0

    def launch(self, stream: Any) -> None:
        self.launches += 1


class MemoryPool:
    malloc = staticmethod(allocate)

    def __init__(self, cupy: HostCupy) -> None:
        self.cupy = cupy

    def free_all_blocks(self) -> None:
        self.cupy.events.append("freed")


class Device:
    id, compute_capability = 0, "90"

    def __init__(self, cupy: HostCupy) -> None:
        self.cupy = cupy

    def __enter__(self) -> None:
        self.cupy.events.append("entered")

    def __exit__(self, *exception: object) -> None:
        self.cupy.events.append("left")


class HostCupy:
    """The names of CuPy's that are used, on arrays that the memory of an interpreter holds.

    Attributes
    ----------
    times : list of float
        What the next pairs of events lie apart, in milliseconds; the last is used again.
    events : list of str
        What was done on streams.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory, self.times, self.events = memory, [1.0], list[str]()
        self.graphs: list[Graph] = []
        cupy = self

        class Stream:
            ptr = 0x51

            def __init__(self, *, non_blocking: bool) -> None:
                assert non_blocking, "the null stream must not wait for a trial"

            def __enter__(self) -> Self:
                return self

            def __exit__(self, *exception: object) -> None:
                pass

            def synchronize(self) -> None:
                cupy.events.append("wait")

            def begin_capture(self) -> None:
                cupy.events.append("capture")

            def end_capture(self) -> Graph:
                cupy.events.append("captured")
                cupy.graphs.append(Graph())
                return cupy.graphs[-1]

        class Event:
            def record(self, stream: Stream) -> None:
                pass

            def synchronize(self) -> None:
                pass

        def elapsed(start: Event, end: Event) -> float:
            return cupy.times.pop(0) if len(cupy.times) > 1 else cupy.times[0]

        about = {"name": b"a device of this host", "multiProcessorCount": 7}
        self.cuda = SimpleNamespace(
            Stream=Stream,
            Event=Event,
            get_elapsed_time=elapsed,
            runtime=SimpleNamespace(getDeviceProperties=lambda number: about),
            Device=lambda: Device(cupy),
            MemoryPool=lambda: MemoryPool(cupy),
            alloc=allocate,
            using_allocator=lambda allocator: nullcontext(),
        )

    def _held(self, x: Any) -> OnHost:
        return held(x, self.memory)

    def asarray(self, x: Any, dtype: Any = None) -> OnHost:
        return self._held(np.asarray(x, dtype))

    def arange(self, *given: Any, dtype: str) -> OnHost:
        return self._held(np.arange(*given, dtype=dtype))

    def zeros(self, shape: int | tuple[int, ...], dtype: str = "float64") -> OnHost:
        return self._held(np.zeros(shape, dtype))

    def full(self, shape: tuple[int, ...], value: int, dtype: str) -> OnHost:
        return self._held(np.full(shape, value, dtype))

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)
