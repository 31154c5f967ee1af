"""Sample calls of the functions that are made of others when they are traced."""

from __future__ import annotations

from bpcore.derivatives.checks.case import DtypeName, case, complexes, given, numbers

__all__ = ["CASES"]

_UNIQUE = ("unique_all", "unique_counts", "unique_inverse", "unique_values")

CASES = [
    case("asarray", numbers(2, 3)),
    case("asarray", numbers(2, 3), copy=True),
    case("asarray", numbers(2), dtype=DtypeName("float32")),
    case("broadcast_arrays", numbers(2, 1), numbers(3)),
    case("broadcast_arrays", numbers(2, 3), numbers(), numbers(1, 3)),
    case("diff", numbers(2, 4)),
    case("diff", numbers(3, 2), axis=0, n=2),
    case("diff", complexes(2, 3), n=1),
    case("full", (2, 3), numbers()),
    case("full_like", numbers(2, 3), numbers()),
    case("linspace", numbers(), numbers(low=2.5, high=4.0), 4),
    case("linspace", numbers(), 3.0, 3, endpoint=False),
    case("linspace", numbers(3), numbers(2, 1, low=2.5, high=4.0), 3, endpoint=True),
    case("meshgrid", numbers(2), numbers(3)),
    case("meshgrid", numbers(2), numbers(3), numbers(2), indexing="ij"),
    *(case("sort", numbers(2, 3), axis=axis, descending=axis == 0) for axis in (0, -1)),
    case("sort", given([0.5, -1.0, 2.0])),
    *(case("sign", complexes(*shape, low=0.5)) for shape in ((2, 3), ())),
    *(case(name, numbers(2, 3)) for name in _UNIQUE),
    case("unstack", numbers(2, 3)),
    case("unstack", numbers(2, 3, 2), axis=-2),
    case("unstack", complexes(2, 2), axis=1),
]
