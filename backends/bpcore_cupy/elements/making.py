"""From an equation to its kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bpcore.program.equation import Constant, Equation, Slot, type_of
from bpcore_cupy.elements.chains import chain_kernel
from bpcore_cupy.elements.gathering import GATHERING
from bpcore_cupy.elements.kernel import Kernel, Layout
from bpcore_cupy.elements.moving import MOVING
from bpcore_cupy.elements.reading import body_of
from bpcore_cupy.elements.reductions import reduces, reduction_kernel
from bpcore_cupy.elements.refusal import Refused

__all__ = ["MAKERS", "kernel_of", "refusal_of", "types_of"]

Types = Mapping[Slot | Constant, Any]
Layouts = Mapping[Slot | Constant, Layout]
Maker = Callable[[Equation, Types, Layouts], Kernel]

MAKERS: dict[str, Maker] = {**MOVING, **GATHERING}
"""How an equation that moves elements becomes a kernel, by the name of its function."""


def types_of(program: Any) -> dict[Slot | Constant, Any]:
    """Return the `ArrayType` of each slot and of each constant of a Program."""
    return {**program.types, **{Constant(name): type_of(array) for name, array in program.constants.items()}}


def kernel_of(equation: Equation, types: Types, *, layouts: Layouts | None = None) -> Kernel:
    """Return the kernel that computes one equation.

    Parameters
    ----------
    equation : Equation
        A function of bpcore's table, or a group of them (`Fused`), as `grouped` makes them.
    types : mapping of Slot or Constant to ArrayType
        As `types_of` returns them.
    layouts : mapping of Slot or Constant to Layout, optional
        Where an array does not lie in C order from the pointer on.

    Raises
    ------
    Refused
        If it cannot be one.
    """
    maker = MAKERS.get(equation.function.name)
    if maker is not None:
        return maker(equation, types, layouts or {})
    body = body_of(equation, types, layouts or {})
    return reduction_kernel(body) if reduces(body) else chain_kernel(body)


def refusal_of(equation: Equation, types: Types, *, layouts: Layouts | None = None) -> str | None:
    """Return why an equation cannot be a kernel, in a few words; None where it can."""
    try:
        kernel_of(equation, types, layouts=layouts)
    except Refused as refused:
        return str(refused)
    return None
