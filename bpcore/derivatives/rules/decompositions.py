"""Eigenvalues, singular values, and the factors that come with them.

Vectors are determined up to a sign or phase, and up to a rotation among those of equal values. The gradients
are right for functions that do not depend on that choice. For a function that does, they are the ones of the
vectors that stay as parallel as they can; those of ``qr`` keep the diagonal of ``r`` real.

At equal values the vectors have no derivative: a function that uses them there has a gradient of infinities
and NaN. Vectors that the function does not use are left out of that, so a function of the values alone has a
finite gradient. Its second gradient has not.

``eigh`` reads one triangle or both, as the library does; its gradient is the same for both triangles, so it
is right for the changes that keep the matrix Hermitian.

References
----------
M. B. Giles (2008), "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation", Oxford University Computing Laboratory report 08/01; for complex matrices
Z.-Q. Wan and S.-X. Zhang (2019), "Automatic differentiation for complex valued SVD", arXiv:1909.02659.
S. F. Walter and L. Lehmann (2010), "Algorithmic differentiation of linear algebra functions with application
in optimum experimental design", arXiv:1001.1654, for QR.
"""

from __future__ import annotations

from bpcore.derivatives.rules.adjoint import adjoint, conjugate, hermitian, identity, is_complex
from bpcore.derivatives.rules.function import function, several
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS"]

Pair = tuple[Array, Array]
Triple = tuple[Array, Array, Array]


def _unused(xp: Namespace, g: Array) -> Array:
    """Return, as a row, which columns have no cotangent."""
    return xp.all(xp.equal(g, 0), axis=-2, keepdims=True)


def _same(xp: Namespace, x: Array) -> Array:
    """Return where the diagonal of square matrices is."""
    return xp.equal(identity(xp, x), 1)


def _over(xp: Namespace, x: Array, divisor: Array, skip: Array) -> Array:
    """Return ``x / divisor``, and 0 where `skip` holds, without dividing there."""
    quotient = xp.divide(x, xp.where(skip, xp.ones_like(divisor), divisor))
    return xp.where(skip, xp.zeros_like(quotient), quotient)


def _differences(xp: Namespace, w: Array) -> Array:
    """Return ``w[j] - w[i]``."""
    return xp.subtract(w[..., None, :], w[..., :, None])


def _eigh(xp: Namespace, g: Pair, y: Pair, x: Array) -> Array:
    (w, v), (gw, gv) = y, g
    turned = xp.matrix_transpose(v)
    inner = xp.matmul(turned, gv)
    skip = xp.logical_or(_unused(xp, gv), _same(xp, inner))
    inner = _over(xp, inner, _differences(xp, w), skip)
    left = conjugate(xp, v)
    left = xp.add(xp.matmul(left, inner), xp.multiply(left, gw[..., None, :]))
    return hermitian(xp, xp.matmul(left, turned))


def _eigvalsh(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    v = xp.linalg.eigh(x)[1]
    return xp.matmul(xp.multiply(conjugate(xp, v), g[..., None, :]), xp.matrix_transpose(v))


def _eig(xp: Namespace, g: Pair, y: Pair, x: Array) -> Array:
    """Let the vectors keep their length, 1, and turn as little as they can."""
    (w, v), (gw, gv) = y, g
    turned = xp.matrix_transpose(v)
    along = xp.sum(xp.multiply(v, gv), axis=-2, keepdims=True)
    inner = xp.matmul(turned, xp.subtract(gv, xp.multiply(xp.conj(v), along)))
    skip = xp.logical_or(_unused(xp, gv), _same(xp, inner))
    inner = _over(xp, inner, _differences(xp, w), skip)
    inner = xp.add(xp.matmul(inner, turned), xp.multiply(gw[..., :, None], turned))
    return xp.linalg.solve(turned, inner)


def _cut(xp: Namespace, g: Array, u: Array, count: int) -> Pair:
    """Return cotangent and columns of the first `count` columns of a unitary matrix.

    The other columns span the rest of the space, and turn against the first ones.
    """
    kept, rest, g_kept, g_rest = u[..., :count], u[..., count:], g[..., :count], g[..., count:]
    back = xp.matmul(rest, xp.matmul(adjoint(xp, g_rest), kept))
    return xp.subtract(g_kept, back), kept


def _svd(xp: Namespace, g: Triple, y: Triple, x: Array, **static: object) -> Array:
    """Compute with conjugates, as the literature does, and take the conjugate at the end."""
    (u, s, vh), (gu, gs, gvh) = y, g
    v, gu, gv = adjoint(xp, vh), conjugate(xp, gu), xp.matrix_transpose(gvh)
    count = s.shape[-1]
    if u.shape[-1] > count:
        gu, u = _cut(xp, gu, u, count)
    if v.shape[-1] > count:
        gv, v = _cut(xp, gv, v, count)
    inner = _svd_inner(xp, (u, s, v), (gu, gs, gv))
    dx = xp.matmul(u, xp.matmul(inner, adjoint(xp, v)))
    if x.shape[-2] > count:
        dx = xp.add(dx, xp.matmul(_outside(xp, gu, u, s), adjoint(xp, v)))
    if x.shape[-1] > count:
        dx = xp.add(dx, xp.matmul(u, adjoint(xp, _outside(xp, gv, v, s))))
    return conjugate(xp, dx)


def _svd_inner(xp: Namespace, y: Triple, g: Triple) -> Array:
    """Return what stands between the singular vectors."""
    (u, s, v), (gu, gs, gv) = y, g
    row, column = s[..., None, :], s[..., :, None]
    a, b = _skew(xp, u, gu), _skew(xp, v, gv)
    same = _same(xp, a)
    unused = xp.logical_and(_unused(xp, gu), _unused(xp, gv))
    skip = xp.logical_or(same, xp.logical_and(unused, xp.matrix_transpose(unused)))
    gaps = xp.multiply(xp.subtract(row, column), xp.add(row, column))
    inner = xp.add(xp.multiply(_over(xp, a, gaps, skip), row), xp.multiply(column, _over(xp, b, gaps, skip)))
    inner = xp.add(inner, xp.multiply(xp.astype(same, s.dtype), gs[..., None, :]))
    if is_complex(xp, u):  # the phases turn the left vectors
        skip = xp.logical_or(xp.logical_not(same), _unused(xp, gu))
        inner = xp.add(inner, _over(xp, a, xp.multiply(2.0, row), skip))
    return inner


def _skew(xp: Namespace, u: Array, g: Array) -> Array:
    inner = xp.matmul(adjoint(xp, u), g)
    return xp.subtract(inner, adjoint(xp, inner))


def _outside(xp: Namespace, g: Array, u: Array, s: Array) -> Array:
    """Return the part of ``g / s`` that is orthogonal to the vectors."""
    g = _over(xp, g, s[..., None, :], _unused(xp, g))
    return xp.subtract(g, xp.matmul(u, xp.matmul(adjoint(xp, u), g)))


def _svdvals(xp: Namespace, g: Array, y: Array, x: Array) -> Array:
    u, _, vh = xp.linalg.svd(x, full_matrices=False)
    return xp.matmul(xp.multiply(conjugate(xp, u), g[..., None, :]), conjugate(xp, vh))


def _qr(xp: Namespace, g: Pair, y: Pair, x: Array, **static: object) -> Array:
    """Of a wide matrix the leading square part is factored, and the rest is turned by its `q`."""
    (q, r), (gq, gr) = y, g
    rows, columns = x.shape[-2:]
    if rows >= columns:
        if q.shape[-1] > columns:
            gq, q = _cut(xp, conjugate(xp, gq), q, columns)
            gq, r, gr = conjugate(xp, gq), r[..., :columns, :], gr[..., :columns, :]
        return _qr_tall(xp, q, r, gq, gr)
    rest, g_rest = x[..., rows:], gr[..., rows:]
    back = xp.matmul(rest, xp.matrix_transpose(g_rest))
    gq = xp.add(gq, conjugate(xp, back))
    first = _qr_tall(xp, q, r[..., :rows], gq, gr[..., :rows])
    return xp.concat([first, xp.matmul(conjugate(xp, q), g_rest)], axis=-1)


def _qr_tall(xp: Namespace, q: Array, r: Array, gq: Array, gr: Array) -> Array:
    inner = xp.matmul(gr, xp.matrix_transpose(r))
    inner = xp.subtract(inner, xp.matmul(xp.matrix_transpose(q), gq))
    inner = hermitian(xp, xp.add(xp.triu(inner), xp.triu(inner, k=1)))
    whole = xp.add(gq, xp.matmul(conjugate(xp, q), inner))
    return xp.matrix_transpose(xp.linalg.solve(r, xp.matrix_transpose(whole)))


FUNCTIONS = (
    several("linalg.eigh", _eigh),
    function("linalg.eigvalsh", _eigvalsh),
    several("linalg.eig", _eig),
    several("linalg.svd", _svd),
    function("linalg.svdvals", _svdvals),
    several("linalg.qr", _qr),
)
