"""Pass: matrices between large products laid features first, which is how OpenBLAS multiplies fastest.

A slope goes back through a layer as the product of ``d`` and ``W.T``, and of the ways to lay three matrices
out that one, all of them in rows, is the slowest. In columns the same product is fast, and costs nothing to
ask for: in rows it is that of ``W`` and ``d.T``. Measured on two threads, float32, microseconds:

===============================  =======  ==========
product                          in rows  in columns
===============================  =======  ==========
128 x 512 by 512 x 512, turned   416      334
128 x 512 by 512 x 512           381      341
512 x 2048 by 2048 x 2048        21,261   20,650
the same, turned                 21,749   20,470
===============================  =======  ==========

Everything that is computed element by element from such a product is laid likewise. What takes elements in
another order than that, a sum along an axis or a reshape, keeps its operands in rows, and with them all that
they are computed with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.rewriting import elementwise, fresh_slots, renamed, shape_of, with_operands
from bpcore.program.program import Program

__all__ = ["turned"]

LARGE = 2**14
"""Elements of the transposed matrix above which it pays; up to there a copy of it is cheaper."""

MATRIX = 2
"""Axes of what is turned."""


def turned(program: Program) -> Program:
    """Return `program` with the matrices around large transposed products laid in columns."""
    slots = _chosen(program)
    return _Turning(program, slots).turned() if slots else program


def _chosen(program: Program) -> set[Slot]:
    """Return the slots to be turned: whole families, in which every equation allows it."""
    families = _Families(program)
    views = {x.output: x.inputs[0] for x in program.equations if x.function.name == "matrix_transpose"}
    wanted: set[Slot] = set()
    for equation in program.equations:
        if _is_product(equation, program) and equation.inputs[1] in views:
            rows, columns = shape_of(program, equation.inputs[1]) or (0, 0)
            if rows * columns > LARGE:
                wanted |= {x for x in (equation.inputs[0], equation.output) if isinstance(x, Slot)}
    chosen = {families.of(x) for x in wanted if families.has(x)} - families.fixed()
    return {x for x in families if families.of(x) in chosen}


def _is_product(equation: Equation, program: Program) -> bool:
    """Return whether an equation multiplies two matrices of float32."""
    kind = program.types[equation.output]
    if equation.function.name != "matmul" or not isinstance(kind, ArrayType):
        return False
    shapes = [shape_of(program, x) for x in equation.inputs]
    return str(kind.dtype) == "float32" and all(
        shape is not None and len(shape) == MATRIX for shape in shapes
    )


class _Families:
    """Matrices that are computed from one another element by element, and so are laid alike."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.parent: dict[Slot, Slot] = {}
        self._stay: set[Slot] = set()
        for slot in (*program.inputs, *program.outputs):
            self._keep(slot)
        for equation in program.equations:
            self._look_at(equation)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self.parent)

    def has(self, slot: Slot) -> bool:
        return slot in self.parent

    def of(self, slot: Slot) -> Slot:
        """Return the member that stands for the family of `slot`."""
        parent = self.parent
        while parent[slot] != slot:
            parent[slot] = parent[parent[slot]]  # half the way for the next who asks
            slot = parent[slot]
        return slot

    def fixed(self) -> set[Slot]:
        """Return those that stand for families with a member which has to stay in rows."""
        return {self.of(x) for x in self._stay if x in self.parent}

    def _look_at(self, equation: Equation) -> None:
        shape, name = shape_of(self.program, equation.output), equation.function.name
        if _is_product(equation, self.program):
            self._join(equation.output, equation.output)
        elif elementwise(equation) and _is_matrix(shape) and all(map(self._fits(shape), equation.inputs)):
            for x in (equation.output, *equation.inputs):
                if isinstance(x, Slot) and shape_of(self.program, x) == shape:
                    self._join(equation.output, x)
        elif name == "matmul" and all(
            len(shape_of(self.program, x) or ()) <= MATRIX for x in equation.inputs
        ):
            self._keep(equation.output)
        else:
            self._keep(equation.output)
            if name != "matrix_transpose":
                for x in equation.inputs:
                    self._keep(x)

    def _fits(self, shape: Any) -> Any:
        """Return a function that says whether an operand can be turned, or has only to be set upright."""

        def fits(operand: Any) -> bool:
            if not isinstance(operand, Slot | Constant):
                return True
            own = shape_of(self.program, operand)
            if own == shape:
                return isinstance(operand, Slot)
            return own is not None and (own in ((), shape[1:]) or own in ((1, shape[1]), (shape[0], 1)))

        return fits

    def _keep(self, operand: Any) -> None:
        if isinstance(operand, Slot):
            self._stay.add(operand)

    def _join(self, one: Slot, other: Slot) -> None:
        for slot in (one, other):
            self.parent.setdefault(slot, slot)
        self.parent[self.of(other)] = self.of(one)


def _is_matrix(shape: Any) -> bool:
    return shape is not None and len(shape) == MATRIX and min(shape) > 1


class _Turning:
    """The Program as it is written anew."""

    def __init__(self, program: Program, slots: set[Slot]) -> None:
        self.program, self.slots = program, slots
        self.fresh = fresh_slots(program)
        self.types = dict(program.types)
        self.equations: list[Equation] = []
        self.lying: dict[Slot, Slot] = {}
        self.same: dict[Any, Any] = {}
        self.views: dict[Any, Any] = {}

    def turned(self) -> Program:
        for equation in self.program.equations:
            operand: Any = next(iter(equation.inputs), None)
            if equation.output in self.slots:
                self._turn(equation)
            elif equation.function.name == "matrix_transpose" and self._lies(operand):
                self.same[equation.output] = self.lying[operand]
            else:
                self._keep(equation)
        put = renamed(self.same)
        outputs = tuple(put(x) for x in self.program.outputs)
        return replace(self.program, equations=tuple(self.equations), types=self.types, outputs=outputs)

    def _keep(self, equation: Equation) -> None:
        kept = with_operands(equation, renamed(self.same))
        self.equations.append(with_operands(kept, self._in_rows))
        if equation.function.name == "matrix_transpose":
            self.views.setdefault(("turned", equation.output), equation.inputs[0])

    def _turn(self, equation: Equation) -> None:
        """Write the equation that makes the transposed output."""
        inputs = tuple(map(renamed(self.same), equation.inputs))
        rows, columns = self.types[equation.output].shape
        if equation.function.name == "matmul":
            inputs = tuple(map(self._in_columns, reversed(inputs)))
        else:
            inputs = tuple(self._upright(x, (rows, columns)) for x in inputs)
        lying = self._add(equation, inputs, ArrayType((columns, rows), self.types[equation.output].dtype))
        self.lying[equation.output] = lying

    def _add(self, equation: Equation, inputs: tuple[Any, ...], kind: ArrayType) -> Slot:
        slot = next(self.fresh)
        self.types[slot] = kind
        self.equations.append(replace(equation, inputs=inputs, output=slot))
        return slot

    def _lies(self, operand: Any) -> bool:
        """Return whether an operand lies in columns; the number 3 is not slot 3."""
        return isinstance(operand, Slot) and operand in self.lying

    def _in_columns(self, operand: Any) -> Any:
        """Return the transposed operand: a slot that lies so, or a view."""
        if self._lies(operand):
            return self.lying[operand]
        return self._view("turned", "matrix_transpose", (operand,), self._kind(operand).shape)

    def _in_rows(self, operand: Any) -> Any:
        """Return the operand as it was: if it lies in columns now, as a view."""
        if not self._lies(operand):
            return operand
        lying = self.lying[operand]
        return self._view("back", "matrix_transpose", (lying,), self.types[lying].shape)

    def _upright(self, operand: Any, shape: tuple[int, int]) -> Any:
        """Return an operand of an element-wise equation whose output is turned."""
        if self._lies(operand):
            return self.lying[operand]
        own = self._kind(operand).shape if isinstance(operand, Slot | Constant) else ()
        if not own:
            return operand
        upright = (1, shape[0]) if own == (shape[0], 1) else (shape[1], 1)
        return self._view(f"upright {upright}", "reshape", (operand, upright), upright[::-1])

    def _view(self, key: str, name: str, inputs: tuple[Any, ...], shape: Any) -> Any:
        """Return a view of an operand, each made once; its shape is `shape` turned."""
        operand = inputs[0]
        if (key, operand) not in self.views:
            kind = ArrayType(shape[::-1], self._kind(operand).dtype)
            self.views[key, operand] = self._add(Equation(TABLE[name], inputs, {}, operand), inputs, kind)
        return self.views[key, operand]

    def _kind(self, operand: Slot | Constant) -> Any:
        """Return what has an operand's shape and dtype."""
        return self.types[operand] if isinstance(operand, Slot) else self.program.constants[operand]
