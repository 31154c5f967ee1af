"""Sizes that follow the batch: two recordings, of two batch sizes, laid side by side.

What differs between them is found and not guessed. A size in a shape that is ``each * batch + more`` in both
is written so; a Program that differs in anything else depends on how many samples there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bpcore.ground.registry import backend_of
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Static

__all__ = ["FollowsBatch", "Size", "fixed", "side_by_side"]

SHAPED = frozenset({"broadcast_to", "reshape"})
"""Functions whose shape may follow the batch."""


class FollowsBatch(Exception):
    """The Program is another one for another batch size; its text says where."""


@dataclass(frozen=True)
class Size:
    """A length that is ``each * batch + more``."""

    each: int
    more: int

    def __str__(self) -> str:
        factor = "batch" if self.each == 1 else f"{self.each}*batch"
        return factor + (f"{self.more:+d}" if self.more else "")


def fixed(size: int | Size, where: str) -> int:
    """Return a length that must not follow the batch."""
    if isinstance(size, Size):
        raise FollowsBatch(where)
    return size


def side_by_side(one: Program, other: Program, batches: tuple[int, int]) -> Program:
    """Return the first Program with a `Size` for every length that follows the batch.

    Raises
    ------
    FollowsBatch
        When they differ in anything else.
    """
    return _Pair(one, other, batches).merged()


@dataclass(frozen=True)
class _Pair:
    one: Program
    other: Program
    batches: tuple[int, int]

    def merged(self) -> Program:
        one, other = self.one, self.other
        same = len(one.equations) == len(other.equations) and set(one.constants) == set(other.constants)
        if not same or not _alike(one.outputs, other.outputs):
            raise FollowsBatch("it makes other calls")
        for name, array in one.constants.items():
            if not _same_array(array, other.constants[name]):
                raise FollowsBatch(f"an array of shape {tuple(array.shape)} that it holds")
        pairs = zip(one.equations, other.equations, strict=True)
        equations = tuple(self._equation(a, b) for a, b in pairs)
        types = {slot: self._type(kind, other.types[slot]) for slot, kind in one.types.items()}
        return replace(one, equations=equations, types=types)

    def _equation(self, a: Equation, b: Equation) -> Equation:
        where = f"a number in {a.function.name}"
        if a.function is not b.function or a.output != b.output or len(a.inputs) != len(b.inputs):
            raise FollowsBatch("it makes other calls")
        if set(a.static) != set(b.static):
            raise FollowsBatch(where)
        inputs = (self._value(x, y, a) for x, y in zip(a.inputs, b.inputs, strict=True))
        static = {name: self._value(value, b.static[name], a) for name, value in a.static.items()}
        return replace(a, inputs=tuple(inputs), static=static)

    def _value(self, x: Static, y: Static, equation: Equation) -> Static:
        if _alike(x, y):
            return x
        shape = isinstance(x, tuple | list) and isinstance(y, tuple | list) and len(x) == len(y)
        if shape and equation.function.name in SHAPED:
            return tuple(self._size(a, b) for a, b in zip(x, y, strict=True))
        raise FollowsBatch(f"a number in {equation.function.name}")

    def _size(self, a: int, b: int) -> int | Size:
        if a == b:
            return a
        n, m = self.batches
        each, rest = divmod(b - a, m - n)
        if rest:
            raise FollowsBatch("a size that is no multiple of it")
        return Size(each, a - each * n)

    def _type(self, a: Any, b: Any) -> Static:
        if not isinstance(a, ArrayType):
            return tuple(self._type(x, y) for x, y in zip(a, b, strict=True))
        if len(a.shape) != len(b.shape) or a.dtype != b.dtype:
            raise FollowsBatch("it makes other calls")
        shape: Any = tuple(self._size(m, n) for m, n in zip(a.shape, b.shape, strict=True))
        return ArrayType(shape, a.dtype)


def _alike(x: Static, y: Static) -> bool:
    """Whether two operands are the same; numbers by their text, so that NaN is NaN and 1 is not 1.0."""
    if isinstance(x, Slot | Constant) or isinstance(y, Slot | Constant):
        return type(x) is type(y) and x == y
    if isinstance(x, tuple | list) and isinstance(y, tuple | list):
        return len(x) == len(y) and all(map(_alike, x, y))
    return x is y or (type(x) is type(y) and repr(x) == repr(y))


def _same_array(x: Array, y: Array) -> bool:
    if tuple(x.shape) != tuple(y.shape) or x.dtype != y.dtype:
        return False
    one, other = (backend_of(a).to_host(a) for a in (x, y))
    return bool(one.tobytes() == other.tobytes())
