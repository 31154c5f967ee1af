"""How far two backends come apart, each of them going on from its own numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.program.parity.report import Drift
from bpcore.program.parity.sides import Side
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves, named_leaves

__all__ = ["drift_of"]

CARRIED = 0.05
"""By what part of its largest element what is carried may be apart: where a slope is zero but for rounding,
Adam makes a whole step of the rounding's sign."""

RESULTS = {"float64": 1e-9, "float32": 1e-3}
"""And what is not carried, as the loss; in narrower numbers by as much as what is carried."""

SOON = 3
"""After more steps than these it may have grown by itself."""


def drift_of(how: str, step: int, sides: Sequence[Side], wanted: Tree, given: Tree, carry: int) -> Drift:
    """Return how far two trees of results have come apart, where most of the budget is used.

    By the largest element of all arrays in the same result: the slope of a bias before a normalization is
    nothing but rounding, and says nothing when it is held against itself.
    """
    pairs = zip(wanted, given, strict=True) if isinstance(wanted, tuple) else [(wanted, given)]
    found = [
        Drift(how=how, step=step, relative=relative, where=name, budget=_budget(step, dtype, number < carry))
        for number, (right, other) in enumerate(pairs)
        for name, relative, dtype in _apart(_name(wanted, number), right, other, sides)
    ]
    return max(found, key=_share, default=Drift(how=how, step=step, relative=0.0, where=""))


def _share(drift: Drift) -> tuple[float, float]:
    return drift.relative / drift.budget, drift.relative


def _name(results: Tree, number: int) -> str:
    return f"results.{number}" if isinstance(results, tuple) else "results"


def _budget(step: int, dtype: str, carried: bool) -> float:  # noqa: FBT001 - a word for one of two tables
    if step > SOON:
        return math.inf
    return CARRIED if carried else RESULTS.get(dtype, CARRIED)


def _apart(prefix: str, right: Tree, other: Tree, sides: Sequence[Side]) -> Iterator[tuple[str, float, str]]:
    """Yield the name of each array, how far the two are apart, and the dtype."""
    pairs = [
        (name, sides[0].home.to_host(b), sides[1].home.to_host(a))
        for (name, b), a in zip(named_leaves(right, prefix), leaves(other), strict=True)
        if hasattr(b, "dtype") and 0 not in b.shape
    ]
    largest = max((_largest(b) for _, b, _ in pairs), default=0.0) or 1.0
    for name, b, a in pairs:
        yield name, _difference(b, a) / largest, str(b.dtype)


def _difference(wanted: Array, given: Array) -> float:
    """Return the largest difference; infinite where one is a number and the other is none."""
    wanted, given = (_wide(x) for x in (wanted, given))
    xp = space_of(wanted).functions
    same = (wanted == given) | (xp.isnan(wanted) & xp.isnan(given))
    both = xp.isfinite(wanted) & xp.isfinite(given)
    safe = [xp.where(both, x, xp.zeros_like(x)) for x in (wanted, given)]
    apart = xp.where(both, xp.abs(xp.subtract(*safe)), xp.asarray(math.inf))
    return float(xp.max(xp.where(same, xp.asarray(0.0), apart)))


def _largest(x: Array) -> float:
    x = _wide(x)
    xp = space_of(x).functions
    return float(xp.max(xp.where(xp.isfinite(x), xp.abs(x), xp.asarray(0.0))))


def _wide(x: Array) -> Array:
    """Return numbers of 64 bits; truth values and whole numbers too."""
    return x.astype("complex128" if "complex" in str(x.dtype) else "float64")
