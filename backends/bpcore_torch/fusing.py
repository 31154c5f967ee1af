"""The equations of a lane as calls with ``out=``, two of them in one where PyTorch has such a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from bpcore.program.equation import Equation, Slot
from bpcore_torch.lanes import Family

__all__ = ["Line", "last_reads", "lines_of"]

NATIVE = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "negative": torch.neg,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "sign": torch.sign,
    "exp": torch.exp,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "pow": torch.pow,
}


class Line(NamedTuple):
    """One call: a function, its operands, a factor by keyword, and the slot it computes."""

    function: Any
    inputs: tuple[Any, ...]
    factor: dict[str, float]
    output: Slot


def lines_of(family: Family) -> list[Line]:
    """Return the calls for a family's pattern."""
    once = _read_once(family)
    lines: list[Line] = []
    merged: set[Slot] = set()
    for equation in reversed(family.pattern):
        if equation.output in merged:
            continue
        line, taken = _line(equation, once)
        merged |= taken
        lines.append(line)
    return lines[::-1]


def _read_once(family: Family) -> dict[Slot, Equation]:
    """Return the equations of which one other reads the result, once."""
    reads: dict[Any, int] = {}
    for equation in family.pattern:
        for x in equation.inputs:
            if type(x) is Slot:
                reads[x] = reads.get(x, 0) + 1
    return {
        e.output: e for e in family.pattern if reads.get(e.output) == 1 and e.output not in family.leaving
    }


def _line(equation: Equation, once: Mapping[Slot, Equation]) -> tuple[Line, set[Slot]]:
    """Return the call for an equation, and the slots of those that are computed along with it."""
    name, inputs = equation.function.name, equation.inputs
    if name in ("add", "subtract"):
        sign = 1.0 if name == "add" else -1.0
        for a, b in (inputs, inputs[::-1])[: 2 if name == "add" else 1]:
            if type(a) is Slot and type(b) is Slot and b in once:
                found = _with(once, a, once[b], sign)
                if found is not None:
                    function, operands, factor, taken = found
                    return Line(function, operands, factor, equation.output), {b, *taken}
    return Line(NATIVE[name], inputs, {}, equation.output), set()


def _with(
    once: Mapping[Slot, Equation], a: Slot, inner: Equation, sign: float
) -> tuple[Any, tuple[Any, ...], dict[str, float], set[Slot]] | None:
    """Return ``a + sign * inner`` as one call, if PyTorch has one."""
    name = inner.function.name
    if name not in ("multiply", "divide"):
        return None
    x, y = inner.inputs
    if type(x) is Slot and type(y) is Slot:
        return (torch.addcmul if name == "multiply" else torch.addcdiv), (a, x, y), {"value": sign}, set()
    if name == "divide":
        return None
    z, number = _slot_and_number(x, y)
    if z in once and once[z].function.name == "square":
        (base,) = once[z].inputs
        return torch.addcmul, (a, base, base), {"value": sign * number}, {z}
    return torch.add, (a, z), {"alpha": sign * number}, set()


def _slot_and_number(x: Any, y: Any) -> tuple[Any, Any]:
    return (x, y) if type(x) is Slot else (y, x)


def last_reads(lines: Sequence[Line]) -> dict[Any, int]:
    """Return the number of the last line that reads each slot."""
    return {x: number for number, line in enumerate(lines) for x in line.inputs if type(x) is Slot}
