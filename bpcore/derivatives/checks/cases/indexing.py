"""Sample calls of the indexing functions."""

from __future__ import annotations

from bpcore.derivatives.checks.case import Sample, case, numbers, places
from bpcore.derivatives.rules.indexing import ARRAY

__all__ = ["CASES"]

CASES = [
    *(
        case("getitem", numbers(2, 3), key=key)
        for key in (
            (0, ...),
            (-1, ...),
            (1, 2),
            (slice(None), 1),
            (Ellipsis, slice(1, None)),
            (0, slice(0, 3, 2)),
            Ellipsis,
        )
    ),
    case("getitem", numbers(2, 2, 2), key=(1, ..., 0)),
    case("getitem", numbers(2, 3), key=(slice(1, 1), slice(None))),
    case("slice_scatter", numbers(3), key=(0, ...), shape=(2, 3)),
    case("slice_scatter", numbers(2, 2), key=(slice(None), slice(0, 3, 2)), shape=(2, 3)),
    *(
        case("gather", numbers(2, 3), *arrays, key=key)
        for arrays, key in (
            ((places(1, 0, 1), places(2, 0, 2)), (ARRAY, ARRAY)),
            ((places(1, 0, 1),), (ARRAY, 2)),
        )
    ),
    case("scatter_add", numbers(3), places(1, 0, 1), places(2, 0, 2), key=(ARRAY, ARRAY), shape=(2, 3)),
    case("scatter_add", numbers(2), places(1, 1), key=(0, ARRAY), shape=(2, 3)),
    case(
        "scatter_add",
        numbers(2, 2),
        Sample([[1, 0], [2, 2]], "int32"),
        Sample([[0, 1], [1, 1]], "int32"),
        key=(ARRAY, ARRAY),
        shape=(3, 2),
    ),
    case("assign", numbers(2, 3), numbers(3), key=(0, ...)),
    case("assign", numbers(2, 3), numbers(2, 1, low=-1.0), key=(..., slice(0, 3, 2))),
    case("assign", numbers(2, 3), 0.5, key=(1, 2)),
    *(
        case("assign_at", numbers(2, 3), numbers(3, low=-1.0), *arrays, key=key)
        for arrays, key in (
            ((places(1, 0, 1), places(2, 0, 1)), (ARRAY, ARRAY)),
            ((places(1),), (ARRAY, slice(None))),
        )
    ),
    case("take", numbers(3), places(2, 0, 2)),
    case("take", numbers(2, 3), places(2, 0, 2, 1), axis=1),
    case("take", numbers(3, 2), places(1, 1), axis=0),
    case("take", numbers(2, 2, 2), places(1, 0, 1), axis=-2),
    case("index_add", numbers(3), places(2, 0, 2), numbers(3), axis=0),
    case("index_add", numbers(2, 3), places(1, 1), numbers(2, 2), axis=1),
    case("index_add", numbers(3, 2), places(2, 0), numbers(2, 2), axis=-2),
]
