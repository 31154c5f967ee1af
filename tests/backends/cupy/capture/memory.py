"""Memory of the stand-in device: blocks that pools hand out and take back, as CuPy's do."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.backends.cupy.capture.clocks import HOST, Access

if TYPE_CHECKING:
    from tests.backends.cupy.capture.fake import FakeDevice

__all__ = ["Block", "FakeArray", "FakeOutOfMemory", "FakePool", "Forbidden", "Pinned", "Span", "pinned"]

UNIT = 512


class Forbidden(RuntimeError):
    """What CUDA, or CuPy for it, refuses."""


class FakeOutOfMemory(MemoryError):
    """As CuPy's."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"Out of memory allocating {size:,} bytes")


class Block:
    """A piece of the device's memory; `generation` counts whom it was given to."""

    def __init__(self, size: int, arena: int) -> None:
        self.data = np.full(size, 0xAB, np.uint8)
        self.arena, self.alive, self.held, self.generation = arena, True, False, 0
        self.log: list[Access] = []


class Holder:
    """What arrays in one block share: the block goes back when the last of them is gone."""

    def __init__(self, pool: FakePool, block: Block) -> None:
        self.block = block
        block.held = True
        block.generation += 1
        weakref.finalize(self, pool.take_back, block).atexit = False


class Span:
    """Where an array lies, without keeping it: what a captured operation knows, as it knows a pointer."""

    def __init__(self, x: FakeArray | Pinned) -> None:
        self.block, self.value, self.generation = x.block, x.value, x.block.generation
        low, high = np.lib.array_utils.byte_bounds(x.value) if x.value.size else (0, 0)
        base = x.block.data.__array_interface__["data"][0]
        self.low, self.high = low - base, high - base


class FakeArray:
    """An array of the device."""

    def __init__(self, device: FakeDevice, holder: Holder, value: Any) -> None:
        self.device, self.holder, self.value = device, holder, value

    @property
    def block(self) -> Block:
        return self.holder.block

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    def __getitem__(self, key: Any) -> FakeArray:
        return FakeArray(self.device, self.holder, self.value[key] if key != () else self.value)

    @property
    def T(self) -> FakeArray:
        return FakeArray(self.device, self.holder, self.value.T)

    def get(self) -> Any:
        """Return it as NumPy's: the host waits for the current stream."""
        current = self.device.current()
        if current.capturing is not None:
            raise Forbidden("the current stream is capturing, so D2H transfers are disallowed")
        current.synchronize()
        self.device.host_uses(self, writes=False, what="get")
        return self.value.copy()

    def set(self, data: Any) -> FakeArray:
        """Write it from the caller's current stream, from pageable memory, as ``cupy.asarray`` does."""
        data = np.array(data, self.dtype)
        current = self.device.current()
        if current.capturing is not None:
            raise Forbidden("the current stream is capturing, so H2D transfers are disallowed")
        self.device.enqueue("set", lambda: np.copyto(self.value, data), [], [self], current)
        return self

    def __float__(self) -> float:
        return float(self.get())

    def __bool__(self) -> bool:
        return bool(self.get())


class Pinned(np.ndarray):
    """Page-locked memory of the host."""

    block: Block

    @property
    def value(self) -> Any:
        return self.view(np.ndarray)


class FakePool:
    """A pool with an arena for each stream, that reuses the smallest block that will do."""

    def __init__(self, device: FakeDevice, *, private: bool) -> None:
        self.device, self.private = device, private
        self.blocks: list[Block] = []
        self.taken = 0
        self.grown: Callable[[int], object] = lambda size: None

    @contextmanager
    def used(self) -> Iterator[None]:
        stack = self.device.pools
        stack.append(self)
        try:
            yield
        finally:
            stack.pop()

    @property
    def bytes(self) -> int:
        return sum(block.data.size for block in self.blocks)

    @property
    def held(self) -> int:
        return sum(block.data.size for block in self.blocks if block.held)

    def allocate(self, shape: tuple[int, ...], dtype: str) -> FakeArray:
        wanted = int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize
        size = max(UNIT, -(-wanted // UNIT) * UNIT)
        block = self._found(size, self.device.current().ptr)
        value = np.ndarray(shape, dtype, buffer=block.data.data)
        return FakeArray(self.device, Holder(self, block), value)

    def _found(self, size: int, arena: int) -> Block:
        free = [b for b in self.blocks if not b.held and b.arena == arena and b.data.size >= size]
        if free:
            return min(free, key=lambda block: block.data.size)
        if self.device.room() < size:
            self._drop_free()  # CuPy does so before it gives up
        if self.device.room() < size:
            raise FakeOutOfMemory(size)
        self.taken += 1
        self.grown(size)
        self.blocks.append(Block(size, arena))
        return self.blocks[-1]

    def take_back(self, block: Block) -> None:
        block.held = False

    def free(self) -> None:
        """Give back the free blocks, which no stream of a step may use any more.

        CUDA waits for the caller's own, as it does for all; a step is not to lean on that for its own.
        """
        if self.device.capturing():
            raise Forbidden("memory is freed during a capture")
        for block in self.blocks:
            if not block.held:
                self.device.host_uses_block(block, "free")
        self._drop_free()

    def _drop_free(self) -> None:
        for block in self.blocks:
            block.alive = block.held
        self.blocks = [block for block in self.blocks if block.held]


def pinned(shape: tuple[int, ...], dtype: str) -> Pinned:
    size = max(1, int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize)
    block = Block(size, HOST)
    array = np.ndarray(shape, dtype, buffer=block.data.data).view(Pinned)
    array.block = block
    return array
