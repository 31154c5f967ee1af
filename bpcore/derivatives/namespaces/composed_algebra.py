"""Functions of the extension ``linalg`` that are made of others when their input is traced.

On plain arrays the library's own is called; see `composites`.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Namespace

__all__ = ["COMPOSITES"]


def eigvals(xp: Namespace, x: Array, /) -> Array:
    """Return the eigenvalues, in the order that they have beside their vectors.

    A library may order them otherwise where it computes no vectors, and a rule would mistake one for
    another.
    """
    values: Array = xp.linalg.eig(x)[0]
    return values


def matrix_norm(
    xp: Namespace, x: Array, /, *, keepdims: bool = False, ord: float | str | None = "fro"
) -> Array:
    """Return a norm of matrices: of the elements, of sums of them, or of the singular values."""
    if ord is None or ord == "fro":
        return xp.linalg.vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord not in _NORMS:
        raise OptionError("ord", ord, "'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    y = _NORMS[ord](xp, x)
    return y[..., None, None] if keepdims else y


def _of_sums(axis: int, extreme: str) -> Callable[[Namespace, Array], Array]:
    def norm(xp: Namespace, x: Array) -> Array:
        return getattr(xp, extreme)(xp.sum(xp.abs(x), axis=axis), axis=-1)

    return norm


def _of_singular_values(reduce: str) -> Callable[[Namespace, Array], Array]:
    def norm(xp: Namespace, x: Array) -> Array:
        return getattr(xp, reduce)(xp.linalg.svdvals(x), axis=-1)

    return norm


_NORMS: dict[float | str, Callable[[Namespace, Array], Array]] = {
    "nuc": _of_singular_values("sum"),
    1: _of_sums(-2, "max"),
    -1: _of_sums(-2, "min"),
    2: _of_singular_values("max"),
    -2: _of_singular_values("min"),
    float("inf"): _of_sums(-1, "max"),
    -float("inf"): _of_sums(-1, "min"),
}


def matrix_power(xp: Namespace, x: Array, n: int, /) -> Array:
    """Return the n-th power by squares; of the inverse, if n is negative."""
    if n < 0:
        return matrix_power(xp, xp.linalg.inv(x), -n)
    power: Array | None = None
    while n:
        if n % 2:
            power = x if power is None else xp.matmul(power, x)
        n //= 2
        x = xp.matmul(x, x) if n else x
    return xp.tril(xp.triu(xp.ones_like(x))) if power is None else power


def outer(xp: Namespace, x1: Array, x2: Array, /) -> Array:
    """Return the products of the elements of two vectors, without a conjugate."""
    return xp.multiply(x1[:, None], x2[None, :])


COMPOSITES: dict[str, Callable[..., Array]] = {
    "linalg.eigvals": eigvals,
    "linalg.matrix_norm": matrix_norm,
    "linalg.matrix_power": matrix_power,
    "linalg.outer": outer,
}
