"""Published digits, each beside the number that is right: right, rounded, truncated or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from bpcore.doors.paper.figures import decimal_of

__all__ = ["INSIDE", "RIGHT", "ROUNDED", "TRUNCATED", "WRONG", "Published", "verdict"]

RIGHT, ROUNDED, TRUNCATED, WRONG = "right", "rounded", "truncated", "wrong"
INSIDE = "in the band"
"""Of digits that the arithmetic does not determine: they lie where other orders of the same sums lead."""

EXACTLY = Decimal("1e-12")
"""How near, in units of itself, a computed number is to one that it is exactly."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """One number that a lesson prints.

    Attributes
    ----------
    name : str
        The quantity.
    state : str
        Where it belongs: which step, in which order; empty for the first step.
    text : str
        The digits that were published.
    value : float
        The number that is right.
    note : str
        Where a wrong one comes from.
    band : pair of float or None
        Where the number lies that is right, when rounding decides its digits.
    """

    name: str
    text: str
    value: float
    state: str = ""
    note: str = ""
    band: tuple[float, float] | None = None

    @property
    def verdict(self) -> str:
        """What the digits are."""
        if self.band is not None:
            low, high = self.band
            step = 0.5 * 10.0 ** -len(self.text.partition(".")[2])
            return INSIDE if low - step <= float(self.text) <= high + step else WRONG
        return verdict(self.text, self.value)


def verdict(text: str, value: float | Decimal) -> str:
    """Return what published digits are beside the number that is right.

    Returns
    -------
    str
        ``right`` where they are the number itself; ``rounded``, half up, or ``truncated`` where they are its
        first digits; else ``wrong``.
    """
    given, exact = Decimal(text), decimal_of(value)
    if given == exact or abs(given - exact) <= EXACTLY * abs(exact):
        return RIGHT
    step = Decimal(1).scaleb(int(given.as_tuple().exponent))
    for rounding, word in ((ROUND_HALF_UP, ROUNDED), (ROUND_DOWN, TRUNCATED)):
        if exact.quantize(step, rounding) == given:
            return word
    return WRONG
