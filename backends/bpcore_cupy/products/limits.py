"""Products that the library is not asked for, though its header does not forbid them.

NVIDIA's own nvmath-python (1.0: ``linalg/_internal/epilog_protocol.py``, ``linalg/advanced/matmulmod.py``,
and its tests of epilogues) never makes these calls: it says that the library does not support them, or works
around it. Whether the heuristic would refuse them by itself is not known; a wrong sum would not be seen.
"""

from __future__ import annotations

from bpcore_cupy.products.plan import Plan

__all__ = ["limit_of"]

K_ONE = 120304
"""The version from which on ``BGRADA`` and ``BGRADB`` take a k of 1."""


def limit_of(plan: Plan, version: int) -> str:
    """Return why a plan's epilogue is not asked for; nothing if it may be."""
    name = plan.follows
    if name.startswith(("DRELU", "DGELU")) and plan.k == 1:
        return f"{name} does not take a k of 1"
    if name not in ("BGRADA", "BGRADB"):
        return ""
    if plan.k == 1 and version < K_ONE:
        return f"{name} takes a k of 1 from version 12.3.4 on"
    first = name == "BGRADA"
    if (plan.m if first else plan.n) == 1:
        return f"{name} does not take a sum of one row, or column"
    if plan.transposed[not first] == first:
        way = "as they lie" if first else "transposed"
        return f"{name} sums operands that are read {way}"
    return ""
