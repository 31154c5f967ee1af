"""A Program as machine code, called with NumPy's arrays."""

from __future__ import annotations

import ctypes
import operator
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bpcore.program.program import Program
from bpcore.words.errors import OptionError
from bpcore_numba import threads, views, works
from bpcore_numba.blas import Blas
from bpcore_numba.bounds import said
from bpcore_numba.layout import homes, laid_out
from bpcore_numba.lower import Lowering
from bpcore_numba.machine import function
from bpcore_numba.module import written

__all__ = ["Native"]

TABLES = (views, works)
"""They enter their functions into the table of `lower` when they are imported."""


def _aligned(size: int) -> Any:
    """Return so many zeros, from the begin of a cache line on."""
    memory = np.zeros(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size]


@dataclass(eq=False)
class Homes:
    """Where carried arrays lie from one call to the next, for all Programs of one compiled function."""

    memory: Any
    views: list[Any]
    begin: int
    end: int

    def take_in(self, arrays: Sequence[Any]) -> None:
        """Copy in what is not the array that was returned."""
        if all(map(operator.is_, self.views, arrays)):
            return
        changed = [(view, _plain(x)) for view, x in zip(self.views, arrays, strict=True) if x is not view]
        fresh = [(view, x.copy() if np.may_share_memory(x, self.memory) else x) for view, x in changed]
        for view, x in fresh:
            view[...] = x


def _homes(program: Program, shared: dict[str, Any]) -> Homes:
    types = [program.types[program.inputs[i]] for i, _ in program.carried]
    key = f"numba homes {[(tuple(t.shape), str(t.dtype)) for t in types]}"
    if key not in shared:
        offsets, size = homes(types)
        memory = _aligned(size)
        found = []
        for t, offset in zip(types, offsets, strict=True):
            count = int(np.prod(t.shape, dtype=np.int64)) * t.dtype.itemsize
            found.append(memory[offset : offset + count].view(t.dtype).reshape(t.shape))
        begin = memory.ctypes.data
        shared[key] = Homes(memory, found, begin, begin + size)
    kept: Homes = shared[key]
    return kept


class Native:
    """A Program in machine code.

    Attributes
    ----------
    source : str
        Its text in LLVM's language.
    """

    def __init__(self, program: Program, shared: dict[str, Any], blas: Blas | None) -> None:
        lowering = Lowering(program, blas)
        layout = laid_out(lowering)
        module = written(layout, [f"constant_{name}" for name in program.constants])
        self.source = module.text
        called = (blas.symbols if blas else {}) | threads.symbols()
        self._function = function(module.text, "program", called)
        self.homes = _homes(program, shared)
        self._lock = shared.setdefault("numba lock", threading.Lock())  # the memory is one for all threads
        self.work = shared.get("numba work")
        if self.work is None or self.work.size < layout.work:
            self.work = shared["numba work"] = _aligned(layout.work)
        self._blas = blas if module.products else None
        self._constants = [np.ascontiguousarray(x) for x in program.constants.values()]
        carried = {i for i, _ in program.carried}
        results = {o for _, o in program.carried}
        self._given = [i for i in range(len(program.inputs)) if i not in carried]
        self._taken = [i for i, _ in program.carried]
        self._made = [o for o in range(len(program.outputs)) if o not in results]
        self._types = [lowering.place(program.outputs[o]) for o in self._made]
        self._outputs: list[Any] = [None] * len(program.outputs)
        for (_, o), view in zip(program.carried, self.homes.views, strict=True):
            self._outputs[o] = view
        self._fault = (ctypes.c_int64 * 2)()
        self._looks = module.looks
        fixed = [
            threads.pool() if module.shares else 0,
            self.homes.begin,
            self.work.ctypes.data,
            ctypes.addressof(self._fault),
            *(x.ctypes.data for x in self._constants),
        ]
        self._fixed = len(fixed)
        self._table = (ctypes.c_void_p * len(module.regions))(*fixed)
        self._at = ctypes.addressof(self._table)

    def run(self, *inputs: Any) -> list[Any]:
        """Run the Program once."""
        return self.loop(None, *inputs)

    def again(self, *others: Any) -> list[Any]:
        """Run it once more on what it carries, which comes first; return what it does not carry."""
        with self._lock:
            held = self._hold(others)
            return self._call(None, held)

    def loop(self, length: int | None, /, *inputs: Any) -> list[Any]:
        """Run it many times; what is not carried has one more axis in front."""
        with self._lock:
            held = self._hold([inputs[i] for i in self._given])
            self.homes.take_in([inputs[i] for i in self._taken])
            outputs = self._outputs.copy()
            for o, y in zip(self._made, self._call(length, held), strict=True):
                outputs[o] = y
            return outputs

    def _hold(self, others: Sequence[Any]) -> list[Any]:
        """Write down where the inputs lie that are not carried; return what must be kept until the end."""
        held = []
        begin, end = self.homes.begin, self.homes.end
        for number, given in enumerate(others, self._fixed):
            x = given if type(given) is np.ndarray else _plain(given)
            flags = x.flags
            if not (flags.c_contiguous and flags.aligned):
                x = np.array(x, order="C")
            address = _address(x)
            if begin <= address < end:  # what is carried is going to be written there
                x = x.copy()
                address = _address(x)
            self._table[number] = address
            held.append(x)
        return held

    def _call(self, length: int | None, held: list[Any]) -> list[Any]:
        """Call the machine code, on inputs that are held; return new arrays of what is not carried."""
        front = () if length is None else (length,)
        made = [np.empty(front + place.shape, place.kind) for place in self._types]
        for number, y in enumerate(made, self._fixed + len(held)):
            self._table[number] = _address(y)
        if self._blas is None:
            self._function.call(length or 1, self._at)
        else:
            with self._blas.alone():  # the threads are bpcore's
                self._function.call(length or 1, self._at)
        if self._looks and self._fault[1]:
            index, axis = self._fault
            self._fault[1] = 0
            raise said(index, axis)
        return made


def _plain(x: Any) -> Any:
    """Return what is not exactly NumPy's array as one: a number of NumPy's has no memory that stays."""
    if isinstance(x, np.ma.MaskedArray):
        raise OptionError(
            "what native code is called with", "a masked array", "an array of numbers only",
            "Write x.filled(number) or x.data in its place.",
        )  # fmt: skip
    return np.asarray(x)


def _address(x: Any) -> int:
    """Return where the elements of an array begin."""
    address: int = x.__array_interface__["data"][0]
    return address
