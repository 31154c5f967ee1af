"""Read a Program element by element: every array becomes its numbers, every matrix product a sum."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, reduce
from itertools import product

from bpcore.derivatives.namespaces.namespace import space_on
from bpcore.derivatives.namespaces.plain import bound
from bpcore.doors.paper.simplest import call
from bpcore.doors.paper.terms import Number, Term
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.rewriting import elementwise
from bpcore.program.program import Program
from bpcore.words.errors import PaperError
from bpcore.words.protocols import Shape, Static

__all__ = ["Elements", "places"]

Index = tuple[int, ...]

MOVES = frozenset(
    (
        *("broadcast_to", "concat", "expand_dims", "flip", "getitem", "matrix_transpose", "moveaxis"),
        *("permute_dims", "repeat", "reshape", "roll", "squeeze", "stack", "tile"),
        *("astype", "positive", "linalg.diagonal"),
    )
)
"""Functions whose output's elements are elements of their inputs."""


FILLED: Mapping[str, float] = {"ones_like": 1.0, "zeros_like": 0.0}
"""Functions whose elements are one number."""


def places(shape: Shape) -> Iterator[Index]:
    """Yield the indices of all elements, row by row."""
    return product(*map(range, shape))


class Elements:
    """The terms of a Program, element by element.

    Parameters
    ----------
    program : Program
    names : mapping of Slot to mapping of index to Term
        What stands for the elements of a slot wherever they are read: for the inputs at least.
    """

    def __init__(self, program: Program, names: Mapping[Slot, Mapping[Index, Term]]) -> None:
        self.program, self.names = program, names
        self.made: Mapping[Slot, Equation] = {equation.output: equation for equation in program.equations}
        self._known: dict[tuple[Slot, Index], Term] = {}

    def term(self, operand: object, index: Index) -> Term:
        """Return what is written for an element of an operand: its name, or what it is made of."""
        if isinstance(operand, Slot):
            if operand in self.names:
                return self.names[operand][index]
            if (operand, index) not in self._known:
                self._known[operand, index] = self.definition(operand, index)
            return self._known[operand, index]
        if isinstance(operand, Constant):
            return Number(float(self.program.constants[operand][index]))
        if isinstance(operand, bool | int | float):
            return Number(float(operand))
        raise PaperError(f"an element of {operand!r}", "there is no number in it")

    def definition(self, slot: Slot, index: Index) -> Term:
        """Return what an element of a slot is made of, whether it has a name or not."""
        equation = self.made[slot]
        name = equation.function.name
        if name in MOVES:
            return self.term(*self._moved(equation, index))
        if name in FILLED:
            return Number(FILLED[name])
        if name == "stop_gradient" or elementwise(equation):
            inputs = [self.term(x, _within(index, self.shape(x))) for x in equation.inputs]
            return call(name, *inputs, **equation.static)
        if name in _OTHERS:
            return _OTHERS[name](self, equation, index)
        raise PaperError(
            f"there is no formula for {name}, element by element",
            "Explain it in whole matrices: form='matrices', or --form matrices.",
        )

    def shape(self, operand: object) -> Shape:
        """Return the shape of an operand."""
        if isinstance(operand, Slot):
            kind = self.program.types[operand]
            return kind.shape if isinstance(kind, ArrayType) else ()
        return tuple(self.program.constants[operand].shape) if isinstance(operand, Constant) else ()

    def _moved(self, equation: Equation, index: Index) -> tuple[object, Index]:
        """Return where an element comes from: the function moves numbers that say where they were."""
        operands = [x for x in equation.inputs if isinstance(x, Slot | Constant)]
        xp = self._host
        numbered, first = [], 0
        for operand in operands:
            shape = self.shape(operand)
            numbered.append(xp.reshape(xp.arange(first, first + math.prod(shape)), shape))
            first += math.prod(shape)
        static = {name: value for name, value in equation.static.items() if name != "dtype"}
        if equation.function.name == "astype":
            moved = numbered[0]
        else:
            function = bound(equation.function, xp)
            others = equation.inputs[len(operands) :]
            moved = (
                function(numbered, **static)
                if equation.function.takes_list
                else function(*numbered, *others, **static)
            )
        found = int(moved[index])
        for operand in operands:
            shape = self.shape(operand)
            if found < math.prod(shape):
                return operand, list(places(shape))[found]
            found -= math.prod(shape)
        raise AssertionError

    @cached_property
    def _host(self) -> Static:
        return space_on("numpy").functions

    def reduced(self, equation: Equation, index: Index) -> list[Term]:
        """Return the elements that a reduction takes together for one of its own."""
        (operand,) = equation.inputs
        shape = self.shape(operand)
        axis, keepdims = equation.static.get("axis"), equation.static.get("keepdims", False)
        axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = sorted(a % len(shape) for a in axes) if shape else []
        rest = iter(index)
        kept = {a: next(rest) for a in range(len(shape)) if keepdims or a not in axes}
        within = product(*[range(n) if a in axes else (kept[a],) for a, n in enumerate(shape)])
        return [self.term(operand, place) for place in within]

    def row(self, equation: Equation, index: Index) -> list[Term]:
        """Return the elements along the axis of a softmax, beside one of them."""
        (operand,) = equation.inputs
        shape = self.shape(operand)
        axis = equation.static.get("axis", -1) % len(shape)
        return [self.term(operand, (*index[:axis], i, *index[axis + 1 :])) for i in range(shape[axis])]


def _within(index: Index, shape: Shape) -> Index:
    """Return the index of an operand that was broadcast."""
    own = index[len(index) - len(shape) :] if shape else ()
    return tuple(0 if length == 1 else i for i, length in zip(own, shape, strict=True))


def _total(terms: list[Term]) -> Term:
    return reduce(lambda a, b: call("add", a, b), terms) if terms else Number(0.0)


def _matmul(elements: Elements, equation: Equation, index: Index) -> Term:
    a, b = equation.inputs
    shape_a, shape_b = elements.shape(a), elements.shape(b)
    rest = list(index)
    column = [rest.pop()] if len(shape_b) > 1 else []
    row = [rest.pop()] if len(shape_a) > 1 else []
    left = _within(tuple(rest), shape_a[:-2]) if len(shape_a) > 2 else ()  # noqa: PLR2004
    right = _within(tuple(rest), shape_b[:-2]) if len(shape_b) > 2 else ()  # noqa: PLR2004
    return _total(
        [
            call("multiply", elements.term(a, (*left, *row, k)), elements.term(b, (*right, k, *column)))
            for k in range(shape_a[-1])
        ]
    )


def _sum(elements: Elements, equation: Equation, index: Index) -> Term:
    return _total(elements.reduced(equation, index))


def _mean(elements: Elements, equation: Equation, index: Index) -> Term:
    terms = elements.reduced(equation, index)
    return call("divide", _total(terms), Number(float(len(terms))))


def _extreme(name: str) -> Callable[[Elements, Equation, Index], Term]:
    return lambda elements, equation, index: reduce(
        lambda a, b: call(name, a, b), elements.reduced(equation, index)
    )


def _logsumexp(elements: Elements, equation: Equation, index: Index) -> Term:
    return call("log", _total([call("exp", x) for x in elements.reduced(equation, index)]))


def _softmax(elements: Elements, equation: Equation, index: Index) -> Term:
    mine = elements.term(equation.inputs[0], index)
    return call("divide", call("exp", mine), _total([call("exp", x) for x in elements.row(equation, index)]))


def _log_softmax(elements: Elements, equation: Equation, index: Index) -> Term:
    mine = elements.term(equation.inputs[0], index)
    return call(
        "subtract", mine, call("log", _total([call("exp", x) for x in elements.row(equation, index)]))
    )


def _prod(elements: Elements, equation: Equation, index: Index) -> Term:
    one: Term = Number(1.0)
    return reduce(lambda a, b: call("multiply", a, b), elements.reduced(equation, index), one)


def _vecdot(elements: Elements, equation: Equation, index: Index) -> Term:
    a, b = equation.inputs
    axis = equation.static.get("axis", -1)
    length = elements.shape(a)[axis]
    shape = list(index)
    terms = []
    for k in range(length):
        place = [*shape[: len(shape) + 1 + axis], k, *shape[len(shape) + 1 + axis :]]
        left, right = (elements.term(x, _within(tuple(place), elements.shape(x))) for x in (a, b))
        terms.append(call("multiply", left, right))
    return _total(terms)


_OTHERS: Mapping[str, Callable[[Elements, Equation, Index], Term]] = {
    "log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
    "matmul": _matmul,
    "max": _extreme("maximum"),
    "mean": _mean,
    "min": _extreme("minimum"),
    "prod": _prod,
    "softmax": _softmax,
    "sum": _sum,
    "vecdot": _vecdot,
}
