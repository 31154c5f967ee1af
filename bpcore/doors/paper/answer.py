"""One answer: a number as it was written, with the digits that it has."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from bpcore.doors.paper.figures import decimal_of
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Static

__all__ = ["Answer"]

COARSEST = Decimal("0.05")
"""The unit of an answer's last digit, in units of the number, from which it is too coarse to tell."""

OWN = Decimal("0.01")
"""The same, from which one unit is no rounding of one's own any more."""

LONGEST = 1000
"""Digits of an answer, before and after the point."""

CLOSE = Decimal("1e-9")
"""How near, in units of itself, an answer in many digits must be: floats do not hold more for sure."""


@dataclass(frozen=True)
class Answer:
    """A number as it was given: its value and the unit of its last digit."""

    text: str
    value: Decimal
    step: Decimal

    @classmethod
    def of(cls, name: str, given: Static) -> Answer:
        """Read a number or a text.

        Raises
        ------
        OptionError
            When it is none.
        """
        if not isinstance(name, str):
            raise OptionError("name of an answer", name, "text")
        value = Decimal("nan")
        text = repr(given)
        if isinstance(given, str | Decimal | int | float) or hasattr(given, "__float__"):
            text = str(given).strip() if isinstance(given, str | Decimal | int) else repr(float(given))
            try:
                value = Decimal(text.replace("\N{MINUS SIGN}", "-"))
            except InvalidOperation:
                value = Decimal("nan")
        if isinstance(given, bool) or "_" in text or not value.is_finite():
            raise OptionError(f"answer {name}", given, "a number, as 0.5932")
        exponent = int(value.as_tuple().exponent)
        if abs(exponent) > LONGEST or len(value.as_tuple().digits) > LONGEST:
            raise OptionError(f"answer {name}", f"{text[:20]}...", f"a number of {LONGEST} digits at most")
        return cls(text, value, Decimal(1).scaleb(exponent))

    @property
    def digits(self) -> int:
        """How many significant digits it has."""
        return len(self.value.as_tuple().digits)

    def is_near(self, value: Static, *, units: int = 0) -> bool:
        """Return whether a number, rounded or cut to the digits given, is the answer, or near it."""
        exact = decimal_of(value)
        if not exact.is_finite():
            return False
        allowed = self.step * units if self.step <= OWN * abs(exact) else Decimal(0)
        if abs(self.value - exact) <= max(CLOSE * abs(exact), allowed):
            return True
        if self.is_coarse(exact):
            return self._is_rounded_to_three(exact)
        return any(self.cut(exact, rounding) == self.value for rounding in (ROUND_HALF_UP, ROUND_DOWN))

    def _is_rounded_to_three(self, exact: Decimal) -> bool:
        """Return whether it is the number in three significant digits without zeros at the end."""
        three = Context(prec=3, rounding=ROUND_HALF_UP).plus(exact)
        return bool(exact) and self.value == three

    def is_exactly(self, value: Static) -> bool:
        """Return whether it is a number itself, and not that number rounded."""
        exact = decimal_of(value)
        return exact.is_finite() and abs(self.value - exact) <= CLOSE * abs(exact)

    def is_coarse(self, exact: Decimal) -> bool:
        """Return whether it has too few digits to tell this number from others."""
        return self.step > COARSEST * abs(exact) and self.cut(exact, ROUND_HALF_UP) != exact

    def may_be(self, value: Static) -> bool:
        """Return whether it is this number as far as its few digits tell."""
        exact = decimal_of(value)
        return exact.is_finite() and self.is_coarse(exact) and abs(self.value - exact) <= self.step

    def cut(self, exact: Decimal, rounding: str) -> Decimal:
        """Return a number with the digits that the answer has."""
        return exact.quantize(self.step, rounding, Context(prec=2000, Emin=-(10**6), Emax=10**6))
