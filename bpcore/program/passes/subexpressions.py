"""Pass: what is computed twice is computed once. It keeps the bits."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from bpcore.program.equation import Slot
from bpcore.program.passes.rewriting import key_of, renamed, static_key, with_operands
from bpcore.program.program import Program
from bpcore.words.protocols import Static

__all__ = ["share"]


def share(program: Program) -> Program:
    """Return `program` without equations that repeat an earlier one: one function, of the same operands."""
    first: dict[Hashable, Slot] = {}
    names: dict[Slot, Slot | Static] = {}
    put = renamed(names)
    kept = []
    for equation in program.equations:
        found = with_operands(equation, put)
        statics = tuple(sorted((name, static_key(value)) for name, value in found.static.items()))
        key = (id(found.function), tuple(map(key_of, found.inputs)), statics)
        if key in first:
            names[found.output] = first[key]
        else:
            first[key] = found.output
            kept.append(found)
    return replace(program, equations=tuple(kept), outputs=tuple(map(put, program.outputs)))
