"""The producer of a number that is not finite: a Program, run equation by equation, and walked back.

A number that is infinite or NaN is carried on by most functions. The *producer* is the function whose output
is not finite though its inputs are. What is not finite on purpose, as the -inf of a mask, and leaves no trace
in the outputs, is not on the way back from them, and so is not blamed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.namespaces.plain import bound
from bpcore.ground.registry import backend_of
from bpcore.program.equation import Constant, Equation, Equations, Slot
from bpcore.program.sample_axes import SampleAxis
from bpcore.words.protocols import Array, Namespace, Shape, Static

__all__ = ["Producer", "first_bad", "produced"]


@dataclass(frozen=True, kw_only=True)
class Producer:
    """A function whose output is not finite though its inputs are.

    Attributes
    ----------
    function : str
        Its name.
    inputs : tuple of float
        The numbers that went in where the first bad one came out; of a function that puts many numbers into
        one, the largest in size of each input.
    output : float
        What came out: inf, -inf or NaN.
    row : int or None
        Which sample: the place of the output along the axis of the samples; where it has none, that of the
        sample that was largest among those that went in. None where none did.
    """

    function: str
    inputs: tuple[float, ...]
    output: float
    row: int | None


def produced(
    program: Equations,
    arrays: Sequence[Array],
    *,
    axes: Callable[[], Mapping[Slot, SampleAxis]] = dict,
) -> tuple[list[Static], Producer | None]:
    """Return a Program's outputs, and who produced the first of them that is not finite, if one is.

    Parameters
    ----------
    program : Program
    arrays : sequence of arrays
        Its inputs.
    axes : function
        Returns which axis of each slot is that of the samples; asked where a producer was found.
    """
    functions = space_of(*arrays).functions
    values: dict[Static, Static] = dict(zip(program.inputs, arrays, strict=True))
    values |= {Constant(name): array for name, array in program.constants.items()}
    made: dict[Static, Equation] = {}
    with warnings.catch_warnings():  # what is looked for is what they warn of
        warnings.simplefilter("ignore", RuntimeWarning)
        for equation in program.equations:
            values[equation.output] = _applied(equation, functions, values)
            made[equation.output] = equation
        outputs = [_value(values, output) for output in program.outputs]
        bad = [y for y, value in zip(program.outputs, outputs, strict=True) if _is_bad(value)]
        start = next((y for y in bad if y in made), None)
        if start is None:
            return outputs, None
        return outputs, _described(_walked_back(made, values, start), values, axes())


_PRODUCTS = frozenset({"linalg.vecdot", "matmul", "vecdot"})
"""Functions that broadcast, and put many numbers into one."""
PLANE = 2


def _applied(equation: Equation, functions: Namespace, values: dict[Static, Static]) -> Static:
    inputs = [_value(values, operand) for operand in equation.inputs]
    function = bound(equation.function, functions)
    return function(*([inputs] if equation.function.takes_list else inputs), **equation.static)


def _value(values: dict[Static, Static], operand: Static) -> Static:
    return values[operand] if isinstance(operand, Slot | Constant) else operand


def _walked_back(made: dict[Static, Equation], values: dict[Static, Static], start: Static) -> Equation:
    """Return the equation that is reached from a bad output by way of its bad inputs."""
    equation = made[start]
    while True:
        bad = [x for x in equation.inputs if isinstance(x, Slot) and x in made and _is_bad(values[x])]
        if not bad:
            return equation
        equation = made[bad[0]]


def _is_bad(x: Static) -> bool:
    return first_bad(x) is not None


def first_bad(x: Static) -> int | None:
    """Return the flat position of the first number of an array that is not finite; None if all are."""
    if isinstance(x, tuple | list):
        return next((place for place in map(first_bad, x) if place is not None), None)
    if not hasattr(x, "dtype") or isinstance(x, type):
        return None
    xp = space_of(x).functions
    if not xp.isdtype(x.dtype, ("real floating", "complex floating")) or not math.prod(x.shape):
        return None
    bad = xp.astype(xp.logical_not(xp.isfinite(xp.reshape(x, (-1,)))), xp.int32)
    place = int(backend_of(x).to_host(xp.argmax(bad)))
    return place if int(backend_of(x).to_host(bad[place])) else None


def _described(equation: Equation, values: dict[Static, Static], axes: Mapping[Slot, SampleAxis]) -> Producer:
    output = values[equation.output]
    if isinstance(output, tuple | list):
        output = next(part for part in output if _is_bad(part))
    place = first_bad(output) or 0
    operands = [_value(values, operand) for operand in equation.inputs]
    whole = not equation.function.broadcasts or equation.function.name in _PRODUCTS
    numbers = [_went_in(x, output, place, whole=whole) for x in operands]
    return Producer(
        function=equation.function.name,
        inputs=tuple(number for number in numbers if number is not None),
        output=_read(output, place),
        row=_row(equation, operands, output, place, axes),
    )


def _row(
    equation: Equation, operands: list[Static], output: Array, place: int, axes: Mapping[Slot, SampleAxis]
) -> int | None:
    """Return the sample that an output is of, or the one that made the most of it."""
    if equation.output in axes:
        return _along(output.shape, place, axes[equation.output])
    operands = [
        (x, axes[name]) if isinstance(name, Slot) and name in axes else None
        for name, x in zip(equation.inputs, operands, strict=True)
    ]
    if equation.function.name == "matmul" and output.ndim == PLANE:
        line, column = divmod(place, output.shape[1])
        entered = [
            _sizes(*one) for one in (_line(operands[0], 1, line), _line(operands[1], 0, column)) if one
        ]
    else:
        entered = [_sizes(*one) for one in operands if one]
    if not entered:
        return None
    sizes = [sum(map(_log, one)) for one in zip(*entered, strict=True)]
    return max(range(len(sizes)), key=sizes.__getitem__)


def _line(x: tuple[Array, SampleAxis] | None, summed: int, place: int) -> tuple[Array, SampleAxis] | None:
    """Return the row or column of a matrix that went into a product's number, where samples are summed."""
    if x is None or x[0].ndim != PLANE or x[1] != SampleAxis(summed):
        return x
    matrix = x[0]
    return (matrix[:, place] if summed == 0 else matrix[place, :]), SampleAxis(0)


def _along(shape: Shape, place: int, of: SampleAxis) -> int:
    """Return the sample that a flat position is of."""
    return place // math.prod(shape[of.axis + 1 :]) % shape[of.axis] // of.each


def _sizes(x: Array, of: SampleAxis) -> list[float]:
    """Return the largest size of each sample's numbers."""
    xp = space_of(x).functions
    rows = xp.reshape(xp.moveaxis(x, of.axis, 0), (x.shape[of.axis] // of.each, -1))
    sizes: list[float] = backend_of(x).to_host(xp.max(xp.abs(rows), axis=1)).tolist()
    return sizes


def _log(size: float) -> float:
    return math.log(size) if size > 0 else -math.inf


def _went_in(x: Static, output: Array, place: int, *, whole: bool) -> float | None:
    """Return the number of an input at the place of an output, or its largest in size."""
    if isinstance(x, int | float) and not isinstance(x, bool):
        return float(x)
    if not hasattr(x, "dtype") or isinstance(x, type) or not math.prod(x.shape):
        return None
    xp = space_of(x).functions
    if not xp.isdtype(x.dtype, ("real floating", "integral")):
        return None
    if whole:
        return _largest(x)[1]
    return _read(xp.broadcast_to(x, output.shape), place)


def _largest(x: Array) -> tuple[int, float]:
    """Return the flat position of the number that is largest in size, and the number."""
    xp = space_of(x).functions
    size = xp.abs(xp.reshape(x, (-1,)))
    place = int(backend_of(x).to_host(xp.argmax(size)))
    return place, _read(x, place)


def _read(x: Array, place: int) -> float:
    xp = space_of(x).functions
    number = backend_of(x).to_host(xp.reshape(x, (-1,))[place])
    return float(number.real if xp.isdtype(x.dtype, "complex floating") else number)
