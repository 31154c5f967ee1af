"""Products as steps: how each operand lies, what cuBLASLt makes of it, and a copy where it can nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.plan.strided import contiguous_strides
from bpcore_cupy.elements import SCRATCH
from bpcore_cupy.lowering.joint import Product
from bpcore_cupy.lowering.lower import Lowering
from bpcore_cupy.lowering.places import ALIGNMENT, Memory, Place
from bpcore_cupy.lowering.refusal import NotCapturable, NotOffered
from bpcore_cupy.lowering.steps import Multiply, Small, spare
from bpcore_cupy.products import Operand, Plan, ProductFailed, plan_of, refusal_of
from bpcore_cupy.products.small import is_small, small_kernel

__all__ = ["Multiplying"]

KINDS = frozenset(("float16", "bfloat16", "float32", "float64"))
"""Dtypes that cuBLASLt multiplies."""

WIDENED = {"float16": "float32", "bfloat16": "float32"}
"""What products of 16 bits may end in."""

MATRIX = 2
"""Axes of a matrix."""

Planned = tuple[Plan, Place, Place, Place]
"""A product: a plan, and where its operands and its result lie."""


@dataclass(frozen=True)
class Multiplying:
    """What makes products.

    Attributes
    ----------
    offers : function of a Plan
        Whether the library has an algorithm for it; asked before any capture. It may raise `ProductFailed`
        where there is none for the product itself, which says why.
    precision : str
        What float32 numbers are multiplied in.
    small : bool
        Whether small products are kernels of ours.
    """

    offers: Callable[[Plan], bool]
    precision: str = "float32"
    small: bool = True

    def __call__(self, lowering: Lowering, equation: Equation) -> bool:
        """Append the step of a product; return whether there is one.

        Raises
        ------
        NotOffered
            The product has no such end.
        """
        function = equation.function
        joint = function if isinstance(function, Product) else None
        operands = [x for x in equation.inputs if isinstance(x, Slot | Constant)]
        kinds = {lowering.places[x].dtype for x in operands[:2]}
        if len(operands) < len(equation.inputs) or len(kinds) != 1 or not kinds <= KINDS:
            return False
        if joint is None:
            return self._plain(lowering, equation)
        return self._with_end(lowering, equation, joint)

    def _plain(self, lowering: Lowering, equation: Equation) -> bool:
        a, b = (lowering.places[x] for x in equation.inputs)
        c = lowering.result(equation.output)
        if not c.count:
            return True
        if c.dtype not in (a.dtype, WIDENED.get(a.dtype)):
            return False
        if not a.count:
            lowering.zeros(equation.output)
            return True
        try:
            found = self._planned(lowering, a, b, c, None)
            if found is None and c.dtype != a.dtype:
                return self._cast_after(lowering, equation, a, b, c)
        except ProductFailed as failed:
            raise NotCapturable(equation.function.name, failed.why) from failed
        if found is None:
            return False
        outputs = [lowering.places[equation.output]]
        self._append(lowering, equation, found, list(found[1:3]), outputs)
        return True

    def _cast_after(self, lowering: Lowering, equation: Equation, a: Place, b: Place, c: Place) -> bool:
        """Append a product in 16 bits and the cast of it, where there is none that does both."""
        narrow = Place(
            c.shape, contiguous_strides(c.shape), memory=Memory(c.count * a.itemsize), dtype=a.dtype
        )
        found = self._planned(lowering, a, b, narrow, None)
        if found is not None:
            self._append(lowering, equation, found, list(found[1:3]), [narrow])
            lowering.copy(narrow, c)
        return found is not None

    def _with_end(self, lowering: Lowering, equation: Equation, joint: Product) -> bool:
        inner = joint.inner
        assert inner is not None  # noqa: S101 - it was made with one
        refused = NotOffered(inner.equations[0].output, joint.epilogue)
        slots = [x for x in inner.outputs if isinstance(x, Slot)]
        a, b, *others = (lowering.places[x] for x in equation.inputs)
        c = lowering.result(slots[0])
        if not c.count or not a.count or any(not x.is_contiguous for x in others):
            raise refused
        steps = len(lowering.steps)
        bias_alignment = others[0].alignment if joint.biased else ALIGNMENT
        found = self._planned(lowering, a, b, c, joint.epilogue, bias_alignment)
        if found is None:
            del lowering.steps[steps:]
            raise refused
        plan = found[0]
        outputs = [lowering.places[slots[0]]]
        bias, aux = self._ends(lowering, plan, joint, others)
        if aux is None and plan.aux is not None:
            if not plan.aux.written:
                raise refused
            aux = lowering.places[slots[1]] = spare(Memory(plan.aux.nbytes))
            outputs.append(aux)
        elif len(slots) > 1:
            bias = lowering.result(slots[1])
            outputs.append(bias)
        self._append(lowering, equation, found, [*found[1:3], *others], outputs, bias, aux)
        return True

    def _append(
        self,
        lowering: Lowering,
        equation: Equation,
        found: Planned,
        operands: list[Place],
        outputs: list[Place],
        bias: Place | None = None,
        aux: Place | None = None,
    ) -> None:
        """Append a product: the library's, or of a small one a kernel of ours."""
        plan, a, b, c = found
        what: dict[str, Any] = {
            "name": "matmul", "equation": equation, "operands": operands, "plan": plan,
            "a": a, "b": b, "c": c, "bias": bias, "aux": aux,
        }  # fmt: skip
        if not self._is_small(plan):
            lowering.steps.append(Multiply(outputs=outputs, **what))
            return
        slots = [lowering.named(place) for place in (a, b, c)]
        ends = {
            name: lowering.named(place)
            for name, place in (("vector", bias), ("aux", aux))
            if place is not None
        }
        kernel = small_kernel(plan, *slots, **ends)
        places = {x: lowering.places[x] for x in kernel.arguments if x is not SCRATCH}
        outputs = [c, *outputs[1:]]
        lowering.steps.append(Small(outputs=outputs, kernel=kernel, places=places, **what))

    def _is_small(self, plan: Plan) -> bool:
        return self.small and is_small(plan)

    def _ends(
        self, lowering: Lowering, plan: Plan, joint: Product, others: list[Place]
    ) -> tuple[Place | None, Place | None]:
        """Return the bias and the mask among the inputs."""
        bias = others[0] if joint.biased else None
        aux = others[-1] if joint.masked else None
        if aux is not None and (plan.aux is None or plan.aux.nbytes != aux.memory.size):
            raise NotOffered(joint.inner.equations[0].output, joint.epilogue)  # type: ignore[union-attr]
        return bias, aux

    def _planned(
        self,
        lowering: Lowering,
        a: Place,
        b: Place,
        c: Place,
        epilogue: str | None,
        bias_alignment: int = ALIGNMENT,
    ) -> Planned | None:
        """Return a plan that is offered, and the operands that it is for, some of them copied.

        An end that is not offered for operands as they lie is not asked for again: a copy would cost as much.
        """
        failed: ProductFailed | None = None
        a, b, c = _folded(a, b, c)
        how: dict[str, Any] = {"precision": self.precision, "epilogue": epilogue}
        how["bias_alignment"] = min(bias_alignment, 16)
        for one, other in _copies(lowering, a, b):
            three = (_operand(one), _operand(other), _operand(c))
            if refusal_of(*three, **how) is None:
                plan = plan_of(*three, **how)
                try:
                    offered = self._is_small(plan) or self.offers(plan)
                except ProductFailed as error:
                    offered, failed = False, failed or error
                if offered:
                    return plan, one, other, c
                if epilogue is not None:
                    return None
        if failed is not None and c.dtype == a.dtype:  # wider results may be cast
            raise failed
        return None


def _folded(a: Place, b: Place, c: Place) -> tuple[Place, Place, Place]:
    """Return a stack of matrices times one matrix as one product of matrices, where the stack is one."""
    if len(a.shape) > MATRIX and len(b.shape) == MATRIX:
        flat = a.reshaped((a.count // max(a.shape[-1], 1), a.shape[-1]))
        if flat is not None:
            return flat, b, c.viewed((flat.shape[0], b.shape[1]), (b.shape[1], 1))
    return a, b, c


def _copies(lowering: Lowering, a: Place, b: Place) -> Iterator[tuple[Place, Place]]:
    """Yield the operands as they are, and with one or both copied in order; what is not taken is undone."""
    start = len(lowering.steps)
    for left, right in ((False, False), (False, True), (True, False), (True, True)):
        if (left and a.is_contiguous) or (right and b.is_contiguous):
            continue
        del lowering.steps[start:]
        yield (lowering.in_order(a) if left else a), (lowering.in_order(b) if right else b)
    del lowering.steps[start:]


def _operand(place: Place) -> Operand:
    return Operand(place.shape, place.strides, place.dtype, place.alignment)
