"""What passes share: fresh slots, keys by which two operands are known to be the same, readers of slots."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count

from bpcore.derivatives.rules.function import Forward
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.program import Program
from bpcore.words.protocols import Array, Shape, Static

__all__ = [
    "broadcast",
    "elementwise",
    "fresh_slots",
    "key_of",
    "renamed",
    "shape_of",
    "static_key",
    "with_operands",
]

Operand = Slot | Constant | Static


def fresh_slots(program: Program) -> Iterator[Slot]:
    """Yield slots that `program` has not."""
    return map(Slot, count(max(program.types, default=-1) + 1))


def key_of(operand: Operand) -> Hashable:
    """Return what an operand is known by: 1, 1.0 and True are three, and so are 0.0 and -0.0."""
    if isinstance(operand, Slot):
        return ("slot", int(operand))
    if isinstance(operand, Constant):
        return ("constant", str(operand))
    return static_key(operand)


def static_key(value: Static) -> Hashable:
    """Return what an argument that is not an array is known by; its identity, where it has nothing better."""
    kind = type(value)
    if kind in (int, str, bool):
        return (kind, value)
    if kind in (float, complex):
        return (kind, repr(value))  # tells -0.0 from 0.0
    if isinstance(value, tuple | list):
        return (kind, tuple(map(static_key, value)))
    if isinstance(value, slice):
        return ("slice", static_key(value.start), static_key(value.stop), static_key(value.step))
    return ("object", id(value))


OTHERS = frozenset(
    (
        *("astype", "where", "clip", "equal", "not_equal", "greater", "greater_equal", "less", "less_equal"),
        *("logical_and", "logical_or", "logical_not", "logical_xor", "isfinite", "isinf", "isnan", "sign"),
        *("floor", "ceil", "round", "trunc", "signbit", "nextafter", "bitwise_and", "bitwise_or"),
        *("bitwise_xor", "bitwise_invert", "bitwise_left_shift", "bitwise_right_shift", "floor_divide"),
    )
)
"""Functions that are element-wise, and are in the table as constant or as combining."""


def elementwise(equation: Equation) -> bool:
    """Return whether each element of the output comes from one of each input: broadcast, nothing more."""
    function = equation.function
    if function.name in OTHERS:
        return True
    return function.broadcasts and function.forward is Forward.DIAGONAL and not function.several


def renamed(names: Mapping[Slot, Operand]) -> Callable[[Operand], Operand]:
    """Return a function that puts the operand in place of a slot which stands for it."""

    def put(operand: Operand) -> Operand:
        while type(operand) is Slot and operand in names:
            operand = names[operand]
        return operand

    return put


def with_operands(equation: Equation, put: Callable[[Operand], Operand]) -> Equation:
    """Return the equation with other operands; itself, where they are the same."""
    inputs = tuple([put(x) for x in equation.inputs])
    return equation if inputs == equation.inputs else replace(equation, inputs=inputs)


def shape_of(
    program: Program, operand: Operand, constants: Mapping[str, Array] | None = None
) -> Shape | None:
    """Return the shape of an operand: that of no axes for a number, None for several arrays."""
    if isinstance(operand, Slot):
        kind = program.types[operand]
        return kind.shape if isinstance(kind, ArrayType) else None
    if isinstance(operand, Constant):
        return tuple((program.constants if constants is None else constants)[operand].shape)
    return ()


def broadcast(shapes: Iterable[Shape | None]) -> Shape | None:
    """Return the shape that arrays of these shapes are broadcast to; None where one of them is unknown."""
    found: list[Shape] = []
    for shape in shapes:
        if shape is None:
            return None
        found.append(shape)
    length = max(map(len, found), default=0)
    padded = [(1,) * (length - len(shape)) + shape for shape in found]
    return tuple(next((n for n in axis if n != 1), 1) for axis in zip(*padded, strict=True))
