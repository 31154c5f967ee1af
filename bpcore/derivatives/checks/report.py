"""What a comparison of gradients found, and the sentence that says it."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass, replace

__all__ = ["GradCheck", "hint_for", "joined"]


@dataclass(frozen=True, kw_only=True)
class GradCheck:
    """What `check_grad` found: the largest errors, and the element that came nearest to its tolerance.

    Attributes
    ----------
    absolute_error : float
        Largest difference between the analytic and the numeric gradient.
    relative_error : float
        Largest difference over the larger of the two, among elements larger than `atol`.
    argument : str
        Where the worst element is: the argument's number and the path in its tree, as in
        ``argument 0.weight``; ``cotangent 0`` in a check of order 2.
    element : tuple of int
        Its index in that array.
    analytic, numeric : float or complex
        Its gradient, both ways; of a complex element ``dL/dRe + i dL/dIm``.
    tolerance : float
        What the two might have differed by there.
    order : int
        1 for a gradient, 2 for the gradient of a gradient.
    function : str
        The name of the function.
    compared : int
        How many elements were compared.
    hint : str
        What the numbers look like, where they are wrong.
    """

    absolute_error: float
    relative_error: float
    argument: str
    element: tuple[int, ...]
    analytic: float | complex
    numeric: float | complex
    tolerance: float
    order: int
    function: str
    compared: int
    hint: str = ""

    @property
    def ratio(self) -> float | complex:
        """Analytic over numeric, at the worst element."""
        if self.numeric == 0:
            return 1.0 if self.analytic == 0 else math.copysign(math.inf, self.analytic.real)
        return self.analytic / self.numeric

    @property
    def passed(self) -> bool:
        """Whether the worst element is within its tolerance."""
        return abs(self.analytic - self.numeric) <= self.tolerance

    def __str__(self) -> str:
        what = "second gradient" if self.order > 1 else "gradient"
        place = self.argument + (f"[{', '.join(map(str, self.element))}]" if self.element else "")
        return (
            f"{what} of {self.function} by {place} is {self.analytic:.9g}, "
            f"by differences {self.numeric:.9g}: ratio {self.ratio:.6g}, tolerance {self.tolerance:.2g}"
            + (f"; {self.hint}" if self.hint else "")
        )


def hint_for(report: GradCheck, left: complex, right: complex) -> str:
    """Return what the numbers look like, given the slopes on both sides; empty where they say nothing."""
    if not cmath.isfinite(report.analytic):
        return "the gradient is not finite: look for a division by zero, or a log or sqrt of it, on the way"
    if not cmath.isfinite(report.numeric):
        return "the function is not finite within two steps: move x away from the edge of its domain"
    if abs(left - right) > 0.1 * max(abs(left), abs(right)) + 8 * report.tolerance:
        return f"the slope is {left:.6g} on the left and {right:.6g} on the right: move x away from the kink"
    near = {-1.0: "the sign is turned", 2.0: "it was counted twice", 0.5: "half of it is missing"}
    for ratio, says in near.items():
        if abs(report.ratio - ratio) < 0.01 * abs(ratio):
            return says
    return ""


def joined(a: GradCheck, b: GradCheck) -> GradCheck:
    """Return the report of the element that came nearer to its tolerance, over all that was compared."""
    nearer = max(a, b, key=lambda report: abs(report.analytic - report.numeric) / (report.tolerance or 1.0))
    return replace(
        nearer,
        absolute_error=max(a.absolute_error, b.absolute_error),
        relative_error=max(a.relative_error, b.relative_error),
        compared=a.compared + b.compared,
    )
