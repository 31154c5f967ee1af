"""The parts of a Program: slots, what is known of the arrays in them, and equations between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from bpcore.derivatives.rules.function import Function
from bpcore.words.protocols import Array, Dtype, Shape, Static
from bpcore.words.trees import Structure

__all__ = ["ArrayType", "Constant", "Equation", "Equations", "Slot", "type_of"]


class Slot(int):
    """The number of a place that an array is kept in while a Program runs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"v{int(self)}"


class Constant(str):
    """The name of an array that a Program holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class ArrayType(NamedTuple):
    """What is known of an array before there is one.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype object of the library
    """

    shape: Shape
    dtype: Dtype

    def __repr__(self) -> str:
        return f"{str(self.dtype).rpartition('.')[2]}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, eq=False, slots=True)
class Equation:
    """One function applied once.

    Attributes
    ----------
    function : Function
    inputs : tuple
        A `Slot`; or a `Constant`, the name of an array; or a value that is not an array.
    static : mapping
        The keyword arguments.
    output : Slot
    """

    function: Function
    inputs: tuple[Slot | Constant | Static, ...]
    static: Mapping[str, Static]
    output: Slot


def type_of(array: Array) -> Static:
    """Return shape and dtype of an array; of each, where a function returned several."""
    if isinstance(array, tuple | list):
        return tuple(ArrayType(tuple(part.shape), part.dtype) for part in array)
    return ArrayType(tuple(array.shape), array.dtype)


@dataclass(frozen=True, eq=False)
class Equations:
    """A straight-line list of equations.

    Attributes
    ----------
    inputs : tuple of Slot
        Where the arguments' leaves go, in order.
    equations : tuple of Equation
        Each reads slots that are inputs or outputs of earlier ones, and writes a slot once.
    outputs : tuple
        A `Slot`, a `Constant`, or a value that is not an array, for each leaf that is returned.
    constants : mapping of str to array
        Arrays that the function took from elsewhere than its arguments.
    types : mapping of Slot to ArrayType, or to a tuple of them
    structure : Structure
        The tree that the outputs make.
    carried : tuple of pairs (int, int)
        A place among `inputs` and one among `outputs`: the array of that input is given up, and the output,
        which has its type, may be written where it lies.
    """

    inputs: tuple[Slot, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[Slot | Constant | Static, ...]
    constants: Mapping[str, Array]
    types: Mapping[Slot, Static]
    structure: Structure
    carried: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "constants", MappingProxyType(dict(self.constants)))
        object.__setattr__(self, "types", MappingProxyType(dict(self.types)))
