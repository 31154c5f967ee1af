"""The text of a lowered Program: one line of NumPy for each equation that costs anything."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from bpcore.derivatives.namespaces.plain import bound
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.results import computed_apart
from bpcore.program.source import argument, call, identifier, released
from bpcore_numpy.lowering.blocks import inside, length
from bpcore_numpy.lowering.buffers import Buffers, vectors
from bpcore_numpy.lowering.choosing import FEW, WIDE, chooser
from bpcore_numpy.lowering.layout import Layout
from bpcore_numpy.lowering.ways import REDUCTIONS, Way

__all__ = ["Group", "Written", "written"]


EXTREMES = ("maximum", "minimum")
"""Functions that NumPy wants to be told their output by name; by position it is some 30 ns cheaper."""

FILLED = (2**8, 2**20)
"""Elements for which an extreme is faster of an array and as many equal numbers than of an array and one.

With one number NumPy does without vector instructions: 128 x 512 float32 take 24.5 us, else 5.4.
Beyond, the zeros would take memory that nobody expects.
"""


class Group(NamedTuple):
    """A function that computes a group of equations in blocks.

    Attributes
    ----------
    name : str
    vectors : list of Slot or Constant
        Whose blocks it takes.
    kinds : list of dtype
        Of the buffers that it takes after them.
    lines : list of str
    """

    name: str
    vectors: list[Any]
    kinds: list[Any]
    lines: list[str]


class _Writer:
    """What has been written so far, and the names that it uses."""

    def __init__(self, plan: Layout, functions: Any) -> None:
        self.plan = plan
        self.types = plan.program.types
        self.functions = functions
        self.names: dict[str, Any] = {"copyto": np.copyto, "concatenate": np.concatenate}
        self.numbers: dict[tuple[str, str, tuple[int, ...]], str] = {}
        self.groups: list[Group] = []

    def lines(self) -> Iterator[str]:
        """Yield the lines of the equations."""
        done = released(self.plan.program)
        for number, equation, way in self.plan.steps():
            yield from self._equation(number, equation, way)
            gone = [name for name in done.get(number, ()) if name in self._locals]
            if gone:
                yield f"del {', '.join(gone)}"

    _locals: frozenset[str] = frozenset()

    def _equation(self, number: int, equation: Equation, way: Way) -> Iterator[str]:
        out = repr(equation.output)
        if way is Way.CALL:
            self.names[identifier(equation.function)] = bound(equation.function, self.functions)
            self._locals |= {out}
            yield f"{out} = {call(equation, self.names)}"
        elif way in (Way.UFUNC, Way.PRODUCT):
            name = identifier(equation.function)
            self.names[name] = bound(equation.function, self.functions)
            place = self._spare(equation) if self._is_over_itself(equation) else out
            extreme = equation.function.name in EXTREMES
            operands = self._filled(equation) if extreme else self._operands(equation)
            yield f"{name}({', '.join(operands)}, {f'out={place}' if extreme else place})"
            if place != out:
                yield f"{out}[()] = {place}"
        elif way is Way.DOT:
            left, right = self._operands(equation)
            yield f"{left}.dot({right}, {out})"
        elif way is Way.BLOCKS:
            yield f"run_{self._group(number, equation)}()"
        elif way is Way.REDUCTION:
            yield from self._reduction(equation, out)
        elif way is Way.ARGUMENT:
            name = equation.function.name
            self.names[name] = getattr(np, name)
            more = ", keepdims=True" if equation.static.get("keepdims") else ""
            source = argument(equation.inputs[0], self.names)
            yield f"{name}({source}, {equation.static.get('axis')!r}, {out}{more})"
        elif way is Way.CAST:
            yield f'copyto({out}, {self._operand(equation, equation.inputs[0])}, "unsafe")'
        elif way is Way.CHOICE:
            yield from self._choice(equation, out)
        elif way is Way.CONCAT and number not in self.plan.settled:
            parts = ", ".join(self._operands(equation))
            yield f"concatenate(({parts}, ), {equation.static.get('axis', 0)}, {out})"

    def _is_over_itself(self, equation: Equation) -> bool:
        """Return whether a number of no axes lies where one of its operands does.

        Written there at once it would take NumPy 0.7 us; written beside it and copied, 0.3.
        """
        part = self.plan.parts[equation.output]
        if self.types[equation.output].shape:
            return False
        owners = [self.plan.rows.get(x) for x in equation.inputs if isinstance(x, Slot)]
        return any(owner and self.plan.parts[owner[0]].memory is part.memory for owner in owners)

    def _spare(self, equation: Equation) -> str:
        """Return the name of an array of no axes, of the dtype of an equation's output."""
        dtype = self.types[equation.output].dtype
        self.names[f"spare_{dtype}"] = np.empty((), dtype)
        return f"spare_{dtype}"

    def _group(self, number: int, equation: Equation) -> str:
        """Write a function of rows of blocks; return its name."""
        inner = inside(equation)
        assert inner is not None  # noqa: S101 - that is why it goes in blocks
        buffers = Buffers(inner, vectors(self.plan, number, inner))
        operands = (*inner.inputs, *inner.outputs, *map(Constant, inner.constants))
        kinds: dict[Any, Any] = dict(inner.constants) | dict(inner.types)
        names: dict[Any, str] = {x: repr(x) for x in operands}
        rows: dict[str, Any] = {}  # a vector of each name
        places: dict[Any, str] = {}
        for x in operands:
            if kinds[x].shape == length(inner):
                names[x] = places.setdefault(self._place(x), f"b{x if isinstance(x, Constant) else int(x)}")
                rows.setdefault(names[x], x)
        for x, place in buffers.place.items():
            names[x] = names[place] if isinstance(place, Slot) else place
        group = Group(f"group{len(self.groups)}", list(rows.values()), list(buffers.kinds.values()), [])
        row = [*rows, *buffers.kinds]
        group.lines.append(f"def {group.name}(rows):")
        group.lines.append(f"    for {', '.join(row)}{',' if len(row) == 1 else ''} in rows:")
        for step in inner.equations:
            name = identifier(step.function)
            self.names[name] = bound(step.function, self.functions)
            into = f"out={names[step.output]}" if step.function.name in EXTREMES else names[step.output]
            taken = [
                names[x] if isinstance(x, Slot | Constant) else self._operand(step, x) for x in step.inputs
            ]
            group.lines.append(f"        {name}({', '.join(taken)}, {into})")
        self.groups.append(group)
        return group.name

    def _choice(self, equation: Equation, out: str) -> Iterator[str]:
        """Write a choice of elements in the cheapest way that there is for so many."""
        kind, size = self.types[equation.output], math.prod(self.types[equation.output].shape)
        condition, one, other = self._operands(equation)
        truths, *either = equation.inputs
        rows = self._is_row(truths, ArrayType(kind.shape, np.dtype(bool)))
        numbers = [self._number_in(x, kind) for x in either]
        plain = [
            rows and bool(number or self._is_row(x, kind)) for x, number in zip(either, numbers, strict=True)
        ]
        if size > FEW and kind.dtype.itemsize in WIDE and all(plain):
            name = f"choose_{kind.dtype}"
            self.names[name] = self.names.get(name) or chooser(kind.dtype)
            yield f"{name}({out}, {condition}, {numbers[0] or one}, {numbers[1] or other})"
            return
        yield f"{out}.fill({numbers[1]})" if numbers[1] and kind.shape else f"copyto({out}, {other})"
        if 0 < size <= FEW and plain[0]:
            self.names["putmask"] = np.putmask
            yield f"putmask({out}, {condition}, {numbers[0] or one})"
        else:
            yield f'copyto({out}, {one}, "same_kind", {condition})'

    def _is_row(self, operand: Any, kind: ArrayType) -> bool:
        """Return whether an operand is an array of that shape and dtype whose elements lie in order."""
        if isinstance(operand, Slot):
            return operand in self.plan.rows and self.types[operand] == kind
        if not isinstance(operand, Constant):
            return False
        array = self.plan.program.constants[operand]
        return bool((array.shape, array.dtype) == kind and array.flags.c_contiguous)

    def _number_in(self, operand: Any, kind: ArrayType) -> str:
        """Return the name of the number that an operand, or each of its elements, is; if there is one."""
        if isinstance(operand, Slot):
            return repr(operand) if self.types[operand] == ((), kind.dtype) else ""
        if not isinstance(operand, Constant):
            return self._number(operand, kind.dtype)
        array = self.plan.program.constants[operand]
        first = array.reshape(-1)[:1]
        if array.dtype != kind.dtype or not first.size or array.tobytes() != first.tobytes() * array.size:
            return ""
        return self._number(first.item(), kind.dtype)

    def _place(self, operand: Any) -> Any:
        """Return what two vectors have in common that are one."""
        owner, start = self.plan.rows.get(operand, (None, 0))
        return (
            operand
            if owner is None
            else (id(self.plan.parts[owner].memory), self.plan.parts[owner].start + start)
        )

    def _reduction(self, equation: Equation, out: str) -> Iterator[str]:
        name = equation.function.name
        reduce = REDUCTIONS[name]
        self.names[f"{reduce.__self__.__name__}_reduce"] = reduce
        axis, keepdims = equation.static.get("axis"), equation.static.get("keepdims", False)
        more = ", True" if keepdims else ""
        source: Any = equation.inputs[0]
        yield f"{reduce.__self__.__name__}_reduce({source!r}, {axis!r}, None, {out}{more})"
        if name == "mean":
            kind = self.types[equation.output]
            count = math.prod(self.types[source].shape) // max(1, math.prod(kind.shape))
            self.names["divide"] = np.divide
            yield f"divide({out}, {self._number(count, kind.dtype)}, {out})"  # of nothing it is 0 / 0

    def _operands(self, equation: Equation) -> list[str]:
        return [self._operand(equation, operand) for operand in equation.inputs]

    def _filled(self, equation: Equation) -> list[str]:
        """Return the operands of an extreme, a number written out for every element where that pays."""
        kind = self.types[equation.output]
        if kind.dtype.kind != "f" or not FILLED[0] <= math.prod(kind.shape) <= FILLED[1]:
            return self._operands(equation)
        either: list[Any] = list(equation.inputs)
        return [
            self._number(x, kind.dtype, kind.shape) if type(x) in (int, float) else self._operand(equation, x)
            for x in either
        ]

    def _operand(self, equation: Equation, operand: Any) -> str:
        if isinstance(operand, Slot | Constant):
            return repr(operand)
        if type(operand) not in (int, float, bool, complex):
            return argument(operand, self.names)
        kinds = [self._dtype(x) for x in equation.inputs if isinstance(x, Slot | Constant)]
        try:
            dtype = np.result_type(*kinds, operand)
            return self._number(operand, dtype)
        except (OverflowError, TypeError):
            return argument(operand, self.names)

    def _dtype(self, operand: Slot | Constant) -> Any:
        arrays: Any = self.types if type(operand) is Slot else self.plan.program.constants
        return arrays[operand].dtype

    def _number(self, value: complex, dtype: Any, shape: tuple[int, ...] = ()) -> str:
        """Return the name of a number as an array, of no axes if not told else.

        NumPy takes it in a third of the time that it needs for Python's own.
        """
        key = (repr(value), np.dtype(dtype).str, shape)
        if key not in self.numbers:
            self.numbers[key] = f"k{len(self.numbers)}"
            self.names[self.numbers[key]] = np.full(shape, value, dtype)
        return self.numbers[key]


class Written(NamedTuple):
    """A text that defines ``program``, a function of the inputs that are not carried.

    Attributes
    ----------
    text : str
    names : dict of str
        What it uses, apart from fixed arrays and runs of groups.
    groups : list of Group
        For each of which it uses a name that begins with ``run_``.
    """

    text: str
    names: dict[str, Any]
    groups: list[Group]


def written(plan: Layout, functions: Any) -> Written:
    """Write a Program down that is laid out."""
    program = plan.program
    writer = _Writer(plan, functions)
    lines = list(writer.lines())
    returned = _returned(plan, writer)
    lines += _last_lines(plan, returned)
    inputs = [repr(slot) for i, slot in enumerate(program.inputs) if i not in {i for i, _ in program.carried}]
    body = "".join(f"    {line}\n" for line in lines)
    groups = "".join("\n".join(group.lines) + "\n\n\n" for group in writer.groups)
    return Written(f"{groups}def program({', '.join(inputs)}):\n{body}", writer.names, writer.groups)


def _returned(plan: Layout, writer: _Writer) -> list[str]:
    """Return what each output that is not carried is: memory of its own, which nobody else holds."""
    writer.names["array"] = np.array
    carried = {j for _, j in plan.program.carried}
    calls = {equation.output for _, equation, way in plan.steps() if way is Way.CALL}
    fresh = computed_apart(plan.program) & calls
    texts = []
    for j, output in enumerate(plan.program.outputs):
        if j in carried:
            continue
        texts.append(repr(output) if output in fresh else _copied(plan, output))
        fresh.discard(output)  # a second time it is a copy
    return texts


def _copied(plan: Layout, output: Any) -> str:
    ours = type(output) is Slot and plan.sources.get(output) and plan.program.types[output].shape == ()
    return f"{output!r}.copy()" if ours else f'array({output!r}, order="C")'


def _last_lines(plan: Layout, returned: list[str]) -> Iterator[str]:
    """Yield the lines that copy home what was not written there, and return the rest."""
    values = f"({''.join(f'{value}, ' for value in returned)})"
    if plan.stays:
        yield f"results = {values}"
        values = "results"
        outputs = [
            (f"h{place}", plan.program.outputs[plan.program.carried[place][1]]) for place in plan.stays
        ]
        for home, output in outputs:
            if _is_at_home(plan, output):  # it may be written over by the copy of another
                yield f"of_{home} = {output!r}.copy()"
        for home, output in outputs:
            yield f"copyto({home}, {f'of_{home}' if _is_at_home(plan, output) else repr(output)})"
    yield f"return {values}"


def _is_at_home(plan: Layout, output: Any) -> bool:
    return type(output) is Slot and any(plan.parts[x].memory.home for x in plan.sources.get(output, ()))
