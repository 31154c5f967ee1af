"""Sample calls of the norms, each order; away from corners, and from rows of equal norms."""

from __future__ import annotations

import math

from bpcore.derivatives.checks.case import case, complexes, given, numbers

__all__ = ["CASES"]

UNEVEN = given([[2.0, -0.3, 0.4], [0.9, 0.8, -1.9]])
"""No two columns, and no two rows, have sums of sizes close to one another."""
STACK = given([[[2.0, -0.3, 0.4], [0.9, 0.8, -1.9]], [[1.1, -0.4, 0.6], [0.5, 2.2, -0.3]]])

CASES = [
    *(
        case("linalg.vector_norm", numbers(2, 3), ord=order)
        for order in (0, 1, 2, 3, math.inf, -math.inf, 2.5, 1.5)
    ),
    *(case("linalg.vector_norm", numbers(2, 3, low=0.5), ord=order) for order in (0.5, -1, -2)),
    case("linalg.vector_norm", numbers(2, 3)),
    *(case("linalg.vector_norm", given([[0.0, 1.3], [-0.9, 0.6]]), ord=order) for order in (2, 4)),
    case("linalg.vector_norm", numbers(2, 3), axis=0),
    case("linalg.vector_norm", numbers(2, 3), axis=-1, keepdims=True, ord=3),
    case("linalg.vector_norm", numbers(2, 2, 3), axis=(0, -1), ord=math.inf),
    case("linalg.vector_norm", numbers(3, 2), axis=(0, 1), keepdims=True, ord=1),
    case("linalg.vector_norm", numbers(2, 3), keepdims=True),
    *(case("linalg.vector_norm", complexes(2, 3), axis=-1, ord=order) for order in (2, 1, math.inf, 3, -1.5)),
    *(
        case("linalg.matrix_norm", UNEVEN, ord=order)
        for order in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)
    ),
    case("linalg.matrix_norm", numbers(2, 3, 2)),
    case("linalg.matrix_norm", STACK, ord=1, keepdims=True),
    case("linalg.matrix_norm", numbers(2, 3, 2), ord="nuc", keepdims=True),
    *(case("linalg.matrix_norm", complexes(3, 2), ord=order) for order in ("fro", "nuc", 1, -2, math.inf)),
]
