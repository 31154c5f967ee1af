"""Sample calls of the decompositions, with values far apart.

Vectors are determined up to a sign or phase, and those that complete a basis up to a rotation; the library's
choice may jump while an element is moved. What is compared is a function that does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bpcore.derivatives.checks.case import Case, Sample, case, given
from bpcore.derivatives.checks.cases.inverses import COMPLEX, PAIR, SQUARE, hermitian
from bpcore.words.protocols import Array, Namespace

__all__ = ["CASES"]

SYMMETRIC = given([[2.5, 0.6, -0.4], [0.6, -1.9, 0.5], [-0.4, 0.5, 0.4]])
SYMMETRICS = given([[[1.8, -0.6], [-0.6, -1.3]], [[2.4, 0.9], [0.9, 0.3]]])
HERMITIAN = Sample([[2.5, 0.6 + 0.5j], [0.6 - 0.5j, -0.7]], "complex")
APART = given([[3.6, -0.5, 0.4], [0.7, 1.9, -0.3], [-0.2, 0.4, -0.8]])
PAIR_APART = given([[2.9, -0.6], [0.7, 1.1]])
PAIRS_APART = given([[[2.9, -0.6], [0.7, 1.1]], [[-1.0, 0.3], [0.6, 2.5]]])
TALL = given([[3.1, -0.7], [0.5, 1.3], [-0.4, 0.3]])
WIDE = given([[3.1, -0.7, 0.4], [0.5, 1.3, -0.3]])
WIDES = given([[[3.1, -0.7, 0.4], [0.5, 1.3, -0.3]], [[-1.0, 0.5, 0.1], [0.4, 2.8, 0.6]]])
NOT_TURNING = given([[3.4, -0.5, 0.4], [0.7, 0.6, -0.3], [-0.2, 0.4, -2.1]])
TURNING = given([[1.0, -1.8, 0.2], [1.5, 0.4, 0.3], [0.3, -0.4, -2.0]])
"""Two of its eigenvalues are complex."""
COMPLEX_TALL = Sample([[2.0 + 0.4j, -0.4j], [0.5 - 1.8j, 0.8 + 0.3j], [0.3 - 0.3j, -0.2 + 0.6j]], "complex")
COMPLEX_WIDE = Sample([[2.0 + 0.4j, 0.5 - 1.8j, 0.3 - 0.3j], [-0.4j, 0.8 + 0.3j, -0.2 + 0.6j]], "complex")


def _mirror(xp: Namespace, x: Array) -> Array:
    return xp.matrix_transpose(xp.conj(x) if xp.isdtype(x.dtype, "complex floating") else x)


def _projectors(xp: Namespace, y: tuple[Array, Array]) -> list[Array]:
    """Return eigenvalues, and of each column of unit vectors the outer product with itself, weighted."""
    w, v = y
    return [w, xp.matmul(xp.multiply(v, _weights(xp, v)), _mirror(xp, v))]


def _weights(xp: Namespace, v: Array) -> Array:
    """Return 1, 2, ... along the columns."""
    ones = xp.ones_like(v[..., :1, :])
    return xp.cumulative_sum(ones, axis=-1)


def _paired(xp: Namespace, y: tuple[Array, Array, Array]) -> list[Array]:
    """Return singular values, the left vectors with the right ones, and what completes the bases."""
    u, s, vh = y
    count = s.shape[-1]
    weighted = xp.multiply(u[..., :count], _weights(xp, u[..., :count]))
    return [s, xp.matmul(weighted, vh[..., :count, :]), *_complements(xp, u, vh, count)]


def _left(xp: Namespace, y: tuple[Array, Array, Array]) -> Array:
    """Return a function of the first left vector only."""
    return xp.square(y[0][:, :1] * y[0][:, 0])


def _right(xp: Namespace, y: tuple[Array, Array, Array]) -> Array:
    return xp.square(y[2][:1, :] * y[2][1, :])


def _complements(xp: Namespace, u: Array, vh: Array, count: int) -> list[Array]:
    rest, rest_h = u[..., count:], vh[..., count:, :]
    found = [xp.matmul(rest, _mirror(xp, rest))] if rest.shape[-1] else []
    return [*found, xp.matmul(_mirror(xp, rest_h), rest_h)] if rest_h.shape[-2] else found


def _completed(xp: Namespace, y: tuple[Array, Array]) -> list[Array]:
    """Return the columns that are determined, and the projector on the others."""
    q, r = y
    count = r.shape[-1]
    rest = q[..., count:]
    return [q[..., :count], r, xp.matmul(rest, _mirror(xp, rest))]


def _seen(after: Callable[[Namespace, Any], Array | list[Array]], one: Case) -> Case:
    return replace(one, after=after)


CASES = [
    *(
        replace(case("linalg.eigh", x), before=hermitian, after=_projectors)
        for x in (SYMMETRIC, SYMMETRICS, HERMITIAN)
    ),
    *(replace(case("linalg.eigvalsh", x), before=hermitian) for x in (SYMMETRIC, SYMMETRICS, HERMITIAN)),
    *(_seen(_projectors, case("linalg.eig", x)) for x in (NOT_TURNING, TURNING, PAIR, COMPLEX)),
    *(case("linalg.eigvals", x) for x in (NOT_TURNING, TURNING, PAIR, COMPLEX)),
    *(
        _seen(_paired, case("linalg.svd", x, full_matrices=False))
        for x in (PAIRS_APART, TALL, WIDES, COMPLEX_TALL, COMPLEX_WIDE)
    ),
    *(_seen(_paired, case("linalg.svd", x)) for x in (APART, TALL, WIDE, COMPLEX_TALL)),
    *(_seen(after, case("linalg.svd", PAIR_APART)) for after in (_left, _right)),
    *(case("linalg.svdvals", x) for x in (APART, TALL, WIDES, COMPLEX_WIDE)),
    *(case("linalg.qr", x) for x in (SQUARE, TALL, WIDE, WIDES, COMPLEX, COMPLEX_TALL, COMPLEX_WIDE)),
    *(case("linalg.qr", x, mode="complete") for x in (SQUARE, WIDE)),
    *(_seen(_completed, case("linalg.qr", x, mode="complete")) for x in (TALL, COMPLEX_TALL)),
]
