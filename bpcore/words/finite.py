"""Whether something given is a finite number."""

from __future__ import annotations

import math
from numbers import Real

__all__ = ["is_finite"]


def is_finite(given: object) -> bool:
    """Return whether `given` is a real number that is neither infinite nor NaN; an array is none."""
    return isinstance(given, Real) and math.isfinite(given)
