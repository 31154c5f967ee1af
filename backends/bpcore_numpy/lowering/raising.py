"""What may raise for the values that it is given: before it nothing is written at home.

So what is carried is after an error what it was. An order costs nothing; only a result that is needed
for what may raise is kept beside its home, and copied there at the end. Lack of memory and an interrupt by
hand are left out: they may come anywhere.
"""

from __future__ import annotations

from dataclasses import replace

from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import Equation, Equations, Slot
from bpcore.program.passes.levels import slots_among
from bpcore.program.program import Program
from bpcore_numpy.lowering.blocks import inside

__all__ = ["last_that_may_raise", "may_raise", "raising_first"]

PLACES = frozenset(
    (
        *("add_along_axis", "assign", "assign_at", "gather", "index_add", "scatter_add"),
        *("searchsorted", "take", "take_along_axis"),
    )
)
"""Functions that look at indices."""

CALM = frozenset(("linalg.cross", "linalg.diagonal", "linalg.trace", "linalg.vector_norm"))
"""The functions of linear algebra that take any values."""


def may_raise(program: Equations, equation: Equation) -> bool:
    """Return whether an equation may raise for values of the right shapes and dtypes."""
    inner, function = inside(equation), equation.function
    if inner is not None:
        return any(may_raise(inner, step) for step in inner.equations)
    if function is ITEM:
        return False
    if TABLE.get(function.name) is not function:
        return True  # a user's own
    if function.name == "pow":
        return _takes_whole_exponents(program, equation)
    return function.name in PLACES or (function.name.startswith("linalg.") and function.name not in CALM)


def _takes_whole_exponents(program: Equations, equation: Equation) -> bool:
    """Return whether an exponent may turn out to be negative where NumPy wants none that is."""
    return program.types[equation.output].dtype.kind == "i" and isinstance(equation.inputs[1], Slot)


def last_that_may_raise(program: Equations) -> int:
    """Return the number of the last equation that may raise; -1 where there is none."""
    found = (number for number, x in enumerate(program.equations) if may_raise(program, x))
    return max(found, default=-1)


def raising_first(program: Program) -> Program:
    """Return `program` with what may raise, and what that needs, before everything else."""
    needed: set[Slot] = set()
    early: list[Equation] = []
    late: list[Equation] = []
    for equation in reversed(program.equations):
        if equation.output in needed or may_raise(program, equation):
            needed.update(slots_among(equation.inputs))
            early.append(equation)
        else:
            late.append(equation)
    return replace(program, equations=(*reversed(early), *reversed(late))) if early else program
