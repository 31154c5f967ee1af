"""Lower a Program: passes, steps, places; again without an ending that turns out not to be offered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpcore.program.equation import Slot
from bpcore.program.program import Program
from bpcore_cupy.elements import grouped
from bpcore_cupy.lowering.homing import ends
from bpcore_cupy.lowering.lower import Lowering
from bpcore_cupy.lowering.lowered import Lowered, laid_out
from bpcore_cupy.lowering.matching import matched
from bpcore_cupy.lowering.multiplying import Multiplying
from bpcore_cupy.lowering.nearing import brought_near
from bpcore_cupy.lowering.pairing import paired
from bpcore_cupy.lowering.preparing import prepared
from bpcore_cupy.lowering.refusal import NotOffered
from bpcore_cupy.products import Plan

__all__ = ["lowered"]


def lowered(
    program: Program,
    functions: Any,
    *,
    offers: Callable[[Plan], bool] = lambda plan: True,
    precision: str = "float32",
    small: bool = True,
) -> Lowered:
    """Return `program` as steps on planned memory.

    Parameters
    ----------
    program : Program
    functions : module-like
        The backend's plain functions.
    offers : function of a Plan
        Whether there is an algorithm for a product with its end. Without a device: whether it is hoped for.
    precision : str
        What float32 numbers are multiplied in.
    small : bool
        Whether small products are kernels of ours, and not the library's.

    Raises
    ------
    NotCapturable
        When a function must not be called while a graph is captured.
    """
    ready = prepared(program, functions)
    multiply = Multiplying(offers, precision, small)
    refused: set[tuple[Slot, str]] = set()
    while True:
        wanted = matched(ready.program, lambda slot, end: (slot, end) not in refused)
        try:
            lowering = Lowering(paired(grouped(wanted)), multiply, ready.idle)
        except NotOffered as error:
            refused.add((error.slot, error.epilogue))
            continue
        found = ends(lowering)
        return laid_out(lowering, found, brought_near(lowering.steps) if small else lowering.steps)
