"""Passes for steps in 16 bits: parameters cast all at once, products that end in what they are cast to.

Parameters lie in one vector already, for the optimizer: one kernel casts the vector, and products read parts
of the result. What a product's result is cast to, with nothing else reading it, the product writes itself,
without rounding to 16 bits before; where the cast is part of a larger kernel it stays there, because 16 bits
are less to write and to read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.ground.precision import HALVES
from bpcore.program.equation import ArrayType, Equation, Slot
from bpcore.program.passes.levels import slots_among
from bpcore.program.passes.rewriting import fresh_slots
from bpcore.program.program import Program
from bpcore_cupy.elements import types_of
from bpcore_cupy.lowering.lower import dtype_name

__all__ = ["cast_at_once", "cast_by_products"]

PART = 0.5
"""The least part of a vector's numbers that must be cast for the whole vector to be."""


def cast_at_once(program: Program) -> Program:
    """Return `program`, in which arrays that lie in one vector are cast to 16 bits together.

    Parameters
    ----------
    program : Program
        After `flatten_carry`: the vectors are a ``concat`` of arguments in one axis each.
    """
    casts = list(_casts(program))
    if len(casts) < 2:  # noqa: PLR2004 - one is one already
        return program
    flat = {x.output: x.inputs[0] for x in program.equations if x.function is TABLE["reshape"]}
    for whole in program.equations:
        if whole.function is not TABLE["concat"] or whole.static.get("axis", 0) != 0:
            continue
        parts = _parts(program, whole, flat)
        for word in HALVES:
            found = {x: one for x, dtype, one in casts if dtype == word and x in parts}
            if len(found) > 1 and _count(program, found) >= PART * _count(program, parts):
                return cast_at_once(_together(program, whole, parts, found))
    return program


def _count(program: Program, arrays: Iterable[Slot]) -> int:
    return sum(math.prod(program.types[x].shape) for x in arrays)


def _casts(program: Program) -> Iterator[tuple[Slot, str, Equation]]:
    """Yield the casts of arguments to 16 bits: of what, to what, and the equation."""
    arguments = set(program.inputs)
    for one in program.equations:
        if one.function is TABLE["astype"] and type(one.inputs[0]) is Slot and one.inputs[0] in arguments:
            dtype = dtype_name(program.types[one.output].dtype)
            if dtype in HALVES:
                yield one.inputs[0], dtype, one


def _parts(program: Program, whole: Equation, flat: Mapping[Slot, Any]) -> dict[Slot, int]:
    """Return where arguments begin in what an equation joins; nothing where it joins anything else."""
    kinds, found, start = types_of(program), dict[Slot, int](), 0
    for operand in whole.inputs:
        if isinstance(operand, Slot):
            if flat.get(operand) not in program.inputs:
                return {}
            found[flat[operand]] = start
        start += math.prod(kinds[operand].shape)
    return found


def _together(
    program: Program, whole: Equation, parts: Mapping[Slot, int], casts: Mapping[Slot, Equation]
) -> Program:
    """Return `program` with the vector, and a cast of it, in front; each cast array is a part of that."""
    slots, types = fresh_slots(program), dict(program.types)
    (kind,) = {types[one.output].dtype for one in casts.values()}

    def call(name: str, operands: tuple[Any, ...], shape: tuple[int, ...], **static: Any) -> Slot:
        slot = next(slots)
        types[slot] = ArrayType(shape, kind)
        added.append(Equation(TABLE[name], operands, static, slot))
        return slot

    joined = set(slots_among(whole.inputs))
    first = [x for x in program.equations if x.output in joined]
    added: list[Equation] = []
    vector = call("astype", (whole.output, kind), tuple(types[whole.output].shape))
    for argument, one in casts.items():
        shape = tuple(types[one.output].shape)
        size, start = math.prod(shape), parts[argument]
        part = call("getitem", (vector,), (size,), key=(slice(start, start + size, None),))
        added.append(Equation(TABLE["reshape"], (part, shape), {}, one.output))
    gone = {id(x) for x in (*first, whole, *casts.values())}
    rest = [x for x in program.equations if id(x) not in gone]
    return replace(program, equations=(*first, whole, *added, *rest), types=types)


def cast_by_products(program: Program) -> Program:
    """Return `program`, in which products write float32 where 16 bits would only be cast to it."""
    readers: dict[Slot, list[Equation]] = {}
    for one in program.equations:
        for x in dict.fromkeys(slots_among(one.inputs)):
            readers.setdefault(x, []).append(one)
    kept = set(slots_among(program.outputs))
    wide = dict(_wide(program, readers, kept))
    equations = []
    for one in program.equations:
        if one.output in wide:
            equations.append(replace(one, output=wide[one.output]))
        elif one.output not in wide.values():
            equations.append(one)
    return replace(program, equations=tuple(equations)) if wide else program


def _wide(
    program: Program, readers: Mapping[Slot, list[Equation]], kept: set[Slot]
) -> Iterator[tuple[Slot, Slot]]:
    """Yield results of products, and what they are cast to where that is a kernel of its own."""
    for one in program.equations:
        reading = readers.get(one.output, [])
        if one.function is not TABLE["matmul"] or len(reading) != 1 or one.output in kept:
            continue
        (cast,) = reading
        if cast.function is not TABLE["astype"]:
            continue
        kinds = [dtype_name(program.types[x.output].dtype) for x in (one, cast)]
        alone = all(x.function is TABLE["matmul"] for x in readers.get(cast.output, []))
        if kinds[0] in HALVES and kinds[1] == "float32" and alone:
            yield one.output, cast.output
