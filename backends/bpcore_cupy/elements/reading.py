"""What a kernel is to compute: the equations of a group, or the one that stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bpcore.program.equation import Constant, Equation, Slot, type_of
from bpcore.program.passes.fused import Fused
from bpcore.program.passes.levels import slots_among
from bpcore_cupy.elements.kernel import Layout
from bpcore_cupy.elements.kinds import kind_of
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.views import View, view_of

__all__ = ["Body", "body_of"]

Name = Slot | Constant


@dataclass(frozen=True)
class Body:
    """Equations, what they read from outside and what they write.

    Attributes
    ----------
    equations : tuple of Equation
    inputs : tuple of Slot or Constant
        In the order in which they are read.
    outputs : tuple of Slot
    shapes : mapping to tuple of int
    kinds : mapping to str
    layouts : mapping to Layout
    """

    equations: tuple[Equation, ...]
    inputs: tuple[Name, ...]
    outputs: tuple[Slot, ...]
    shapes: Mapping[Name, tuple[int, ...]]
    kinds: Mapping[Name, str]
    layouts: Mapping[Name, Layout]

    def view(self, name: Name) -> View:
        """Return how an input or an output lies in memory."""
        return view_of(self.shapes[name], self.layouts.get(name))


def body_of(equation: Equation, types: Mapping[Name, Any], layouts: Mapping[Name, Layout]) -> Body:
    """Return an equation as the body of a kernel."""
    equations: tuple[Equation, ...] = (equation,)
    outputs: tuple[Slot, ...] = (equation.output,)
    known: dict[Name, Any] = dict(types)
    if isinstance(equation.function, Fused):
        inner = equation.function.inner
        if inner is None:
            raise Refused("a group that holds nothing")
        equations, outputs = inner.equations, tuple(slots_among(inner.outputs))
        known |= dict(inner.types.items())
        known |= {Constant(name): type_of(array) for name, array in inner.constants.items()}
    made = {x.output for x in equations}
    read = dict.fromkeys(
        x for one in equations for x in one.inputs if isinstance(x, Slot | Constant) and x not in made
    )
    names = (*read, *made)
    if not all(hasattr(known.get(name), "shape") for name in names):
        raise Refused(f"the function {equation.function.name}, of which a type is not known")
    shapes = {name: tuple(known[name].shape) for name in names}
    kinds = {name: kind_of(known[name].dtype) for name in names}
    return Body(equations, tuple(read), outputs, shapes, kinds, layouts)
