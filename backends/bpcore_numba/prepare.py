"""The passes that this backend wants of a Program before it is lowered."""

from __future__ import annotations

from typing import Any

from bpcore.derivatives.rules.function import Function
from bpcore.program.passes.folding import fold
from bpcore.program.passes.inlining import inline
from bpcore.program.passes.prune import prune
from bpcore.program.passes.strength import simplify
from bpcore.program.passes.subexpressions import share
from bpcore.program.program import Program
from bpcore_numba.apply import is_elementwise
from bpcore_numba.lower import HANDLERS

__all__ = ["prepared"]


def prepared(program: Program, functions: Any) -> Program:
    """Return `program` in functions that the lowering knows, as far as it can be written in them.

    Vectors of all parameters are not made: here the leaves of a tree cost no calls.
    """
    found = inline(program, functions, _is_composed)
    found = simplify(share(fold(found, functions)), functions)
    return prune(share(found))


def _is_composed(function: Function) -> bool:
    """Tell what `apply` does not write inside of loops."""
    return function.name not in HANDLERS and not is_elementwise(function)
