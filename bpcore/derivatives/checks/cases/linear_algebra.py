"""Sample calls of the products."""

from __future__ import annotations

from bpcore.derivatives.checks.case import case, numbers

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
        )
    ),
    case("tensordot", numbers(2, 2, 2), numbers(2, 2)),
    case("vecdot", numbers(2, 3), numbers(2, 3)),
    case("vecdot", numbers(3), numbers(2, 3)),
    case("vecdot", numbers(2, 1, 2), numbers(2, 2), axis=-1),
    case("vecdot", numbers(2, 3), numbers(2, 1), axis=-2),
]
