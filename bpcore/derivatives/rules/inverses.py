"""Inverses, determinants, and factors of a positive definite matrix.

The determinant is differentiated by its cofactors, which are polynomials in the elements, so that the first
and the second gradient are right at singular matrices too. The logarithm of the determinant, the inverse and
the solution have no derivative there: the library raises, or returns what is not finite.
"""

from __future__ import annotations

from bpcore.derivatives.rules.adjoint import adjoint, conjugate, hermitian, identity, is_complex
from bpcore.derivatives.rules.function import combining, constant, function, several
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]

Pair = tuple[Array, Array]


def _inv(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    """``-y^T g y^T``."""
    turned = xp.matrix_transpose(y)
    return xp.negative(xp.matmul(turned, xp.matmul(g, turned)))


def _solve_right(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    """Solve with the transpose; of `b` only one axis makes a vector."""
    turned = xp.matrix_transpose(a)
    if b.ndim == 1:
        return xp.squeeze(xp.linalg.solve(turned, xp.expand_dims(g, axis=-1)), axis=-1)
    return xp.linalg.solve(turned, g)


def _solve_matrix(xp: Namespace, g: Array, y: Array, a: Array, b: Array) -> Array:
    back = xp.negative(_solve_right(xp, g, y, a, b))
    if b.ndim == 1:
        return xp.multiply(xp.expand_dims(back, axis=-1), xp.expand_dims(y, axis=-2))
    return xp.matmul(back, xp.matrix_transpose(y))


def _pinv(xp: Namespace, g: Array, y: Array, x: Array, *, rtol: object = None) -> Array:
    """Hold where the rank does not change nearby.

    References
    ----------
    G. H. Golub and V. Pereyra (1973), "The differentiation of pseudo-inverses and nonlinear least squares
    problems whose variables separate", SIAM Journal on Numerical Analysis 10, 413-432: theorem 4.3.
    """
    turned, back = xp.matrix_transpose(y), xp.matrix_transpose(g)
    y_adjoint = conjugate(xp, turned)
    inside = xp.matmul(turned, xp.matmul(g, turned))
    left = xp.matmul(xp.matmul(back, y), y_adjoint)
    left = xp.subtract(left, xp.matmul(x, xp.matmul(y, left)))
    right = xp.matmul(y_adjoint, xp.matmul(y, back))
    right = xp.subtract(right, xp.matmul(xp.matmul(right, y), x))
    return xp.subtract(conjugate(xp, xp.add(left, right)), inside)


def _cholesky(xp: Namespace, g: Array, y: Array, x: Array, *, upper: bool = False) -> Array:
    """Give the same cotangent to both triangles, whichever the library reads.

    References
    ----------
    I. Murray (2016), "Differentiation of the Cholesky decomposition", arXiv:1602.07527.
    """
    if upper:
        y, g = adjoint(xp, y), adjoint(xp, g)
    turned = xp.matrix_transpose(y)
    inner = xp.matmul(turned, g)
    inner = xp.multiply(0.5, xp.add(xp.tril(inner), xp.tril(inner, k=-1)))
    inner = xp.matrix_transpose(xp.linalg.solve(turned, inner))
    inner = xp.linalg.solve(conjugate(xp, turned), inner)
    return hermitian(xp, xp.matrix_transpose(inner))


def _det(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    return xp.multiply(g[..., None, None], xp.linalg.cofactors(x))


def cofactors(xp: Namespace, x: Array, /) -> Array:
    """Return the cofactors of square matrices: the derivative of the determinant.

    They are made of the singular values, so that they are right where the determinant is zero.
    """
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    gone = identity(xp, xp.abs(x))
    values = s[..., None, :]
    others = xp.prod(xp.where(xp.greater(gone, 0), xp.ones_like(values), values), axis=-1)
    scale = xp.multiply(xp.linalg.det(u), xp.linalg.det(vh))[..., None, None]
    return xp.multiply(scale, _turned(xp, xp.multiply(conjugate(xp, u), others[..., None, :]), vh))


def _turned(xp: Namespace, left: Array, vh: Array) -> Array:
    return xp.matmul(left, conjugate(xp, vh))


def _cofactors(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    """Turn into the basis of the singular vectors, where the cofactors of cofactors are plain products.

    On the diagonal of `others`, the products without one value cancel between the two parts.
    """
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    one = identity(xp, xp.abs(x))
    gone = xp.add(one[..., :, None, :], one[..., None, :, :])
    values = s[..., None, None, :]
    others = xp.prod(xp.where(xp.greater(gone, 0), xp.ones_like(values), values), axis=-1)
    inner = xp.matmul(adjoint(xp, u), xp.matmul(g, adjoint(xp, vh)))
    diagonal = xp.sum(xp.multiply(one, inner), axis=-1, keepdims=True)
    along = xp.multiply(one, xp.matmul(xp.astype(others, inner.dtype), diagonal))
    inner = xp.subtract(along, xp.matrix_transpose(xp.multiply(others, inner)))
    scale = xp.multiply(xp.linalg.det(u), xp.linalg.det(vh))[..., None, None]
    return xp.multiply(scale, _turned(xp, xp.matmul(conjugate(xp, u), inner), vh))


def _slogdet(xp: Namespace, g: Pair, y: Pair, x: Array) -> Array:
    """Follow the logarithm; of a complex matrix also the phase, whose cotangent counts where it turns it."""
    scale = g[1]
    if is_complex(xp, x):
        turn = xp.multiply(g[0], y[0])
        scale = xp.add(scale, xp.multiply(0.5, xp.subtract(turn, xp.conj(turn))))
    return xp.multiply(scale[..., None, None], xp.matrix_transpose(xp.linalg.inv(x)))


FUNCTIONS = (
    function("linalg.inv", _inv),
    combining("linalg.solve", _solve_matrix, _solve_right),
    function("linalg.pinv", _pinv),
    function("linalg.cholesky", _cholesky),
    function("linalg.det", _det),
    function("linalg.cofactors", _cofactors, compute=cofactors),
    several("linalg.slogdet", _slogdet),
    *constant("its result is a whole number", "linalg.matrix_rank"),
)
