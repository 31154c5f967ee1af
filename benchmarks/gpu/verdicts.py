"""What was required of ours, and whether it holds."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.gpu.how import CAPTURED as HOW
from benchmarks.gpu.roster import CAPTURED

__all__ = ["verdicts"]

Found = Mapping[str, Mapping[str, Any]]

COMPILED = ("torch.compile", "torch.compile, fused Adam")
BY_HAND = "torch, captured by hand"
EAGER = "bpcore eager"
BEST = (*COMPILED, BY_HAND, "JAX jit")
"""Whoever of these is fastest is the one that ours is measured by, where the best is asked for."""


def verdicts(found: Found, floors: Mapping[str, float]) -> Iterator[str]:
    """Yield a line for each requirement: what was measured, and whether it holds.

    Parameters
    ----------
    found : dict
        By run, what `steps_of` returned.
    floors : dict of str to float
        By run, microseconds: its products alone, and 28 bytes for each parameter over the bandwidth.
    """
    a = found.get("a float32", {})
    yield _said("a float32: captured over torch.compile", _over(a, COMPILED), 1.0)
    yield _said("a float32: captured over JAX jit", _over(a, ["JAX jit"]), 1.0)
    yield _said(f"a float32: captured over {BY_HAND}", _over(a, [BY_HAND]), 1.15)
    yield _said("a float32: captured over eager", _over(a, [EAGER]), 0.25)
    for run in ("b tf32", "b bfloat16"):
        field, floor = found.get(run, {}), floors.get(run)
        ours = field.get(CAPTURED, {}).get("median") if _counts(CAPTURED, field) else None
        yield _said(f"{run}: captured over its floor", ours / floor if ours and floor else None, 1.25)
        yield _said(f"{run}: captured over the best of PyTorch and JAX", _over(field, BEST), 1.05)
    c = found.get("c float32", {})
    small = [told["median"] for name, told in c.items() if name.startswith(CAPTURED) and _counts(name, c)]
    yield _said("c float32: microseconds of a captured step", min(small, default=None), 30.0)
    for run, field in found.items():
        for name, told in field.items():
            if name.startswith(CAPTURED) and "median" in told and told.get("how") != HOW:
                how = told.get("how", "nobody says how")
                yield f"{run}: {name} was not captured ({how}): its times do not count"


def _counts(name: str, field: Mapping[str, Any]) -> bool:
    """Return whether a contender was timed, came to the loss of the others, and did what its name says."""
    told = field.get(name, {})
    if "median" not in told or "refused" in told:
        return False
    return not name.startswith(CAPTURED) or told.get("how") == HOW


def _over(field: Mapping[str, Any], others: Sequence[str]) -> float | None:
    """Return our captured time over that of the fastest of the others, by pairs of one cycle."""
    if not _counts(CAPTURED, field):
        return None
    ours = field[CAPTURED]["times"]
    ratios = [
        statistics.median(a / b for a, b in zip(ours, field[other]["times"], strict=False))
        for other in others
        if _counts(other, field)
    ]
    return max(ratios, default=None)


def _said(text: str, measured: float | None, limit: float) -> str:
    if measured is None:
        return f"{text} <= {limit:g}: not measured"
    return f"{text} <= {limit:g}: {'holds' if measured <= limit else 'does not hold'} ({measured:.3g})"
