"""Sample calls of the statistical functions."""

from __future__ import annotations

from bpcore.derivatives.checks.case import DtypeName, case, complexes, given, numbers
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
    *(case(name, numbers()) for name in ("sum", "mean", "max", "min", "prod")),
    *(case(name, complexes(2, 3), axis=axis) for name in ("sum", "mean", "prod") for axis in (None, 0)),
    case("sum", numbers(2, 2), axis=0, dtype=DtypeName("complex64")),
    *reduced("prod"),
    case("prod", given([[0.0, 2.0, 1.5], [0.0, 0.0, 1.5]]), axis=1),
    case("prod", numbers(2, 3), axis=1, dtype=DtypeName("float32")),
    case("prod", numbers(2, 3, 2), axis=(0, 2)),
    *(
        case(name, *inputs, **static)
        for name in ("cumulative_sum", "cumulative_prod")
        for inputs, static in (
            ((numbers(4),), {}),
            ((numbers(3),), {"include_initial": True}),
            ((numbers(2, 3),), {"axis": 0}),
            ((numbers(2, 5),), {"axis": -1, "include_initial": True}),
            ((numbers(2, 3, 2),), {"axis": 1}),
            ((numbers(3, 1),), {"axis": -1}),
            ((complexes(2, 3),), {"axis": 1, "include_initial": True}),
            ((numbers(2, 3),), {"axis": 1, "dtype": DtypeName("float32")}),
        )
    ),
    case("cumulative_prod", given([[0.0, 2.0, 1.5, -1.0], [0.7, 0.0, 0.0, 1.5]]), axis=1),
]
