"""Sample calls of the products."""

from __future__ import annotations

from bpcore.derivatives.checks.case import case, complexes, numbers

__all__ = ["CASES"]

CASES = [
    *(
        case("matmul", numbers(*a), numbers(*b))
        for a, b in (
            ((2, 3), (3, 2)),
            ((2, 2), (2, 2)),
            ((3,), (3, 2)),
            ((2, 3), (3,)),
            ((3,), (3,)),
            ((2, 2, 3), (3, 2)),
            ((2, 2), (2, 2, 1)),
            ((2, 1, 1, 2), (3, 2, 1)),
            ((3,), (2, 3, 2)),
            ((2, 2, 3), (3,)),
        )
    ),
    case("matrix_transpose", numbers(2, 3)),
    case("matrix_transpose", numbers(2, 2, 2)),
    *(
        case("tensordot", numbers(*a), numbers(*b), axes=axes)
        for a, b, axes in (
            ((2, 3), (3, 2), 1),
            ((2, 2, 3), (2, 3), 2),
            ((2,), (3,), 0),
            ((2, 3), (2, 3), ((1,), (1,))),
            ((2, 3), (3, 2), ((0, 1), (1, 0))),
            ((2, 3, 2), (2, 2, 3), ((0, 1), (1, 2))),
            ((2, 3), (3, 2), ((-1,), (-2,))),
            ((2, 2, 3), (3, 2), ((-1,), (-2,))),
        )
    ),
    case("tensordot", numbers(2, 2, 2), numbers(2, 2)),
    case("vecdot", numbers(2, 3), numbers(2, 3)),
    case("vecdot", numbers(3), numbers(2, 3)),
    case("vecdot", numbers(2, 1, 2), numbers(2, 2), axis=-1),
    case("vecdot", numbers(2, 3), numbers(2, 1), axis=-2),
    case("vecdot", complexes(2, 3), complexes(2, 3)),
    case("vecdot", numbers(2, 2, 3), numbers(2, 2, 3)),
    case("matmul", complexes(2, 2), complexes(2, 2)),
    case("tensordot", complexes(2, 2), complexes(2, 2), axes=1),
    case("linalg.cross", numbers(3), numbers(3)),
    case("linalg.cross", numbers(2, 3), numbers(2, 3)),
    case("linalg.cross", numbers(3, 2), numbers(3, 2), axis=-2),
    case("linalg.cross", numbers(2, 1, 3), numbers(2, 3)),
    case("linalg.cross", complexes(2, 3), complexes(2, 3)),
    case("linalg.outer", numbers(2), numbers(3)),
    case("linalg.outer", complexes(3), complexes(2)),
    *(case("linalg.diagonal", numbers(3, 2), offset=offset) for offset in (0, 1, -1, -2, 2)),
    case("linalg.diagonal", numbers(2, 2, 3)),
    case("linalg.diagonal", numbers(2, 4), offset=1),
    case("linalg.diagonal", complexes(2, 3), offset=1),
    *(case("linalg.trace", numbers(3, 2), offset=offset) for offset in (0, 1, -1, -2, 2)),
    case("linalg.trace", numbers(2, 3, 3)),
    case("linalg.trace", numbers(2, 4), offset=1),
    case("linalg.trace", complexes(2, 2)),
]
