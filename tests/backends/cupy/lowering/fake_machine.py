"""The machine of NumPy on the stand-in device: every piece of work is enqueued under CUDA's rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bpcore_cupy.compiling import Compiler
from bpcore_cupy.lowering.steps import Launch, Multiply
from tests.backends.cupy.capture import memory as fake_memory
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.memory import Block, FakeArray
from tests.backends.cupy.lowering.host import Machine, Products, aligned, at

__all__ = ["AlignedBlock", "FakeMachine", "compiler_on"]


class AlignedBlock(Block):
    """A block that begins at a multiple of 256 bytes, as CuPy's do, full of poison."""

    def __init__(self, size: int, arena: int) -> None:
        super().__init__(size, arena)
        self.data = aligned(size)


fake_memory.Block = AlignedBlock  # type: ignore[misc]


class FakeMachine:
    """As `Machine`, of the stand-in's arrays."""

    def __init__(self, device: FakeDevice, products: Products) -> None:
        self.device, self.products = device, products
        self.machine = Machine(products)
        self.offers = products.offers
        self.known: list[Any] = []

    def address(self, array: FakeArray, /) -> int:
        self.known.append((array.block, array.holder.block.generation))
        self.products.memory.add(array.block.data)
        return int(array.value.ctypes.data)

    def view(
        self, array: FakeArray, dtype: str, shape: Sequence[int], strides: Sequence[int], start: int, /
    ) -> FakeArray:
        value = at(array.value.ctypes.data + start, dtype, shape, strides)
        return FakeArray(self.device, array.holder, value)

    def ordered(self, array: Any, /) -> FakeArray:
        return self.device.array(array, str(array.dtype))

    def _spans(self, places: Sequence[Any], addresses: Sequence[int]) -> list[Any]:
        pairs = zip(places, addresses, strict=True)
        return [_Touched(self._block(address), place, address) for place, address in pairs if address]

    def _block(self, address: int) -> Block:
        for block, _ in reversed(self.known):
            begin = block.data.ctypes.data
            if begin <= address < begin + block.data.nbytes:
                return block
        raise AssertionError(f"{address:#x} is in no block")

    def ready(self, kernels: Any, /) -> None:
        self.kernels = list(kernels)

    def launch(self, step: Launch, addresses: Sequence[int], /) -> Callable[[int], object]:
        places = [*step.pointers, step.scratch]
        written = {id(x) for x in step.outputs}
        spans = dict(zip(map(id, places), addresses, strict=True))
        reads = self._spans(step.reads, [spans[id(x)] for x in step.reads])
        writes = self._spans(step.writes, [spans[id(x)] for x in step.writes])
        assert written
        run = self.machine.launch(step, addresses)
        return lambda ptr: self.device.kernel(step.name, ptr, lambda: run(ptr), reads, writes)

    def multiply(self, step: Multiply, addresses: Sequence[int], /) -> Callable[[int], object]:
        known = dict(zip(map(id, (step.a, step.b, step.c, step.bias, step.aux)), addresses, strict=True))
        whole = {id(step.outputs[0]): known[id(step.c)]}
        reads = self._spans(step.reads, [known[id(x)] for x in step.reads])
        writes = self._spans(step.writes, [whole.get(id(x)) or known[id(x)] for x in step.writes])
        run = self.machine.multiply(step, addresses)
        return lambda ptr: self.device.kernel(step.name, ptr, lambda: run(ptr), reads, writes)

    def call(
        self, equation: Any, operands: Sequence[Any], outputs: Sequence[Any], /
    ) -> Callable[[int], object]:
        reads = [x for x in operands if isinstance(x, FakeArray)]
        given = [x.value if isinstance(x, FakeArray) else x for x in operands]
        run = self.machine.call(equation, given, [x.value for x in outputs])
        name = equation.function.name
        return lambda ptr: self.device.kernel(name, ptr, lambda: run(ptr), reads, list(outputs))


class _Touched:
    """The part of a block that a piece of work reads or writes, as the clocks want to know it."""

    def __init__(self, block: Block, place: Any, address: int) -> None:
        self.block = block
        self.value = at(address, place.dtype, place.shape, [n * place.itemsize for n in place.strides])

    def __repr__(self) -> str:
        return f"{self.value.dtype}{self.value.shape}"


def compiler_on(device: FakeDevice) -> tuple[Compiler, Products]:
    """Return a compiler for the stand-in, and its products."""
    products = Products()
    return Compiler(lambda arrays: device, lambda functions, fixed: FakeMachine(device, products)), products


def numpy_of(x: Any) -> Any:
    """Return an array of the stand-in as NumPy's."""
    return np.array(x.get())
