"""What cuBLASLt computes, by its header's words, in NumPy on this machine's memory.

Nothing here knows how bpcore describes a product. It is given what the library is given: attributes of
descriptors, and addresses; and it reads column by column, as the library does. In which order the bits of a
ReLU mask lie inside a byte the header does not say: here from the lowest, and nobody else reads them.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

FLOAT32, FLOAT64, FLOAT16, BFLOAT16 = 0, 1, 2, 14
STORED = {FLOAT32: "f4", FLOAT64: "f8", FLOAT16: "f2", BFLOAT16: "u2"}
RELU, BIAS, DRELU, BGRAD, GELU, DGELU, AUX, BGRADA, BGRADB = 2, 4, 8, 16, 32, 64, 128, 256, 512
"""The bits that epilogues are made of."""


class Matrix(NamedTuple):
    """A layout: dtype, rows, columns, leading dimension, batch, and its stride."""

    dtype: int
    rows: int
    columns: int
    ld: int
    batch: int
    stride: int


@dataclass
class Memory:
    """Arrays of this machine that may be read and written by their addresses; anything else is an error."""

    arrays: list[np.ndarray] = field(default_factory=list)

    def add(self, array: np.ndarray) -> int:
        self.arrays.append(array)
        return array.ctypes.data

    def at(self, address: int, nbytes: int) -> np.ndarray:
        for array in self.arrays:
            begin = array.ctypes.data
            if begin <= address and address + nbytes <= begin + array.nbytes:
                return np.frombuffer((ctypes.c_char * nbytes).from_address(address), np.uint8)
        raise AssertionError(f"{nbytes} bytes at {address:#x} are outside every array")


def stored(values: np.ndarray, dtype: int) -> np.ndarray:
    """Return numbers as they are stored; bfloat16 is rounded to the nearest, ties to even."""
    if dtype != BFLOAT16:
        return values.astype(STORED[dtype])
    bits = values.astype("f4").view("u4").astype("u8")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("u2")


def loaded(words: np.ndarray, dtype: int) -> np.ndarray:
    """Return what is stored as float64."""
    if dtype == BFLOAT16:
        return (words.astype("u4") << 16).view("f4").astype("f8")
    return words.astype("f8")


def view(memory: Memory, address: int, m: Matrix, *, write: bool = False) -> np.ndarray:
    """Return the words of a stack of matrices, (batch, rows, columns), of columns that lie `ld` apart."""
    assert m.ld >= m.rows, f"a leading dimension of {m.ld} for {m.rows} rows"
    size = np.dtype(STORED[m.dtype]).itemsize
    last = (m.batch - 1) * m.stride + (m.columns - 1) * m.ld + m.rows
    flat = memory.at(address, last * size).view(STORED[m.dtype])
    strides = (m.stride * size, size, m.ld * size)
    shape = (m.batch, m.rows, m.columns)
    return np.lib.stride_tricks.as_strided(flat, shape, strides, writeable=write)


def bits(memory: Memory, address: int, m: Matrix, ld: int, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of a mask, and for each element of D the number of its bit in them."""
    assert ld % 128 == 0, "the mask's leading dimension is a multiple of 128 bits"
    assert ld >= m.rows
    assert stride % 128 == 0
    nbytes = ((m.batch - 1) * stride + m.columns * ld) // 8
    b, i, j = np.ogrid[: m.batch, : m.rows, : m.columns]
    return memory.at(address, nbytes), b * stride + i + j * ld


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2


def gelu_slope(x: np.ndarray) -> np.ndarray:
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    slope = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return (1 + np.tanh(inner)) / 2 + x * slope * (1 - np.tanh(inner) ** 2) / 2


@dataclass
class Operation:
    """The attributes of an operation that say what is computed."""

    transposed: tuple[bool, bool]
    epilogue: int
    bias: int = 0
    aux: int = 0
    aux_ld: int = 0
    aux_stride: int = 0


def compute(
    memory: Memory,
    operation: Operation,
    matrices: tuple[Matrix, Matrix, Matrix],
    addresses: tuple[int, int, int],
    beta: float,
) -> None:
    """Do ``D = epilogue(op(A) op(B) + beta D)`` in memory."""
    a, b = (
        loaded(view(memory, address, m), m.dtype).transpose((0, 2, 1) if turned else (0, 1, 2))
        for address, m, turned in zip(addresses, matrices, operation.transposed, strict=False)
    )
    layout = matrices[2]
    d = view(memory, addresses[2], layout, write=True)
    assert (a.shape[1], b.shape[2]) == (layout.rows, layout.columns), "op(A) op(B) is of D's shape"
    assert a.shape[2] == b.shape[1], "op(A) has as many columns as op(B) has rows"
    values = np.matmul(a, b) + (beta * loaded(d, layout.dtype) if beta else 0.0)
    values = _forward(memory, operation, layout, values)
    values = _backward(memory, operation, layout, values)
    d[...] = stored(values, layout.dtype)
    _gradient(memory, operation, layout, (a, b, values))


def _vector(memory: Memory, address: int, length: int, dtype: int) -> np.ndarray:
    return memory.at(address, length * np.dtype(STORED[dtype]).itemsize).view(STORED[dtype])


def _forward(memory: Memory, op: Operation, d: Matrix, values: np.ndarray) -> np.ndarray:
    if op.epilogue & BIAS:  # it lies along the rows of D, and is the same in each of its columns
        values = values + loaded(_vector(memory, op.bias, d.rows, d.dtype), d.dtype)[:, None]
    if op.epilogue & RELU:
        if op.epilogue & AUX:
            kept, number = bits(memory, op.aux, d, op.aux_ld, op.aux_stride)
            shown = np.unpackbits(kept, bitorder="little")
            shown[number] = values > 0
            kept[...] = np.packbits(shown, bitorder="little")
        values = np.maximum(values, 0)
    if op.epilogue & GELU:
        if op.epilogue & AUX:
            inputs = _inputs(memory, op, d, write=True)
            inputs[...] = stored(values, d.dtype)
        values = gelu(values)
    return values


def _backward(memory: Memory, op: Operation, d: Matrix, values: np.ndarray) -> np.ndarray:
    if op.epilogue & DRELU:
        kept, number = bits(memory, op.aux, d, op.aux_ld, op.aux_stride)
        values = values * np.unpackbits(kept, bitorder="little")[number]
    if op.epilogue & DGELU:
        values = values * gelu_slope(loaded(_inputs(memory, op, d), d.dtype))
    return values


def _inputs(memory: Memory, op: Operation, d: Matrix, *, write: bool = False) -> np.ndarray:
    assert op.aux_ld % 8 == 0, "the leading dimension of GELU's inputs is a multiple of 8 elements"
    assert op.aux_stride % 8 == 0
    return view(memory, op.aux, d._replace(ld=op.aux_ld, stride=op.aux_stride), write=write)


def _gradient(memory: Memory, op: Operation, d: Matrix, arrays: tuple[np.ndarray, ...]) -> None:
    a, b, values = arrays
    sums = None
    if op.epilogue & BGRAD:
        sums = values.sum(axis=(0, 2))
    if op.epilogue & BGRADA:
        sums = a.sum(axis=(0, 2))
    if op.epilogue & BGRADB:
        sums = b.sum(axis=(0, 1))
    if sums is not None:
        _vector(memory, op.bias, len(sums), d.dtype)[...] = stored(sums, d.dtype)
