"""CuPy as the device of captured steps: calls on a stand-in, names in CuPy, kernels as host code."""

from __future__ import annotations

import ctypes
import gc
import inspect
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bpcore.words.errors import MemoryExhausted
from bpcore_cupy.capture.captured import Captured
from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.feeding import fed
from bpcore_cupy.cuda_device import ROW_SOURCE, WORDS, CudaDevice
from tests.backends.cupy.capture.like_cupy import CUDARuntimeError, like_cupy
from tests.backends.cupy.capture.steps import WAYS, carried, numpy_step, recipe
from tests.backends.cupy.elements import nvrtc
from tests.backends.cupy.elements.host import COMPILER


def made(devices: int = 2, **fields: Any) -> tuple[CudaDevice, Any]:
    module, fake = like_cupy(devices, **fields)
    return CudaDevice(module, 1), fake


@pytest.mark.parametrize("way", WAYS)
def test_steps_and_loops_run_through_it(way: str) -> None:
    device, fake = made()
    rows = list(np.random.default_rng(0).integers(0, 12, (9, 5)))
    values = carried()
    step = Captured(recipe(fake, 5, way), device, at_once=2)
    outputs: Any = [fake.array(x) for x in values]
    for one in rows[:2]:
        outputs = step(*outputs[:4], fake.array(one, "int64"))
        values, loss, residual = numpy_step(values, one)
    outputs = step.loop(7, *outputs[:4], fake.array(np.stack(rows[2:]), "int64"))
    losses = []
    for one in rows[2:]:
        values, loss, residual = numpy_step(values, one)
        losses.append(loss)
    for x, y in zip(outputs, [*values, np.stack(losses)], strict=False):
        np.testing.assert_array_equal(x.get(), y)
    np.testing.assert_array_equal(outputs[5][6].get(), residual)
    assert not step.eager
    assert not fake.inside
    step.close()
    outputs = None
    gc.collect()
    assert sum(pool.held for pool in fake.all_pools if pool.private) == 0


def test_batches_are_brought_through_it() -> None:
    device, fake = made()
    arrived = []
    for x, y in fed(device, ((np.full((3, 2), i, "f8"), np.arange(i, i + 3)) for i in range(5))):
        with device.entered():
            kept = device.empty(Kind((3,), "int64"))
        assert x.dtype == np.float64
        device.copy(kept, y, device.current())
        arrived.append(kept)
    assert [x.get().tolist() for x in arrived] == [[i, i + 1, i + 2] for i in range(5)]
    assert not fake.inside
    x = y = None
    assert sum(pool.held for pool in fake.all_pools if pool.private) == 0


def test_exhausted_memory_is_known_by_cupys_error_and_by_cudas() -> None:
    device, _ = made(capacity=2048)
    with pytest.raises(MemoryExhausted, match=r"512 bytes more were wanted on cupy:1, where 0 of 2,048"):
        next(fed(device, [tuple(np.zeros(1) for _ in range(9))]))
    assert device.exhausted(CUDARuntimeError(2)) == 0
    assert device.exhausted(CUDARuntimeError(700)) is None
    assert device.exhausted(MemoryError()) is None


def test_one_device_is_not_entered_and_one_of_several_is() -> None:
    for devices, inside in ((1, 0), (2, 1)):
        device, fake = made(devices)
        with device.entered():
            assert fake.inside == inside
        assert device.name == "cupy:1"


def test_arrays_that_may_serve_as_buffers() -> None:
    device, fake = made()
    x = fake.array(np.zeros((64, 4)))
    kind = Kind((64, 4), "float64")
    assert device.here(x)
    assert not device.here(np.zeros(3))
    assert device.lies_as(x, kind)
    assert not device.lies_as(x, Kind((64, 4), "float32"))
    assert not device.lies_as(x[::2], Kind((32, 4), "float64"))
    assert not device.lies_as(x[1:], Kind((63, 4), "float64"))  # it begins at no multiple of 256
    assert device.lies_as(x[8:], Kind((56, 4), "float64"))
    assert not device.lies_as(np.zeros((64, 4)), kind)


def test_strided_arrays_are_copied_by_cupy() -> None:
    device, fake = made()
    x = fake.array(np.arange(6.0).reshape(2, 3))
    y = fake.array(np.zeros((2, 3)))
    with device.entered():
        device.copy(y, x[:, ::-1], device.current())
    assert y.get().tolist() == [[2.0, 1.0, 0.0], [5.0, 4.0, 3.0]]


def test_a_pool_that_is_dropped_gives_back_its_free_blocks() -> None:
    device, fake = made()
    pool = device.pool()
    with device.entered(), pool.used():
        device.empty(Kind((3,), "float64"))
    assert fake.private_bytes() == 512
    del pool
    gc.collect()
    assert fake.private_bytes() == 0


def test_where_memory_is_short_what_cupy_keeps_unused_is_given_back_once() -> None:
    module, _ = like_cupy()
    kept, asked = [1], []

    def malloc(size: int) -> str:
        asked.append(size)
        if kept or size > 100:
            raise CUDARuntimeError(2)
        if size < 0:
            raise CUDARuntimeError(700)
        return "memory"

    module.cuda.memory._malloc = malloc
    module.get_default_memory_pool = lambda: SimpleNamespace(free_all_blocks=kept.clear)
    allocate = CudaDevice(module, 1).pool().pool.allocator
    assert allocate(10) == "memory"
    assert asked == [10, 10]
    for size, status in ((1000, 2), (-1, 700)):
        with pytest.raises(CUDARuntimeError) as caught:
            allocate(size)
        assert caught.value.status == status
    assert asked == [10, 10, 1000, 1000, -1]


def test_rows_are_moved_in_the_longest_words_that_fit() -> None:
    device, fake = made()
    sizes = {16: (4, "float64"), 8: (3, "float64"), 4: (3, "int32"), 2: (3, "int16"), 1: (3, "int8")}
    for word, (length, dtype) in sizes.items():
        x, stack = fake.array(np.zeros(length), dtype), fake.array(np.ones((2, length)), dtype)
        counter = fake.array(np.zeros(1), "int32")
        device.take_row(x, stack, counter, device.current())
        device.put_row(stack, x, counter, device.current())
        assert f"bpcore_take_row_{word}" in device._kernels
        device.put_last_row(stack, x, counter, device.current())
        assert f"bpcore_put_row_{word}" in device._kernels
        assert f"bpcore_last_row_{word}" in device._kernels
        assert counter.get()[0] == 1
    device.take_row(x[:0], stack[:, :0], counter, device.current())
    for length in (0, 4097):  # nothing to put, and more than a block should
        y, several = fake.array(np.zeros(length), "int8"), fake.array(np.ones((3, length)), "int8")
        device.put_last_row(several, y, counter, device.current())
    assert counter.get()[0] == 3


ROWS = ("take", "put", "last")

HOST = """
struct uint4 { unsigned int x, y, z, w; };
struct Dim { unsigned int x; };
static Dim blockIdx, threadIdx, blockDim, gridDim;
#define __global__
#define __syncthreads()
"""

RUN = """
#define RUN(NAME, WORD) \\
extern "C" void run_##NAME(void* a, void* b, int* counter, long long words, int grid, int block) { \\
  gridDim.x = grid; blockDim.x = block; \\
  for (blockIdx.x = 0; blockIdx.x < grid; ++blockIdx.x) \\
    for (threadIdx.x = 0; threadIdx.x < block; ++threadIdx.x) \\
      bpcore_##NAME((WORD*)a, (WORD*)b, counter, words); \\
}
"""


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
def test_the_kernels_move_rows_and_nothing_else(tmp_path: Path) -> None:
    runs = "".join(f"RUN({deed}_row_{size}, {w})\n" for size, w in WORDS.items() for deed in ROWS)
    (tmp_path / "rows.cpp").write_text(f"{HOST}{ROW_SOURCE}{RUN}{runs}")
    command = [COMPILER, "-O0", "-w", "-shared", "-fPIC", tmp_path / "rows.cpp", "-o", tmp_path / "rows.so"]
    subprocess.run(list(map(str, command)), check=True)
    library = ctypes.CDLL(str(tmp_path / "rows.so"))
    counter = np.asarray([2], "int32")
    library.bpcore_advance(counter.ctypes.data_as(ctypes.c_void_p))
    assert counter[0] == 3
    for size in WORDS:
        for words, grid, block in ((1, 1, 4), (7, 2, 3), (64, 3, 8)):
            _moves_one_row(library, size, words, counter, grid, block)


def _moves_one_row(library: Any, size: int, words: int, counter: Any, grid: int, block: int) -> None:
    stack = np.random.default_rng(0).integers(0, 255, (5, words * size), "uint8")
    row = np.full(words * size + 16, 9, "uint8")

    def run(deed: str, a: Any, b: Any) -> None:
        pointers = [ctypes.c_void_p(x.ctypes.data) for x in (a, b, counter)]
        getattr(library, f"run_{deed}_row_{size}")(*pointers, ctypes.c_longlong(words), grid, block)

    run("take", row, stack)
    assert (row[: words * size] == stack[3]).all()
    assert (row[words * size :] == 9).all()
    wanted = stack.copy()
    wanted[3] = row[: words * size] = row[: words * size] + 1
    run("put", stack, row)
    assert (stack == wanted).all()
    if grid == 1:
        stack[3] = 0
        run("last", stack, row)
        assert (stack == wanted).all()
        assert counter[0] == 4
        counter[0] = 3


@pytest.mark.skipif(nvrtc.library() is None, reason="nvidia-cuda-nvrtc is not installed")
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_the_kernels_compile_for_a_gpu(architecture: str) -> None:
    assert nvrtc.compile_to_cubin(ROW_SOURCE, architecture)[:4] == b"\x7fELF"


def test_cupy_has_what_is_called_of_it() -> None:
    cp = pytest.importorskip("cupy")
    from cupy.cuda.memory import OutOfMemoryError

    def lacks(owner: Any, *names: str) -> list[str]:
        return [name for name in names if not hasattr(owner, name)]

    assert not lacks(cp, "RawModule", "copyto", "empty", "may_share_memory", "ndarray")
    assert not lacks(cp.cuda, "Device", "Event", "MemoryPool", "PinnedMemory", "PinnedMemoryPointer")
    assert not lacks(cp.cuda, "Stream", "ExternalStream", "get_current_stream", "using_allocator")
    assert not lacks(cp.cuda.runtime, "getDeviceCount", "CUDARuntimeError")
    stream = ("record", "wait_event", "begin_capture", "end_capture", "is_capturing", "synchronize")
    assert not lacks(cp.cuda.Stream, *stream, "__enter__", "__exit__")
    assert not lacks(cp.cuda.Event, "synchronize")
    assert not lacks(cp.cuda.Graph, "upload", "launch")
    assert not lacks(cp.cuda.MemoryPool, "malloc", "total_bytes", "free_all_blocks")
    assert not lacks(cp.cuda.MemoryPointer, "copy_from_device_async", "copy_from_host_async", "memset_async")
    assert not lacks(cp.cuda.Device, "mem_info")
    assert not lacks(cp.cuda.memory, "_malloc")
    assert not lacks(cp, "get_default_memory_pool")
    assert cp.cuda.MemoryPool(cp.cuda.memory._malloc)
    assert OutOfMemoryError(10, 20)._size == 10
    assert "non_blocking" in inspect.signature(cp.cuda.Stream.__init__).parameters
    assert "disable_timing" in inspect.signature(cp.cuda.Event.__init__).parameters
    assert cp.cuda.PinnedMemory(0).size == 0
