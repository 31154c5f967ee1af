"""What is done to a Program before it is lowered: bpcore's passes, and those of products."""

from __future__ import annotations

from typing import Any, NamedTuple

from bpcore.derivatives.rules.function import Function
from bpcore.program.passes.flattening import flatten_carry
from bpcore.program.passes.inlining import inline
from bpcore.program.passes.pipeline import optimized
from bpcore.program.program import Program
from bpcore_cupy.elements import is_written_out
from bpcore_cupy.lowering.casting import cast_at_once, cast_by_products
from bpcore_cupy.lowering.contracting import contracted
from bpcore_cupy.lowering.places import ALIGNMENT
from bpcore_cupy.lowering.views import VIEWS

__all__ = ["Prepared", "prepared"]

KEPT = frozenset(
    (
        *("assign", "assign_at", "gather", "index_add", "scatter_add", "slice_scatter"),
        *("copy", "digamma", "polygamma", "top_k"),
    )
)
"""Composed functions that stay whole: CuPy, or a kernel of ours, is better than what they are made of."""

ENDS = frozenset(("relu",))
"""Element-wise functions that products have at their ends under the names of what they are made of."""


class Prepared(NamedTuple):
    """A Program that is ready for products to be matched and elements to be grouped.

    Attributes
    ----------
    program : Program
    idle : frozenset of str
        Constants that only keep parts of vectors apart.
    """

    program: Program
    idle: frozenset[str]


def prepared(program: Program, functions: Any) -> Prepared:
    """Return `program` in functions that there are kernels and products for, as far as can be.

    Parameters
    ----------
    program : Program
    functions : module-like
        The backend's plain functions.
    """

    def wanted(function: Function) -> bool:
        if function.name in KEPT or function.name in VIEWS:
            return False
        return function.name in ENDS or is_written_out(function)

    found = optimized(contracted(inline(program, functions, wanted)), functions)
    before = set(found.constants)
    found = cast_at_once(flatten_carry(found, functions, room=ALIGNMENT // 2))
    return Prepared(cast_by_products(found), frozenset(set(found.constants) - before))
