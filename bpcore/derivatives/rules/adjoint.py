"""Conjugates and transposes of matrices, that cost nothing where the numbers are real."""

from __future__ import annotations

from bpcore.words.protocols import Array, Namespace

__all__ = ["adjoint", "conjugate", "hermitian", "identity", "is_complex"]


def is_complex(xp: Namespace, x: Array) -> bool:
    """Return whether `x` holds complex numbers."""
    found: bool = xp.isdtype(x.dtype, "complex floating")
    return found


def conjugate(xp: Namespace, x: Array) -> Array:
    """Return the complex conjugate; real numbers as they are."""
    return xp.conj(x) if is_complex(xp, x) else x


def adjoint(xp: Namespace, x: Array) -> Array:
    """Return the conjugate transpose of the last two axes."""
    return xp.matrix_transpose(conjugate(xp, x))


def hermitian(xp: Namespace, x: Array) -> Array:
    """Return the Hermitian part, half of `x` and its conjugate transpose; the symmetric one if real."""
    return xp.multiply(0.5, xp.add(x, adjoint(xp, x)))


def identity(xp: Namespace, x: Array) -> Array:
    """Return identity matrices of the shape, dtype and device of the square matrices `x`."""
    return xp.tril(xp.triu(xp.ones_like(x)))
