"""How each equation is carried out: as a view, written into planned memory, or called as it is.

A slot whose array lies at a place that is known before the program runs is called fixed.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

import numpy as np

from bpcore.derivatives.namespaces.plain import bound
from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import ArrayType, Constant, Equation, Equations, Slot
from bpcore_numpy.lowering.blocks import inside, length

__all__ = ["REDUCTIONS", "VIEWS", "Way", "rows_taken", "ways"]


class Way(Enum):
    """How an equation is carried out."""

    VIEW = auto()
    """A view of a fixed array: made once."""
    UFUNC = auto()
    """A universal function that writes into planned memory."""
    PRODUCT = auto()
    """A generalized one, likewise; it cannot write over what it reads."""
    DOT = auto()
    """A product of vectors or matrices by the method, which costs half of the function on small ones."""
    REDUCTION = auto()
    """The reduction of one, likewise."""
    ARGUMENT = auto()
    """The place of an extreme, likewise."""
    CAST = auto()
    """A cast that writes into planned memory."""
    CHOICE = auto()
    """Elements of one array or of another, likewise."""
    CONCAT = auto()
    """Parts that are copied, or lie, one after the other."""
    BLOCKS = auto()
    """A group over vectors that are fixed, block by block."""
    PART = auto()
    """A result of such a group that has several."""
    CALL = auto()
    """The function itself, which allocates what it returns."""


VIEWS: dict[str, Any] = {
    "broadcast_to": np.broadcast_to,
    "expand_dims": np.expand_dims,
    "flip": lambda x, **axis: np.flip(x, **axis) if x.ndim else x,  # else it is a number
    "getitem": lambda x, *, key: x[key],
    "matrix_transpose": np.matrix_transpose,
    "moveaxis": np.moveaxis,
    "permute_dims": np.permute_dims,
    "reshape": np.reshape,
    "squeeze": np.squeeze,
}
"""NumPy's functions that return views, of which some have kernels that do not."""

REDUCTIONS: dict[str, Any] = {
    "sum": np.add.reduce,
    "mean": np.add.reduce,
    "max": np.maximum.reduce,
    "min": np.minimum.reduce,
    "prod": np.multiply.reduce,
    "all": np.logical_and.reduce,
    "any": np.logical_or.reduce,
}


OTHERS = {
    "where": Way.CHOICE,
    "astype": Way.CAST,
    "concat": Way.CONCAT,
    "argmax": Way.ARGUMENT,
    "argmin": Way.ARGUMENT,
}

BLAS = {"float32", "float64", "complex64", "complex128"}

SINGLE = 4
"""Bytes of a float32: narrower numbers are added up in wider ones."""


def ways(program: Equations, functions: Any) -> tuple[list[Way], set[Slot]]:
    """Return the way of each equation, and the slots that are fixed."""
    carried = {output for i, output in enumerate(program.outputs) if i in {j for _, j in program.carried}}
    returned = {output for output in program.outputs if type(output) is Slot} - carried
    fixed = {program.inputs[i] for i, _ in program.carried}
    dense = set(fixed)
    blocks: set[Slot] = set()
    found = []
    for equation in program.equations:
        way = _way(program, equation, functions, fixed, dense)
        if equation.function is ITEM and equation.inputs[0] in blocks:
            way = Way.PART
        elif inside(equation) and _in_blocks(equation, fixed, dense, returned, program):
            way = Way.BLOCKS
            blocks.add(equation.output)
        elif equation.output in returned and way is not Way.VIEW and program.types[equation.output].shape:
            way = Way.CALL  # what is returned is fresh, and a number is copied
        found.append(way)
        if way is not Way.CALL:
            fixed.add(equation.output)
            if way is not Way.VIEW or _stays_dense(equation, dense):
                dense.add(equation.output)
    return found, fixed


def _in_blocks(
    equation: Equation, fixed: set[Slot], dense: set[Slot], returned: set[Any], program: Equations
) -> bool:
    """Return whether what a group takes is fixed, vectors in rows, and none of its results must be fresh."""
    inner = inside(equation)
    if inner is None or any(y in returned for y in inner.outputs):
        return False
    long = length(inner)
    operands = [x for x in equation.inputs if type(x) is Slot]
    return all(x in fixed and (x in dense or program.types[x].shape != long) for x in operands)


def _way(program: Equations, equation: Equation, functions: Any, fixed: set[Slot], dense: set[Slot]) -> Way:
    if not isinstance(program.types[equation.output], ArrayType):
        return Way.CALL
    if _is_view(program, equation, fixed, dense):
        return Way.VIEW
    name = equation.function.name
    function = bound(equation.function, functions)
    if isinstance(function, np.ufunc) and function.nout == 1 and not equation.static:
        if not any(isinstance(operand, Slot | Constant) for operand in equation.inputs):
            return Way.CALL  # of numbers alone, they have no dtype
        return Way.UFUNC if function.signature is None else _product(program, equation)
    if name in REDUCTIONS and _reduces_plainly(program, equation):
        return Way.REDUCTION
    return OTHERS.get(name, Way.CALL)


def _product(program: Equations, equation: Equation) -> Way:
    """Return how a product is made: of vectors and matrices of one dtype that BLAS knows, by the method."""
    kinds = [_kind(program, x) for x in equation.inputs if isinstance(x, Slot | Constant)]
    axes = {len(kind.shape) for kind in kinds}
    dtypes = {str(kind.dtype) for kind in kinds}
    plain = equation.function.name == "matmul" and len(kinds) == len(equation.inputs)
    return Way.DOT if plain and axes <= {1, 2} and len(dtypes) == 1 and dtypes <= BLAS else Way.PRODUCT


def _kind(program: Equations, operand: Slot | Constant) -> Any:
    """Return what has an operand's shape and dtype."""
    arrays: Any = program.types if isinstance(operand, Slot) else program.constants
    return arrays[operand]


def _is_view(program: Equations, equation: Equation, fixed: set[Slot], dense: set[Slot]) -> bool:
    name, operand = equation.function.name, next(iter(equation.inputs), None)
    if not (isinstance(operand, Constant) or (isinstance(operand, Slot) and operand in fixed)):
        return False
    if any(isinstance(other, Slot | Constant) for other in equation.inputs[1:]):
        return False
    if name == "reshape":
        return (isinstance(operand, Constant) or operand in dense) and not equation.static.get("copy")
    if name == "getitem":  # of integers alone NumPy makes a number
        return bool(program.types[equation.output].shape)
    return name in VIEWS


def _stays_dense(equation: Equation, dense: set[Slot]) -> bool:
    """Return whether a view has its elements in one row, in order."""
    if equation.inputs[0] not in dense:
        return False
    name = equation.function.name
    if name == "getitem":
        return rows_taken(equation.static["key"]) is not None
    return name in ("reshape", "expand_dims", "squeeze")


def rows_taken(key: object) -> slice | None:
    """Return the slice of a key that is one, of the first axis and with step 1; None for other keys."""
    parts = key if isinstance(key, tuple) else (key,)
    first, *more = (*parts, ...)
    plain = isinstance(first, slice) and first.step in (None, 1) and all(x is ... for x in more)
    return first if plain else None


def _reduces_plainly(program: Equations, equation: Equation) -> bool:
    kind, operand = program.types[equation.output], equation.inputs[0]
    if type(operand) is not Slot or set(equation.static) - {"axis", "keepdims"}:
        return False
    plain = bool(kind.dtype == program.types[operand].dtype)
    if equation.function.name == "mean":
        return plain and bool(kind.dtype.itemsize >= SINGLE)
    return plain or equation.function.name != "prod"
