"""Pass: a product with what cuBLASLt does at its end: bias, ReLU, its mask on the way back, sums of columns.

================================================  =======================
what is written                                   becomes
================================================  =======================
``a b + v``                                       ``bias``
``max(a b, 0)``, ``max(a b + v, 0)``              ``relu``, ``relu_bias``
the same, and what is above 0 is asked for        ``relu_aux``, ``relu_aux_bias``
``(a b) * (that, as numbers)``                    ``drelu``
the same, and its ``sum(axis=0)``                 ``drelu_bgrad``
``a b``, and the sum of a or b over their axis    ``bgrad_a``, ``bgrad_b``
================================================  =======================

GELU is not among them: bpcore's is exact, and the library's is the approximation with tanh.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import Equation, Slot
from bpcore.program.passes.levels import slots_among
from bpcore.program.program import Program
from bpcore_cupy.lowering.joint import product
from bpcore_cupy.lowering.units import Units, beside, is_same

__all__ = ["Offers", "matched"]

Offers = Callable[[Slot, str], bool]
"""Whether the product that makes a slot may have an epilogue of that name."""

MATRIX = 2
"""Axes of a matrix."""


def matched(program: Program, offers: Offers = lambda slot, epilogue: True) -> Program:
    """Return `program` with products and their ends as one equation each, where they are offered."""
    return _Matching(program, offers).matched()


class _Back(NamedTuple):
    """What goes back through a ReLU: a product, its mask as numbers, and what comes of both."""

    product: Equation
    mask: Equation
    result: Equation


class _Matching:
    def __init__(self, program: Program, offers: Offers) -> None:
        self.units = Units(program)
        self.offers = offers
        self.products = [x for x in program.equations if self._is_product(x)]
        self.sums = [x for x in program.equations if x.function is TABLE["sum"]]

    def matched(self) -> Program:
        for one in self.products:
            if not self.units.is_taken(one):
                self._forward(one)
        for one in self.sums:
            if not self.units.is_taken(one):
                self._column_sums(one)
        return self.units.result()

    def _is_product(self, equation: Equation) -> bool:
        kinds = [self.units.kind(x) for x in equation.inputs]
        if equation.function is not TABLE["matmul"] or None in kinds:
            return False
        left, right = (kind for kind in kinds if kind is not None)
        result = self.units.kind(equation.output)
        same = result is not None and left.dtype == right.dtype == result.dtype
        return same and len(left.shape) >= MATRIX and len(right.shape) == MATRIX

    # -- forward -------------------------------------------------------------------------------------

    def _forward(self, one: Equation) -> None:
        biased = self._bias(one)
        end = one if biased is None else biased[0]
        relu = self._relu(end.output)
        masks = [] if relu is None else self._masks(relu)
        epilogues = [("relu_aux", relu, masks)] if masks else []
        epilogues += [("relu", relu, [])] if relu is not None else []
        for name, last, back in [*epilogues, ("", None, [])]:
            found = "_".join(x for x in (name, "" if biased is None else "bias") if x)
            if found and self.offers(one.output, found):
                self._made_forward(one, biased, last, back, found)
                return

    def _made_forward(
        self,
        one: Equation,
        biased: tuple[Equation, Any] | None,
        relu: Equation | None,
        back: Sequence[_Back],
        epilogue: str,
    ) -> None:
        equations = [one, *([] if biased is None else [biased[0]]), *([] if relu is None else [relu])]
        outputs = [equations[-1].output]
        if back:
            compared = self.units.maker[slots_among(back[0].mask.inputs)[0]]
            equations.append(compared)
            outputs.append(compared.output)
        inputs = (*one.inputs, *([] if biased is None else [biased[1]]))
        inner = self.units.inner(equations, inputs, outputs)
        function = product(inner, epilogue, biased=biased is not None)
        self.units.make(equations, function, inputs, outputs)
        for each in back:
            self._made_back(each)

    def _bias(self, one: Equation) -> tuple[Equation, Any] | None:
        """Return the equation that adds a vector to each row of a product, and the vector."""
        added = self.units.only_reader(one.output)
        kind = self.units.kind(one.output)
        if added is None or added.function is not TABLE["add"] or kind is None:
            return None
        others = beside(added, one.output)
        vector = self.units.kind(others[0]) if len(others) == 1 else None
        fits = vector is not None and vector == kind._replace(shape=kind.shape[-1:])
        return (added, others[0]) if fits and self.units.kind(added.output) == kind else None

    def _relu(self, slot: Slot) -> Equation | None:
        cut = self.units.only_reader(slot)
        if cut is None or cut.function is not TABLE["maximum"]:
            return None
        others = beside(cut, slot)
        return cut if len(others) == 1 and self._is_zero(others[0]) else None

    def _is_zero(self, operand: Any) -> bool:
        return type(operand) in (int, float) and operand == 0

    # -- back through a ReLU -------------------------------------------------------------------------

    def _masks(self, relu: Equation) -> list[_Back]:
        """Return all that asks what is above zero, where all of it can be products; else nothing."""
        kind = self.units.kind(relu.output)
        asking = [x for x in self.units.readers(relu.output) if x.function is TABLE["greater"]]
        asking = [x for x in asking if is_same(x.inputs[0], relu.output) and self._is_zero(x.inputs[1])]
        if (
            kind is None
            or len(kind.shape) != MATRIX
            or len(asking) != 1
            or asking[0].output in self.units.kept
        ):
            return []
        found: list[_Back] = []
        for mask in self.units.readers(asking[0].output):
            if mask.function is not TABLE["astype"] or self.units.kind(mask.output) != kind:
                return []
            for result in self.units.readers(mask.output):
                back = self._back(mask, result)
                if back is None:
                    return []
                found.append(back)
            if mask.output in self.units.kept:
                return []
        return found

    def _back(self, mask: Equation, result: Equation) -> _Back | None:
        others = beside(result, mask.output)
        if result.function is not TABLE["multiply"] or len(others) != 1 or type(others[0]) is not Slot:
            return None
        made = self.units.maker.get(others[0])
        if made is None or made not in self.products or self.units.only_reader(others[0]) is not result:
            return None
        fits = self.units.kind(others[0]) == self.units.kind(mask.output)
        free = not self.units.is_taken(made) and self.offers(made.output, "drelu")
        return _Back(made, mask, result) if fits and free else None

    def _made_back(self, back: _Back) -> None:
        equations = [back.product, back.mask, back.result]
        outputs = [back.result.output]
        epilogue = "drelu"
        for one in self.units.readers(back.result.output):
            if self._summed(one) == 0 and self.offers(back.product.output, "drelu_bgrad"):
                equations.append(one)
                outputs.append(one.output)
                epilogue = "drelu_bgrad"
                break
        inputs = (*back.product.inputs, back.mask.inputs[0])
        function = product(self.units.inner(equations, inputs, outputs), epilogue, masked=True)
        self.units.make(equations, function, inputs, outputs)

    # -- sums of columns -----------------------------------------------------------------------------

    def _summed(self, one: Equation) -> int | None:
        """Return the one axis of a matrix that an equation sums over; None of others."""
        operand, kind = self.units.kind(one.inputs[0]), self.units.kind(one.output)
        if one.function is not TABLE["sum"] or operand is None or kind is None:
            return None
        axis = one.static.get("axis")
        axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
        plain = set(one.static) <= {"axis"} and kind.dtype == operand.dtype
        return axis % MATRIX if isinstance(axis, int) and plain and len(operand.shape) == MATRIX else None

    def _column_sums(self, one: Equation) -> None:
        axis = self._summed(one)
        if axis is None:
            return
        operand = one.inputs[0]
        turned = [x.output for x in self.units.readers(operand) if x.function is TABLE["matrix_transpose"]]
        for name, wanted in ((operand, axis), *((x, 1 - axis) for x in turned)):
            for made in self.units.readers(name):
                if made in self.products and self._joined_sum(one, made, name, wanted):
                    return

    def _joined_sum(self, one: Equation, made: Equation, name: Any, axis: int) -> bool:
        """Take a sum of an operand over an axis into a product, where it sums over that axis itself."""
        place = 1 - axis  # of the left operand the last axis, of the right one the first
        if (
            self.units.is_taken(made)
            or not is_same(made.inputs[place], name)
            or len(set(made.inputs)) < MATRIX
        ):
            return False
        kinds = [self.units.kind(x) for x in made.inputs]
        epilogue = ("bgrad_a", "bgrad_b")[place]
        if any(kind is None or len(kind.shape) != MATRIX for kind in kinds):
            return False
        equations = self._with_turn(one, made, name)
        if not self.offers(made.output, epilogue) or self.units.makes_ring(equations[-2:]):
            return False
        inputs = tuple(made.inputs)
        outputs = (made.output, one.output)
        function = product(self.units.inner(equations, inputs, outputs), epilogue)
        self.units.make([made, one], function, inputs, outputs)
        return True

    def _with_turn(self, one: Equation, made: Equation, name: Any) -> list[Equation]:
        """Return the equations of a product and of a sum, which is told of the operand of the product."""
        if is_same(one.inputs[0], name):
            return [made, one]
        axis = 1 - (self._summed(one) or 0)
        return [made, Equation(one.function, (name,), {"axis": axis}, one.output)]
