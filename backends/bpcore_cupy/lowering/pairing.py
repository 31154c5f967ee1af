"""Pass: small kernels that do not wait for one another become one launch, where one kernel can do both.

A launch of a few thousand elements costs what its latency costs, whatever it computes: the right answers of a
classifier are counted by the kernel that computes its loss.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import ArrayType, Equation
from bpcore.program.passes.fused import Fused, fused
from bpcore.program.passes.levels import slots_among
from bpcore.program.program import Program
from bpcore.words.trees import LEAF, Structure
from bpcore_cupy.elements import refusal_of
from bpcore_cupy.lowering.joint import Product
from bpcore_cupy.lowering.units import Units

__all__ = ["paired"]

LARGEST = 2**14
"""Elements of what is still bound by its latency."""

TRIALS = 8
"""Kernels that one is tried with."""


def paired(program: Program) -> Program:
    """Return `program`, which was grouped, with small groups of one size side by side in one."""
    refused: set[Hashable] = set()
    while True:
        found = _once(program, refused)
        if found is None:
            return program
        program = found


def _once(program: Program, refused: set[Hashable]) -> Program | None:
    """Return `program` with a first pair as one; None where there is none. It is not tried twice."""
    units = Units(program)
    alike: dict[Hashable, list[Equation]] = {}
    for equation in program.equations:
        size = _size(program, equation)
        if size is None:
            continue
        others = alike.setdefault(size, [])
        for other in others[-TRIALS:]:
            pair = (int(other.output), int(equation.output))
            if pair not in refused and _together(units, other, equation):
                return units.result()
            refused.add(pair)
        others.append(equation)
    return None


def _size(program: Program, equation: Equation) -> int | None:
    """Return how many elements a kernel goes through; None of what is none, or large."""
    function = equation.function
    if isinstance(function, Product) or not isinstance(function, Fused):
        return None
    inner = _within(equation)
    kinds = [inner.types[x.output] for x in inner.equations]
    size = max(math.prod(kind.shape) for kind in kinds if isinstance(kind, ArrayType))
    return size if size <= LARGEST else None


def _together(units: Units, one: Equation, other: Equation) -> bool:
    """Put two groups into one, where that is no ring and there is a kernel for it."""
    items = [_items(units, x) for x in (one, other)]
    members = [one, *items[0], other, *items[1]]
    if units.makes_ring(members):
        return False
    inner = _inner(_within(one), _within(other))
    function = fused(inner)
    outputs = slots_among(inner.outputs)
    trial = Equation(function, tuple(inner.inputs), {}, outputs[0])
    if refusal_of(trial, units.kinds) is not None:
        return False
    units.make(members, function, tuple(inner.inputs), outputs)
    return True


def _within(equation: Equation) -> Program:
    """Return what a group is made of."""
    function = equation.function
    assert isinstance(function, Fused)  # noqa: S101 - only groups are asked
    assert function.inner is not None  # noqa: S101 - they are made with one
    return function.inner


def _items(units: Units, equation: Equation) -> list[Equation]:
    return [x for x in units.readers(equation.output) if x.function is ITEM]


def _inner(one: Program, other: Program) -> Program:
    inputs = tuple(dict.fromkeys((*one.inputs, *other.inputs)))
    outputs: Sequence[Any] = (*one.outputs, *other.outputs)
    return replace(
        one,
        inputs=inputs,
        equations=(*one.equations, *other.equations),
        outputs=tuple(outputs),
        constants={**one.constants, **other.constants},
        types={**one.types, **other.types},
        structure=Structure(list, (), (LEAF,) * len(outputs)),
    )
