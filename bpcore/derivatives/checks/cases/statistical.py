"""Sample calls of the statistical functions."""

from __future__ import annotations

from bpcore.derivatives.checks.case import DtypeName, case, numbers
from bpcore.derivatives.checks.cases.families import reduced

__all__ = ["CASES"]

CASES = [
    *reduced("sum"),
    case("sum", numbers(2, 3), axis=1, dtype=DtypeName("float32")),
    *reduced("mean"),
    *reduced("max"),
    *reduced("min"),
    *reduced("var"),
    *reduced("std"),
    *reduced("var", correction=1)[:6],
    *reduced("std", correction=1)[:6],
    *(case(name, numbers()) for name in ("sum", "mean", "max", "min")),
]
