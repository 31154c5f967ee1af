"""Elements that are read, or added, at places which are computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bpcore_numba.apply import applied
from bpcore_numba.elements import cast
from bpcore_numba.loops import nest
from bpcore_numba.places import Place
from bpcore_numba.writing import Code, Value

__all__ = ["AddAt", "TakeAt"]


def _wrapped(code: Code, index: Value, length: int) -> str:
    """Return a whole number as a place on an axis; below zero it counts from the end."""
    index = cast(code, index, "int64")
    below = code.let("bool", f"icmp slt {index.typed}, 0")
    added = code.let("int64", f"add {index.typed}, {length}")
    at = code.let("int64", f"select i1 {below.text}, {added.typed}, {index.typed}")
    high = code.let("bool", f"icmp uge {at.typed}, {length}")  # out of bounds: read the last, never beyond
    return code.let("int64", f"select i1 {high.text}, i64 {length - 1}, {at.typed}").text


def _index(code: Code, pointer: Callable[[Place], str], indices: Place, at: list[str], length: int) -> str:
    terms = list(zip(at, indices.strides, strict=True))
    place = code.address(pointer(indices), indices.kind, terms, indices.offset)
    return _wrapped(code, code.load(indices.kind, place), length)


@dataclass(eq=False)
class TakeAt:
    """``result[..., i, ...] = source[..., index[i], ...]``.

    `indices` has either the axes that stand in the place of `axis`, or, `along`, all axes of the result.
    """

    source: Place
    indices: Place
    result: Place
    axis: int
    along: bool = False

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.source, self.indices], [self.result]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write the loops."""
        taken = 1 if self.along else len(self.indices.shape)
        length = self.source.shape[self.axis]

        def move(at: list[str]) -> None:
            places = at if self.along else at[self.axis : self.axis + taken]
            index = _index(code, pointer, self.indices, places, length)
            where = [*at[: self.axis], index, *at[self.axis + taken :]]
            x = code.load(self.source.kind, _address(code, pointer, self.source, where))
            code.store(x, _address(code, pointer, self.result, at))

        nest(code, self.result.shape, None, move)


@dataclass(eq=False)
class AddAt:
    """``result[..., index[i], ...] += source[..., i, ...]``, one after the other."""

    source: Place
    indices: Place
    result: Place
    axis: int
    along: bool = False

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.source, self.indices, self.result], [self.result]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write the loops."""
        taken = 1 if self.along else len(self.indices.shape)
        length, kind = self.result.shape[self.axis], self.result.kind

        def move(at: list[str]) -> None:
            places = at if self.along else at[self.axis : self.axis + taken]
            index = _index(code, pointer, self.indices, places, length)
            target = _address(code, pointer, self.result, [*at[: self.axis], index, *at[self.axis + taken :]])
            x = code.load(self.source.kind, _address(code, pointer, self.source, at))
            y = applied(code, "add", (code.load(kind, target), cast(code, x, kind)), {}, kind)
            code.store(y, target)

        nest(code, self.source.shape, None, move)


def _address(code: Code, pointer: Callable[[Place], str], place: Place, at: list[str]) -> str:
    terms = list(zip(at, place.strides, strict=True))
    return code.address(pointer(place), place.kind, terms, place.offset)
