"""The usual passes, one after the other, until nothing changes."""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.rules.function import Function
from bpcore.program.passes.folding import fold
from bpcore.program.passes.inlining import inline
from bpcore.program.passes.prune import prune
from bpcore.program.passes.strength import simplify
from bpcore.program.passes.subexpressions import share
from bpcore.program.program import Program
from bpcore.words.protocols import Namespace

__all__ = ["optimized"]


def optimized(
    program: Program,
    xp: Namespace,
    *,
    keep_bits: bool = True,
    inlined: Callable[[Function], bool] = lambda function: False,
) -> Program:
    """Return `program` with constants folded, simpler functions, nothing twice and nothing for nobody.

    Parameters
    ----------
    program : Program
    xp : module-like
        The plain functions of the backend that is to run it.
    keep_bits : bool
        Whether results stay the same to the last bit, as said at `simplify`.
    inlined : function of a Function to bool
        Which composed functions are written out first; a backend keeps those that it has kernels for.

    Notes
    -----
    Vectors of carried leaves (`flatten_carry`) and groups (`group`) come after it, where a backend wants
    them. An output may become an input, a constant, or the same slot as another: a backend whose arrays
    can be written gives copies out.
    """
    found = inline(program, xp, inlined)
    while True:
        before, found = found, prune(share(simplify(fold(found, xp), xp, keep_bits=keep_bits)))
        if found.equations == before.equations:
            return found
