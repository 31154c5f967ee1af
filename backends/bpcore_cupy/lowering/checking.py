"""A lowered Program, piece by piece beside the library's own functions: which is wrong, and by how much.

For the first hours on a device, and for a step that gives other numbers than it should. Each piece is given
what the one before it left in memory, so that the first that differs is the one to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bpcore.derivatives.namespaces.plain import bound
from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.recipe import Buffers
from bpcore_cupy.lowering.binding import Binding, carried_regions, leaves, recipe_of
from bpcore_cupy.lowering.joint import Product
from bpcore_cupy.lowering.listing import line
from bpcore_cupy.lowering.lowered import Lowered
from bpcore_cupy.lowering.machine import Machine
from bpcore_cupy.lowering.merging import Merged
from bpcore_cupy.lowering.places import Place
from bpcore_cupy.lowering.steps import Step

__all__ = ["Difference", "differences"]


class Difference(NamedTuple):
    """How far a piece of work is from what the library's functions make of the same operands.

    Attributes
    ----------
    piece : str
        Its line in the listing.
    worst : float
        The largest difference of an output, over the largest number in it; infinity where one of the two
        is not finite and the other is.
    """

    piece: str
    worst: float


def differences(
    lowered: Lowered,
    machine: Machine,
    functions: Any,
    inputs: Sequence[Any],
    *,
    empty: Callable[[Kind], Any],
    host: Callable[[Any], Any],
    stream: int = 0,
) -> list[Difference]:
    """Run one step piece by piece, and each piece by the library's functions too.

    Parameters
    ----------
    lowered : Lowered
    machine : Machine
    functions : module-like
        The library's plain functions.
    inputs : sequence of arrays
        The carried ones, then the others.
    empty : function of a Kind
        Return a new array, aligned.
    host : function of an array
        Return it as NumPy's, when it is computed.
    stream : int
        The pointer of the library's current stream.
    """
    parts = [part for step in lowered.steps for part in (step.parts if isinstance(step, Merged) else [step])]
    apart = replace(lowered, steps=parts)
    binding = Binding(apart, machine, carried_regions(apart), _buffers(apart, machine, inputs, empty))
    calls = binding.calls()
    masks: dict[int, Any] = {}
    found = []
    for step, call in zip(parts, calls, strict=True):
        wanted = [host(y) for y in _wanted(step, binding, functions, masks)]
        call.enqueue(stream)
        written = [host(binding.array(place)) for place in _compared(step)]
        worst = max(map(_apart, written, wanted), default=0.0)
        found.append(Difference(line(step), worst))
    return found


def _buffers(
    lowered: Lowered, machine: Machine, inputs: Sequence[Any], empty: Callable[[Kind], Any]
) -> Buffers:
    recipe = recipe_of(lowered, machine, "a step")
    given = [empty(kind) for kind in recipe.inputs]
    regions = carried_regions(lowered)
    count = len(lowered.before)
    homes = dict(zip(regions, given, strict=False))
    for target, x in zip(leaves(lowered.before, homes, machine), inputs[:count], strict=True):
        target[...] = x
    for target, x in zip(given[len(regions) :], inputs[count:], strict=True):
        target[...] = x
    outputs = [empty(kind) for kind in recipe.outputs]
    for i, o in recipe.carried:
        outputs[o] = given[i] if o in recipe.in_place else outputs[o]
    return Buffers(tuple(given), tuple(outputs), empty(Kind((recipe.work_bytes,), "uint8")))


def _compared(step: Step) -> list[Place]:
    """Return the outputs that are arrays: a mask in bits is compared where it is used."""
    joint = isinstance(step.equation.function, Product) and "aux" in step.equation.function.epilogue
    return list(step.outputs[:1] if joint else step.outputs)


def _wanted(step: Step, binding: Binding, functions: Any, masks: dict[int, Any]) -> Iterator[Any]:
    """Yield what the library's functions make of the operands, as they are now."""
    equation = step.equation
    operands = [binding.array(x) if isinstance(x, Place) else x for x in step.operands]
    if isinstance(equation.function, Product) and equation.function.masked:
        operands[-1] = masks[id(step.operands[-1])]
    given = (operands,) if equation.function.takes_list else operands
    with np.errstate(all="ignore"):
        made = bound(equation.function, functions)(*given, **equation.static)
    parts = list(made) if equation.function.several else [made]
    compared = _compared(step)
    if len(parts) > len(compared):
        masks[id(step.outputs[1])] = parts[1]
    for place, part in zip(compared, parts, strict=False):
        yield functions.asarray(functions.reshape(part, place.shape), copy=True)


def _apart(written: Any, wanted: Any) -> float:
    """Return the largest difference, over the largest number."""
    if not written.size:
        return 0.0
    if written.dtype.kind not in "fc":
        return float(np.any(written != wanted))
    finite = np.isfinite(wanted)
    if np.any(np.isfinite(written) != finite):
        return float("inf")
    if not finite.any():
        return 0.0
    most = float(np.max(np.abs(wanted[finite])))
    return float(np.max(np.abs(written[finite] - wanted[finite]))) / (most or 1.0)
