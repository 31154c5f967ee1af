"""Sizes that follow the batch: two recordings, of two batch sizes, laid side by side.

What differs between them is found and not guessed. A size in a shape that is ``each * batch + more`` in both
is written so; a Program that differs in anything else depends on how many samples there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.ground.registry import backend_of
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.rewriting import fresh_slots, with_operands
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
        pairs = zip(one.equations, other.equations, strict=True)
        equations = tuple(self._equation(a, b) for a, b in pairs)
        types = {slot: self._type(kind, other.types[slot]) for slot, kind in one.types.items()}
        merged = replace(one, equations=equations, types=types)
        for name, array in one.constants.items():
            if not _same_array(array, other.constants[name]):
                merged = self._spread(merged, Constant(name))
        return merged

    def _spread(self, program: Program, name: Constant) -> Program:
        """Return the Program with an array of one number, as zeros are, made as long as the batch."""
        one, other = (_host(each.constants[name]) for each in (self.one, self.other))
        number = _only_number(one)
        if number is None or number != _only_number(other) or len(one.shape) != len(other.shape):
            raise FollowsBatch(f"an array of shape {tuple(one.shape)} that it holds")
        shape = tuple(self._size(m, n) for m, n in zip(one.shape, other.shape, strict=True))
        slot = next(fresh_slots(program))

        def put(operand: Static) -> Static:
            return slot if isinstance(operand, Constant) and operand == name else operand

        equations = (with_operands(equation, put) for equation in program.equations)
        first = Equation(TABLE["broadcast_to"], (name, shape), {}, slot)
        kind: Any = shape
        return replace(
            program,
            equations=(first, *equations),
            outputs=tuple(map(put, program.outputs)),
            constants={**program.constants, name: one[(0,) * len(one.shape)][...]},
            types={**program.types, slot: ArrayType(kind, one.dtype)},
        )

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
    return bool(_host(x).tobytes() == _host(y).tobytes())


def _host(x: Array) -> Array:
    return backend_of(x).to_host(x)


def _only_number(x: Array) -> bytes | None:
    """Return the bits of the number that a host array holds everywhere; None where there is no such one."""
    bits: bytes = x.tobytes()
    first = bits[: x.dtype.itemsize]
    return first if bits and bits == first * x.size else None
