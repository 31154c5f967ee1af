"""Functions that only look at an array in another way: a pointer and strides."""

from __future__ import annotations

from bpcore.program.equation import Equation
from bpcore.program.plan import viewing
from bpcore_cupy.lowering.places import Place

__all__ = ["VIEWS", "viewed"]

SAME = frozenset(("stop_gradient", "positive", "to_device"))
"""Functions whose result is their operand."""

VIEWS = viewing.VIEWING | SAME


def viewed(equation: Equation, place: Place, shape: tuple[int, ...]) -> Place | None:
    """Return where the result of one of `VIEWS` lies, its operand at `place`; None if it takes a copy."""
    return place if equation.function.name in SAME else viewing.viewed(equation, place, shape)
