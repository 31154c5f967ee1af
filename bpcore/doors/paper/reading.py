"""Read a Program: its equations as terms, between the slots that have names."""

from __future__ import annotations

from collections.abc import Mapping

from bpcore.doors.paper.simplest import call
from bpcore.doors.paper.terms import Call, Number, Term
from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.passes.rewriting import elementwise
from bpcore.program.program import Program
from bpcore.words.errors import PaperError
from bpcore.words.protocols import Array, Static

__all__ = ["Reading", "float_of"]


def float_of(x: Array, why: str) -> float:
    """Return the number that an array of no axes holds."""
    if getattr(x, "shape", ()) != ():
        raise PaperError(
            f"{why} holds an array of shape {tuple(x.shape)} from outside its arguments",
            "Pass it as an argument.",
        )
    return float(x)


class Reading:
    """The terms of a Program, array by array.

    Parameters
    ----------
    program : Program
    names : mapping of Slot to Term
        What stands for a slot wherever it is read: for the inputs at least.
    held : mapping of Constant to Term, or None
        What stands for arrays from outside the arguments.
    plain : bool
        Whether terms are left as they were computed; else they are in their simplest form.
    """

    def __init__(
        self,
        program: Program,
        names: Mapping[Slot, Term],
        held: Mapping[Constant, Term] | None = None,
        *,
        plain: bool = False,
    ) -> None:
        self.program, self.names, self.held, self.plain = program, names, held or {}, plain
        self.made: Mapping[Slot, Equation] = {equation.output: equation for equation in program.equations}
        self._known: dict[Slot, Term] = {}

    def term(self, operand: object) -> Term:
        """Return what is written for an operand: its name, or what it is made of."""
        if isinstance(operand, Slot):
            if operand in self.names:
                return self.names[operand]
            if operand not in self._known:
                self._known[operand] = self.definition(operand)
            return self._known[operand]
        if isinstance(operand, Constant):
            if operand in self.held:
                return self.held[operand]
            return Number(float_of(self.program.constants[operand], "the function"))
        return Number(float(operand)) if type(operand) is float else _literal(operand)

    def definition(self, slot: Slot) -> Term:
        """Return what a slot is made of, whether it has a name or not."""
        equation = self.made[slot]
        name = equation.function.name
        inputs = [self._input(equation, operand) for operand in equation.inputs]
        if name == "astype" and self._floating(slot, equation.inputs[0]):
            return inputs[0]
        if self.plain:
            return Call(name, tuple(inputs), tuple(equation.static.items()))
        return call(name, *inputs, **equation.static)

    def _input(self, equation: Equation, operand: object) -> Term:
        """Return an operand; whole numbers are numbers where the function is element by element."""
        if isinstance(operand, bool | int) and not isinstance(operand, Slot) and elementwise(equation):
            return Number(float(operand))
        return self.term(operand)

    def _floating(self, *operands: object) -> bool:
        """Return whether arrays are floating, so that a cast between them is nothing to write."""
        kinds = [self.program.types.get(operand) for operand in operands if isinstance(operand, Slot)]
        return len(kinds) == len(operands) and all("float" in str(kind) for kind in kinds)


def _literal(operand: Static) -> Term:
    return Call("literal", (), (("value", operand),))
