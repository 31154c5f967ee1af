"""The fixed arrays themselves: memory is taken once, and every view of it made once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bpcore.program.equation import Constant, Slot
from bpcore.program.plan.arena import Span, packed
from bpcore_numpy.lowering.homes import Homes, aligned
from bpcore_numpy.lowering.layout import Layout
from bpcore_numpy.lowering.ways import VIEWS, Way

__all__ = ["fixed_arrays"]


def fixed_arrays(plan: Layout, home: Homes, shared: dict[str, Any]) -> dict[Slot, Any]:
    """Return the array of each fixed slot."""
    rows = _rows(plan, home, shared)
    program = plan.program
    arrays: dict[Any, Any] = dict(program.constants)
    same: dict[Any, Any] = {}  # one object for one place: NumPy sees at once that it may write over it
    for slot, (memory, start) in plan.parts.items():
        shape = program.types[slot].shape
        place = (id(memory), start, shape)
        if place not in same:
            same[place] = rows[id(memory)][start : start + math.prod(shape)].reshape(shape)
        arrays[slot] = same[place]
    for _, equation, way in plan.steps():
        if way is Way.VIEW:
            inputs = [arrays[x] if isinstance(x, Slot | Constant) else x for x in equation.inputs]
            arrays[equation.output] = VIEWS[equation.function.name](*inputs, **equation.static)
    return arrays


def _rows(plan: Layout, home: Homes, shared: dict[str, Any]) -> dict[int, Any]:
    """Return the row of each memory: a vector at home, or a part of the work memory."""
    memories = plan.memories()
    rows = dict(zip((id(m) for m in memories if m.home), home.vectors, strict=True))
    work = [memory for memory in memories if not memory.home]
    spans = [Span(m.size * np.dtype(m.dtype).itemsize, m.first, m.last) for m in work]
    offsets, total = packed(spans)
    if "work" not in shared or total > shared["work"].nbytes:
        shared["work"] = aligned(total, np.uint8)
    for memory, span, offset in zip(work, spans, offsets, strict=True):
        rows[id(memory)] = shared["work"][offset : offset + span.size].view(memory.dtype)
    return rows
