"""Numbers as they are printed: so many decimals, and no more than were given."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

from bpcore.words.protocols import Static

__all__ = ["SMALLEST", "decimal_of", "figure", "shortened"]

SMALLEST = 3
"""Significant digits that a small number keeps, however few decimals were asked for."""


def decimal_of(value: float | Decimal) -> Decimal:
    """Return the decimal number that is written for a value."""
    return value if isinstance(value, Decimal) else Decimal(repr(float(value)))


def figure(value: Static, decimals: int) -> str:
    """Return a number with so many decimals, rounded half up; with more where only zeros would be seen."""
    number = decimal_of(value)
    if not number.is_finite():
        return str(number)
    if number and abs(number.adjusted()) >= 15:  # noqa: PLR2004
        return f"{number:.{max(decimals, 1)}e}"
    if not number:
        return "0"
    text = _rounded(number, decimals)
    hidden = SMALLEST - number.adjusted() - 1
    return (
        _rounded(number, hidden)
        if decimals < hidden and number.adjusted() < 0 and Decimal(text) != number
        else text
    )


def _rounded(number: Decimal, decimals: int) -> str:
    wide = Context(prec=1000)
    return f"{number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, wide):f}"


def shortened(value: Static, decimals: int) -> str:
    """Return the same without zeros at the end, where the number ends there: 0.05, not 0.050000000."""
    text = figure(value, decimals)
    if "e" in text or "." not in text or decimal_of(value) != Decimal(text):
        return text
    return text.rstrip("0").rstrip(".")
