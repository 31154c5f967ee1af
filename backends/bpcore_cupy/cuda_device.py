"""CuPy as the device that steps are captured on: its streams, pools, copies, and four kernels."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpcore_cupy.capture.device import Event, Kind, Pool, Stream, kind_of

__all__ = ["ROW_SOURCE", "CudaDevice"]

ALIGNED = 256
"""Bytes at whose multiples arrays begin: kernels and cuBLASLt may read many of them at once."""

OUT_OF_MEMORY = 2
"""CUDA's number for it, ``cudaErrorMemoryAllocation``."""

EACH_THREADS = 2
"""CUDA's address of the default stream that is another one in each thread."""

THREADS, BLOCKS = 256, 1024

WORDS = {16: "uint4", 8: "unsigned long long", 4: "unsigned int", 2: "unsigned short", 1: "unsigned char"}

ROW_SOURCE = """
#define ROWS(SIZE, WORD) \\
extern "C" __global__ void bpcore_take_row_##SIZE( \\
    WORD* target, const WORD* stack, const int* counter, long long words) { \\
  const WORD* row = stack + counter[0] * words; \\
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < words; \\
       i += gridDim.x * (long long)blockDim.x) target[i] = row[i]; \\
} \\
extern "C" __global__ void bpcore_put_row_##SIZE( \\
    WORD* stack, const WORD* source, const int* counter, long long words) { \\
  WORD* row = stack + counter[0] * words; \\
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < words; \\
       i += gridDim.x * (long long)blockDim.x) row[i] = source[i]; \\
} \\
extern "C" __global__ void bpcore_last_row_##SIZE( \\
    WORD* stack, const WORD* source, int* counter, long long words) { \\
  WORD* row = stack + counter[0] * words; \\
  for (long long i = threadIdx.x; i < words; i += blockDim.x) row[i] = source[i]; \\
  __syncthreads(); \\
  if (threadIdx.x == blockDim.x - 1) counter[0] += 1; \\
}
@ROWS@
extern "C" __global__ void bpcore_advance(int* counter) {
  if (blockIdx.x == 0 && threadIdx.x == 0) counter[0] += 1;
}
""".replace("@ROWS@", "\n".join(f"ROWS({size}, {word})" for size, word in WORDS.items()))
"""Kernels that find their row by a number in the device's memory, in words as long as the rows allow."""


class _Source:
    """What a pool takes memory from, which counts."""

    def __init__(self, allocate: Callable[[int], Any]) -> None:
        self._allocate, self.count = allocate, 0

    def __call__(self, size: int) -> Any:
        self.count += 1
        return self._allocate(size)


@dataclass(frozen=True, eq=False)
class _PrivatePool:
    """A pool of CuPy's, for one device, that nobody else allocates from.

    CuPy 14's pools keep their free blocks alive in a ring when they are dropped: they are given back here.
    """

    cp: Any
    place: Any
    pool: Any
    source: _Source

    def __post_init__(self) -> None:
        weakref.finalize(self, _given_back, self.place, self.pool).atexit = False

    def used(self) -> AbstractContextManager[object]:
        """Within, CuPy allocates from here; in this thread."""
        within: AbstractContextManager[object] = self.cp.cuda.using_allocator(self.pool.malloc)
        return within

    @property
    def bytes(self) -> int:
        """How much it holds of the device's memory, in use or not."""
        return int(self.pool.total_bytes())

    @property
    def taken(self) -> int:
        """How often it took memory from the device so far."""
        return self.source.count

    def free(self) -> None:
        """Give back all that no array lies in."""
        self.pool.free_all_blocks()


def _given_back(place: Any, pool: Any) -> None:
    with place:
        pool.free_all_blocks()


class CudaDevice:
    """One CUDA device, as `bpcore_cupy.capture` wants it.

    Parameters
    ----------
    cp : module
        CuPy.
    index : int
        CUDA's number of the device.
    """

    def __init__(self, cp: Any, index: int) -> None:
        self.cp, self.index, self.place = cp, index, cp.cuda.Device(index)
        alone = int(cp.cuda.runtime.getDeviceCount()) == 1
        self._entered: AbstractContextManager[object] = nullcontext() if alone else self.place
        self._module = cp.RawModule(code=ROW_SOURCE)
        self._kernels: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """As the backend is called."""
        return f"cupy:{self.index}"

    def entered(self) -> AbstractContextManager[object]:
        """Within, it is CuPy's current device; a machine's only one always is."""
        return self._entered

    def stream(self) -> Stream:
        """Return a new stream, which does not wait for the null stream."""
        stream: Stream = self.cp.cuda.Stream(non_blocking=True)
        return stream

    def current(self) -> Stream:
        """Return CuPy's current stream of this thread."""
        stream: Stream = self.cp.cuda.get_current_stream()
        return stream

    def lasting(self, stream: Stream, /) -> bool:
        """Return whether a stream lives as long as it is held, and is the same for every thread."""
        return stream.ptr != EACH_THREADS and not isinstance(stream, self.cp.cuda.ExternalStream)

    def event(self) -> Event:
        """Return a new event, without timing, which costs less."""
        event: Event = self.cp.cuda.Event(disable_timing=True)
        return event

    def pool(self) -> Pool:
        """Return a new pool."""
        source = _Source(self._allocate)
        return _PrivatePool(self.cp, self.place, self.cp.cuda.MemoryPool(source), source)

    def _allocate(self, size: int) -> Any:
        """Return memory of CUDA's; where it is short, what CuPy's common pool keeps unused is given back."""
        allocate = self.cp.cuda.memory._malloc  # noqa: SLF001 - what CuPy's pools call, and no other way in
        try:
            return allocate(size)
        except self.cp.cuda.runtime.CUDARuntimeError as error:
            if error.status != OUT_OF_MEMORY:
                raise
            self.cp.get_default_memory_pool().free_all_blocks()
            return allocate(size)

    def empty(self, kind: Kind, /) -> Any:
        """Return an array from the pool that is used here; CuPy's pools begin at multiples of 512 bytes."""
        return self.cp.empty(kind.shape, dtype=kind.dtype)

    def pinned(self, kind: Kind, /) -> Any:
        """Return a NumPy array in page-locked memory, which goes with it: it is not CuPy's pool's."""
        dtype = np.dtype(kind.dtype)
        size = max(1, math.prod(kind.shape) * dtype.itemsize)
        memory = self.cp.cuda.PinnedMemoryPointer(self.cp.cuda.PinnedMemory(size), 0)
        return np.ndarray(kind.shape, dtype=dtype, buffer=memory)

    def fill(self, pinned: Any, data: Any, /) -> None:
        """Write host data into a pinned array."""
        np.copyto(pinned, data, casting="same_kind")

    def upload(self, target: Any, pinned: Any, stream: Stream, /) -> None:
        """Enqueue a copy of a pinned array."""
        target.data.copy_from_host_async(pinned.ctypes.data, target.nbytes, stream)

    def copy(self, target: Any, source: Any, stream: Stream, /) -> None:
        """Enqueue a copy between arrays of the device."""
        if target.dtype == source.dtype and target.size == source.size and source.flags.c_contiguous:
            target.data.copy_from_device_async(source.data, target.nbytes, stream)
            return
        with stream:
            self.cp.copyto(target, source)

    def here(self, x: Any, /) -> bool:
        """Return whether `x` is a CuPy array on this device."""
        return isinstance(x, self.cp.ndarray) and x.data.device_id == self.index

    def lies_as(self, x: Any, kind: Kind, /) -> bool:
        """Return whether `x` could be one of the device's own."""
        if not self.here(x) or not x.flags.c_contiguous or x.data.ptr % ALIGNED:
            return False
        return kind_of(x) == kind

    def overlap(self, x: Any, y: Any, /) -> bool:
        """Return whether two arrays may have memory in common."""
        return bool(self.cp.may_share_memory(x, y))

    def take_row(self, target: Any, stack: Any, counter: Any, stream: Stream, /) -> None:
        """Enqueue ``target[...] = stack[counter[0]]``."""
        self._row("take", target, stack, target.nbytes, counter, stream)

    def put_row(self, stack: Any, source: Any, counter: Any, stream: Stream, /) -> None:
        """Enqueue ``stack[counter[0]] = source``."""
        self._row("put", stack, source, source.nbytes, counter, stream)

    def put_last_row(self, stack: Any, source: Any, counter: Any, stream: Stream, /) -> None:
        """Enqueue ``stack[counter[0]] = source``, then ``counter[0] += 1``; short ones in one launch."""
        if 0 < source.nbytes <= THREADS * max(WORDS):
            self._row("last", stack, source, source.nbytes, counter, stream)
            return
        self.put_row(stack, source, counter, stream)
        self.advance(counter, stream)

    def advance(self, counter: Any, stream: Stream, /) -> None:
        """Enqueue ``counter[0] += 1``."""
        self._kernel("bpcore_advance")((1,), (1,), (counter,), stream=stream)

    def zero(self, x: Any, stream: Stream, /) -> None:
        """Enqueue ``x[...] = 0``."""
        x.data.memset_async(0, x.nbytes, stream)

    def free_bytes(self) -> tuple[int, int]:
        """Return how many bytes of the device are free, and how many it has."""
        free, total = self.place.mem_info
        return int(free), int(total)

    def exhausted(self, error: BaseException, /) -> int | None:
        """Return how many bytes were wanted, 0 where CUDA does not tell; None for another error."""
        if isinstance(error, self.cp.cuda.memory.OutOfMemoryError):
            return int(getattr(error, "_size", 0))
        cuda = isinstance(error, self.cp.cuda.runtime.CUDARuntimeError)
        return 0 if cuda and getattr(error, "status", None) == OUT_OF_MEMORY else None

    def _row(self, deed: str, target: Any, source: Any, size: int, counter: Any, stream: Stream) -> None:
        if size == 0:
            return
        word = math.gcd(size, max(WORDS))
        grid = 1 if deed == "last" else min(BLOCKS, -(-size // (word * THREADS)))
        kernel = self._kernel(f"bpcore_{deed}_row_{word}")
        kernel((grid,), (THREADS,), (target, source, counter, np.int64(size // word)), stream=stream)

    def _kernel(self, name: str) -> Any:
        if name not in self._kernels:
            self._kernels[name] = self._module.get_function(name)
        return self._kernels[name]
