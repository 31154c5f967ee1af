"""Indices are looked at before they are used: the least and the greatest, held against the axis' length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bpcore_numba.elements import cast
from bpcore_numba.loops import collapsed, nest
from bpcore_numba.places import Block, Place
from bpcore_numba.writing import Code, Value, literal

__all__ = ["FAULT", "Check", "said"]

FAULT = "fault"
"""The region of two whole numbers: an index that is out of bounds, and its axis' length; 0 where none is."""


def _fault() -> Place:
    return Place((2,), (1,), block=Block(16, FAULT), kind="int64")


@dataclass(eq=False)
class Check:
    """Writes down an index that is not from ``-length`` to ``length - 1``."""

    indices: Place
    length: int
    fault: Place = field(default_factory=_fault)

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.indices], [self.fault]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write a loop without a branch, and what comes of it."""
        least, greatest = self._extremes(code, pointer)
        above = code.let("bool", f"icmp sge {greatest.typed}, {self.length}")
        below = code.let("bool", f"icmp slt {least.typed}, {-self.length}")
        wrong = code.let("bool", f"or i1 {above.text}, {below.text}")
        index = code.let("int64", f"select i1 {above.text}, {greatest.typed}, {least.typed}")
        for number, value in enumerate((index, literal("int64", self.length))):
            place = code.address(pointer(self.fault), "int64", [], number)
            before = code.load("int64", place)
            code.store(code.let("int64", f"select i1 {wrong.text}, {value.typed}, {before.typed}"), place)

    def _extremes(self, code: Code, pointer: Callable[[Place], str]) -> tuple[Value, Value]:
        shape, (strides,) = collapsed(self.indices.shape, [self.indices.strides])
        found = [code.local("int64") for _ in range(2)]
        for place in found:
            code.store(literal("int64", 0), place)  # 0 is in

        def look(at: list[str]) -> None:
            terms = list(zip(at, strides, strict=True))
            where = code.address(pointer(self.indices), self.indices.kind, terms, self.indices.offset)
            index = cast(code, code.load(self.indices.kind, where), "int64")
            for name, place in zip(("smin", "smax"), found, strict=True):
                code.store(code.call(f"llvm.{name}.i64", "int64", code.load("int64", place), index), place)

        nest(code, shape, None, look)
        least, greatest = (code.load("int64", place) for place in found)
        return least, greatest


def said(index: int, length: int) -> IndexError:
    """Return the error for an index."""
    return IndexError(
        f"an index was given as {index}, on an axis of length {length}: wanted is a whole number from "
        f"{-length} to {length - 1}; look at the array that holds the indices."
    )
