"""Sample calls of inverses and determinants, of matrices far from singular unless that is the point."""

from __future__ import annotations

from dataclasses import replace

from bpcore.derivatives.checks.case import Case, Sample, case, complexes, given, numbers
from bpcore.words.protocols import Array, Namespace

__all__ = ["CASES", "hermitian"]

SQUARE = given([[2.0, -0.7, 0.4], [0.5, 1.6, -0.9], [-0.3, 0.8, -1.9]])
PAIR = given([[[1.8, -0.6], [0.7, 1.3]], [[-1.4, 0.3], [0.9, 2.1]]])
STACK = given(
    [
        [[2.0, -0.7, 0.4], [0.5, 1.6, -0.9], [-0.3, 0.8, -1.9]],
        [[1.1, 0.6, -0.2], [-0.8, 2.1, 0.3], [0.4, -0.5, 1.3]],
    ]
)
COMPLEX = Sample([[2.0 + 0.4j, -0.7 + 0.5j], [0.5 - 0.8j, 1.6 - 0.6j]], "complex")
SINGULAR = given([[1.0, 2.0, -0.5], [0.5, -1.2, 0.8], [1.5, 0.8, 0.3]])
"""The last row is the sum of the others."""
RANK_ONE = given([[1.0, -0.5, 2.0], [-2.0, 1.0, -4.0], [0.6, -0.3, 1.2]])
POSITIVE = given([[2.5, 0.6, -0.4], [0.6, 1.9, 0.5], [-0.4, 0.5, 1.6]])
POSITIVES = given([[[1.8, -0.6], [-0.6, 1.3]], [[2.4, 0.9], [0.9, 1.7]]])
COMPLEX_POSITIVE = Sample([[2.5, 0.6 + 0.5j], [0.6 - 0.5j, 1.7]], "complex")


def hermitian(xp: Namespace, x: Array) -> Array:
    """Return the Hermitian part, so that one element moves with its mirror image."""
    mirror = xp.matrix_transpose(xp.conj(x) if xp.isdtype(x.dtype, "complex floating") else x)
    return xp.multiply(0.5, xp.add(x, mirror))


def _symmetric(one: Case) -> Case:
    return replace(one, before=hermitian)


CASES = [
    *(case("linalg.inv", x) for x in (SQUARE, PAIR, COMPLEX)),
    case("linalg.solve", SQUARE, numbers(3)),
    case("linalg.solve", SQUARE, numbers(3, 2)),
    case("linalg.solve", PAIR, numbers(2)),
    case("linalg.solve", PAIR, numbers(2, 1)),
    case("linalg.solve", given([[1.8, -0.6], [0.7, 1.3]]), numbers(3, 2, 1)),
    case("linalg.solve", PAIR, numbers(2, 2, 2)),
    case("linalg.solve", COMPLEX, complexes(2)),
    case("linalg.solve", COMPLEX, complexes(2, 3)),
    *(case("linalg.det", x) for x in (STACK, PAIR, COMPLEX, SINGULAR, RANK_ONE, given([[1.7]]))),
    *(case("linalg.cofactors", x) for x in (STACK, COMPLEX, SINGULAR)),
    *(case("linalg.slogdet", x) for x in (SQUARE, PAIR, COMPLEX)),
    case("linalg.pinv", given([[2.0, -0.7], [0.5, 1.6], [-0.3, 0.8]])),
    case("linalg.pinv", given([[2.0, -0.7, 0.4], [0.5, 1.6, -0.9]]), rtol=1e-3),
    case("linalg.pinv", PAIR),
    case("linalg.pinv", Sample([[2.0 + 0.4j, 0.5 - 0.8j, 0.3 - 0.3j], [-0.7j, 1.6, 0.2 + 1.0j]], "complex")),
    *(
        _symmetric(case("linalg.cholesky", x, **upper))
        for x, upper in (
            (POSITIVE, {}),
            (POSITIVES, {}),
            (COMPLEX_POSITIVE, {}),
            (POSITIVE, {"upper": True}),
            (COMPLEX_POSITIVE, {"upper": True}),
        )
    ),
    *(case("linalg.matrix_power", SQUARE, n) for n in (0, 1, 2, 5, -1, -3)),
    case("linalg.matrix_power", PAIR, 3),
    case("linalg.matrix_power", COMPLEX, -2),
]
