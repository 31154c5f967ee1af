"""How far two backends come apart, each of them going on from its own numbers."""

from __future__ import annotations

from collections.abc import Sequence

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.program.parity.report import Drift
from bpcore.program.parity.sides import Side
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves, named_leaves

__all__ = ["drift_of"]


def drift_of(how: str, step: int, sides: Sequence[Side], wanted: Tree, given: Tree) -> Drift:
    """Return how far two trees of results have come apart.

    By the largest element of all arrays in the same result: the slope of a bias before a normalization is
    nothing but rounding, and says nothing when it is held against itself.
    """
    worst = Drift(how=how, step=step, relative=0.0, where="")
    results = [(f"results.{i}", w, g) for i, (w, g) in enumerate(zip(wanted, given, strict=True))] if (
        isinstance(wanted, tuple)
    ) else [("results", wanted, given)]  # fmt: skip
    for prefix, right, other in results:
        pairs = [
            (name, sides[0].home.to_host(b), sides[1].home.to_host(a))
            for (name, b), a in zip(named_leaves(right, prefix), leaves(other), strict=True)
        ]
        pairs = [x for x in pairs if 0 not in x[1].shape and "float" in str(x[1].dtype)]
        largest = max((_largest(b) for _, b, _ in pairs), default=0.0) or 1.0
        for name, b, a in pairs:
            relative = _largest(a - b) / largest
            if not relative <= worst.relative:
                worst = Drift(how=how, step=step, relative=relative, where=name)
    return worst


def _largest(x: Array) -> float:
    xp = space_of(x).functions
    return float(xp.max(xp.abs(x)))
