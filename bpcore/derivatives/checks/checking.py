"""`check_grad`: is the gradient the slope of the function? Ask the function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bpcore.derivatives.checks.comparing import Comparison
from bpcore.derivatives.checks.report import GradCheck, joined
from bpcore.derivatives.transforms.tracing import name_of
from bpcore.words.errors import GradientMismatch, NotDifferentiable, OptionError
from bpcore.words.protocols import Tree

__all__ = ["GradCheck", "check_grad"]


def check_grad(
    f: Callable[..., Tree],
    *x: Tree,
    order: int = 1,
    mode: str = "reverse",
    rtol: float | None = None,
    atol: float | None = None,
) -> GradCheck:
    """Compare the gradient of `f` with differences of `f`, element by element.

    Each element of each argument is moved by up to two steps to either side. The step is the fifth root
    of the dtype's rounding, in units of the element and at least that: 0.0007 in float64, 0.04 in
    float32. Within it `f` must be smooth, and inside its domain.

    Parameters
    ----------
    f : function
        Of the arguments, to an array or a tree of arrays. Outputs that are not floating are left out.
    *x : trees of floating arrays, real or complex, or Python numbers of these kinds
        On any backend and device. They are not changed.
    order : {1, 2}
        2 checks the gradient of the gradient as well, by the arguments and by the cotangent.
    mode : {"reverse", "forward"}
        ``"forward"`` compares tangents of the outputs along one direction of all arguments: that of `f`,
        and with order 2 that of the gradient.
    rtol : float, optional
        Relative tolerance; the square root of the coarsest rounding among the arrays (1.5e-8 in float64,
        3.5e-4 in float32) unless given.
    atol : float, optional
        Absolute tolerance; the same, and what rounding leaves of differences of outputs so large, unless
        given.

    Returns
    -------
    GradCheck

    Raises
    ------
    GradientMismatch
        When an element differs by more than ``atol + rtol * max(abs(analytic), abs(numeric))``. It names
        the element that exceeds this most, both values and their ratio; what the cause is where it can be
        told (rounding, a kink, a step too long, an edge of the domain, a path that is cut) or what the
        gradient looks like (a sign, a factor, transposed, conjugated, zero); and the line of `f`.
    NotDifferentiable
        When an argument, or every output, is not floating.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> report = bp.check_grad(lambda x: x**3, np.asarray([1.0, 2.0]), order=2)
    >>> report.passed, report.absolute_error < 1e-9
    (True, True)

    References
    ----------
    M. Abramowitz and I. A. Stegun (1964), "Handbook of Mathematical Functions", 25.3.6: the formula.
    """
    if order not in {1, 2}:
        raise OptionError("order", order, "1 or 2")
    if mode not in {"reverse", "forward"}:
        raise OptionError("mode", mode, "reverse or forward")
    worst = None
    comparison = Comparison.of(f, x, rtol=rtol, atol=atol)
    for step in range(order):
        comparison = comparison.gradient() if step else comparison
        for report in comparison.gradients() if mode == "reverse" else comparison.tangents():
            if not report.passed:
                raise GradientMismatch(f"{report}.")
            worst = report if worst is None else joined(worst, report)
    if worst is None:
        raise NotDifferentiable(f"check_grad of {name_of(f)} was given no array with elements: pass one.")
    return replace(worst, order=order)
