"""What of CuPy the device is made of, over the stand-in, so that the calls of `CudaDevice` are looked at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from bpcore_cupy.capture.device import Kind
from tests.backends.cupy.capture.fake import FakeDevice, FakeStream
from tests.backends.cupy.capture.memory import FakeArray, FakeOutOfMemory, Pinned, pinned

__all__ = ["CUDARuntimeError", "like_cupy"]


class CUDARuntimeError(RuntimeError):
    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"status {status}")


class OutOfMemoryError(MemoryError):
    def __init__(self, size: int) -> None:
        self._size = size
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: 0 bytes).")


class Data:
    """An array's ``data``, with CuPy's copies."""

    def __init__(self, x: CupyArray) -> None:
        self.x, self.device_id = x, 1
        self.ptr = x.value.ctypes.data - x.block.data.ctypes.data

    def copy_from_device_async(self, source: Data, size: int, stream: Any) -> None:
        x, y = self.x.value, source.x.value
        assert x.flags.c_contiguous
        assert y.flags.c_contiguous
        assert x.nbytes == y.nbytes == size
        flat = y.reshape(x.shape)
        self.x.device.enqueue("copy", lambda: np.copyto(x, flat), [source.x], [self.x], stream)

    def copy_from_host_async(self, ptr: int, size: int, stream: Any) -> None:
        page = self.x.device.pages[ptr]  # pageable memory is not there
        assert page.nbytes == size
        typed = page.view(self.x.dtype).reshape(self.x.shape)
        typed.block = page.block
        self.x.device.upload(self.x, typed, stream)

    def memset_async(self, value: int, size: int, stream: Any) -> None:
        assert (value, size) == (0, self.x.value.nbytes)
        self.x.device.zero(self.x, stream)


class CupyArray(FakeArray):
    """An array of the stand-in, with what else CuPy's have."""

    @property
    def data(self) -> Data:
        return Data(self)

    @property
    def flags(self) -> Any:
        return self.value.flags

    @property
    def nbytes(self) -> int:
        return int(self.value.nbytes)

    @property
    def size(self) -> int:
        return int(self.value.size)

    def __getitem__(self, key: Any) -> CupyArray:
        return CupyArray(self.device, self.holder, self.value[key])


class Pages(FakeDevice):
    """The stand-in, which knows its pinned memory by address."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pages: dict[int, Pinned] = {}

    def array(self, data: Any, dtype: str = "float64") -> CupyArray:
        x = super().array(data, dtype)
        return CupyArray(self, x.holder, x.value)

    def page(self, memory: Any, offset: int) -> Any:
        assert offset == 0
        array = pinned((memory.size,), "uint8")
        self.pages[array.ctypes.data] = array
        return array


class ExternalStream(FakeStream):
    """A stream that somebody else made, and may destroy."""


class Pool:
    def __init__(self, device: Pages, allocator: Any = None) -> None:
        self.own, self.allocator = device.pool(), allocator
        if allocator is not None:
            self.own.grown = allocator

    def malloc(self, size: int) -> None: ...

    def total_bytes(self) -> int:
        return self.own.bytes

    def free_all_blocks(self) -> None:
        self.own.free()


class Module:
    """Kernels, done by the stand-in; their text is compiled and run elsewhere."""

    def __init__(self, device: Pages, code: str) -> None:
        self.device, self.code = device, code

    def get_function(self, name: str) -> Any:
        assert f"bpcore_{name.split('_')[1]}" in self.code
        deed, word = name.split("_")[1], name.rpartition("_")[2]

        def launch(grid: Any, block: Any, args: Any, *, stream: Any) -> None:
            if deed == "advance":
                self.device.advance(*args, stream)
                return
            one, other, counter, words = args
            part = one if deed == "take" else other
            assert words * int(word) == part.nbytes
            assert grid[0] * block[0] > 0
            if deed == "last":
                assert grid == (1,), "its blocks would wait for one another"
                deed_row = self.device.put_last_row
            else:
                deed_row = getattr(self.device, f"{deed}_row")
            deed_row(one, other, counter, stream)

        return launch


def like_cupy(devices: int = 2, **fields: Any) -> tuple[Any, Pages]:
    """Return a module that looks like CuPy with that many devices, and what stands in for number 1."""
    device = Pages(name="cupy:1", **fields)

    class Place:
        mem_info = property(lambda self: device.free_bytes())

        def __init__(self, index: int) -> None:
            assert index == 1

        def __enter__(self) -> None:
            device.inside += 1

        def __exit__(self, *exception: object) -> None:
            device.inside -= 1

    def empty(shape: tuple[int, ...], dtype: str) -> CupyArray:
        try:
            x = device.empty(Kind(shape, dtype))
        except FakeOutOfMemory as error:
            raise OutOfMemoryError(error.size) from error
        return CupyArray(device, x.holder, x.value)

    def copyto(x: CupyArray, y: CupyArray) -> None:
        device.copy(x, y, device.current())

    def stream(*, non_blocking: bool) -> Any:
        assert non_blocking
        return device.stream()

    def event(*, disable_timing: bool) -> Any:
        assert disable_timing
        return device.event()

    cuda = SimpleNamespace(
        Device=Place,
        Event=event,
        ExternalStream=ExternalStream,
        MemoryPool=lambda allocator: Pool(device, allocator),
        PinnedMemory=lambda size: SimpleNamespace(size=size),
        PinnedMemoryPointer=device.page,
        Stream=stream,
        get_current_stream=device.current,
        memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError, _malloc=lambda size: None),
        runtime=SimpleNamespace(getDeviceCount=lambda: devices, CUDARuntimeError=CUDARuntimeError),
        using_allocator=lambda malloc: malloc.__self__.own.used(),
    )
    module = SimpleNamespace(
        RawModule=lambda code: Module(device, code),
        copyto=copyto,
        cuda=cuda,
        empty=empty,
        may_share_memory=device.overlap,
        ndarray=CupyArray,
    )
    return module, device
