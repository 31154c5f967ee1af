"""The passes that this backend wants of a Program before it is lowered."""

from __future__ import annotations

from bpcore.program.program import Program

__all__ = ["prepared"]


def prepared(program: Program) -> Program:
    """Return `program` as it is lowered."""
    return program
