"""What a comparison of gradients found, and the sentence that says it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

__all__ = ["GradCheck", "joined"]


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
        ``argument 0.weight``; ``cotangent 0`` in a check of order 2, ``output 0`` in forward mode.
    element : tuple of int
        Its index in that array.
    analytic, numeric : float or complex
        Its gradient, both ways; of a complex element ``dL/dRe + i dL/dIm``.
    tolerance : float
        What the two might have differed by there.
    order : int
        1 for a gradient, 2 for the gradient of a gradient.
    mode : {"reverse", "forward"}
        Whether gradients were pulled back or tangents pushed forward.
    function : str
        The name of the function.
    line : str
        The file and the line that it begins at; empty where that cannot be told.
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
    mode: str = "reverse"
    line: str = ""
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
        what = "second " if self.order > 1 else ""
        what += "gradient" if self.mode == "reverse" else "tangent"
        place = self.argument + (f"[{', '.join(map(str, self.element))}]" if self.element else "")
        numbers = f"{self.analytic:.9g}, by differences {self.numeric:.9g}"
        return (
            f"{what} of {self.function} {'by' if self.mode == 'reverse' else 'at'} {place} is {numbers}: "
            f"ratio {self.ratio:.6g}, tolerance {self.tolerance:.2g}"
            + (f"; {self.hint}" if self.hint else "")
            + (f"; {self.function} stands at {self.line}" if self.line else "")
        )


def joined(a: GradCheck, b: GradCheck) -> GradCheck:
    """Return the report of the element that came nearer to its tolerance, over all that was compared."""
    nearer = max(a, b, key=lambda report: abs(report.analytic - report.numeric) / (report.tolerance or 1.0))
    return replace(
        nearer,
        absolute_error=max(a.absolute_error, b.absolute_error),
        relative_error=max(a.relative_error, b.relative_error),
        compared=a.compared + b.compared,
    )
