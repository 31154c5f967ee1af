"""Polynomials with fixed coefficients: what approximations are made of."""

from __future__ import annotations

from bpcore.words.protocols import Array, Namespace

__all__ = ["polynomial", "ratio"]


def polynomial(xp: Namespace, x: Array, coefficients: tuple[float, ...]) -> Array:
    """Return a polynomial in x by Horner's rule; its coefficients stand highest power first."""
    value = xp.add(xp.multiply(x, coefficients[0]), coefficients[1])
    for coefficient in coefficients[2:]:
        value = xp.add(xp.multiply(value, x), coefficient)
    return value


def ratio(xp: Namespace, x: Array, above: tuple[float, ...], below: tuple[float, ...]) -> Array:
    """Return the quotient of two polynomials in x."""
    return xp.divide(polynomial(xp, x, above), polynomial(xp, x, below))
