"""Functions that only look at an array in another way."""

from __future__ import annotations

from bpcore.program.equation import Equation
from bpcore.program.plan.indexing import picked as key_as_view
from bpcore.program.plan.viewing import VIEWING, viewed
from bpcore.words.protocols import Static
from bpcore_numba.lower import Lowering, handles
from bpcore_numba.places import Place
from bpcore_numba.refusal import Refused

__all__ = ["picked"]

MASK = "indexing by a mask"


@handles(*VIEWING)
def _view(lowering: Lowering, equation: Equation) -> None:
    place, shape = lowering.place(equation.inputs[0]), lowering.shape(equation)
    if equation.function.name in ("reshape", "expand_dims", "squeeze"):
        found: Place | None = lowering.reshaped(place, shape)
    else:
        found = viewed(equation, place, shape)
    if found is None:
        raise Refused(MASK)
    lowering.view(equation, found)


def picked(place: Place, key: Static) -> Place:
    """Return the view ``place[key]`` of integers, slices, None and an ellipsis."""
    found = key_as_view(place, key)
    if found is None:
        raise Refused(MASK)
    return found
