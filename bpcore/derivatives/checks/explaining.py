"""Why a gradient and its differences differ: rounding, a kink, an edge, a step too long, or a wrong rule."""

from __future__ import annotations

import cmath
from collections.abc import Sequence
from typing import NamedTuple

from bpcore.derivatives.checks.differences import Number, Probe, flat_values
from bpcore.derivatives.checks.patterns import Pairs, pattern
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.checks.subject import Subject
from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.transforms.gradients import vjp
from bpcore.words.protocols import Array, Dtype, Shape

__all__ = ["Suspect", "hint_for", "hint_for_tangent"]

NOT_FINITE = "is not finite: look for a division by zero, or a log or sqrt of it, on the way"
EPS64 = 2.0**-52
SMALLER = 1 / 16
"""A step that shows whether a kink is at the place itself."""


class Suspect(NamedTuple):
    """An element whose gradient and differences differ.

    Attributes
    ----------
    subject : Subject
    probe : Probe
        At the inputs as they were given.
    weights : sequence of arrays
    at : int
        The element, in row-major order.
    pairs : Pairs
        All elements of that array.
    shape : tuple of int
    """

    subject: Subject
    probe: Probe
    weights: Sequence[Array]
    at: int
    pairs: Pairs
    shape: Shape


def hint_for(report: GradCheck, suspect: Suspect) -> str:
    """Return what the numbers look like; empty where they say nothing."""
    if not cmath.isfinite(report.analytic):
        return f"the gradient {NOT_FINITE}"
    if not cmath.isfinite(report.numeric):
        return "the function is not finite within two steps: move x away from the edge of its domain"
    return (
        _in_float64(report, suspect)
        or _rounding(report, suspect)
        or _kink(report, suspect)
        or pattern(report, suspect.pairs, suspect.shape)
    )


def hint_for_tangent(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    """Return what the numbers look like in forward mode."""
    if not cmath.isfinite(report.analytic):
        return f"the tangent {NOT_FINITE}"
    return pattern(report, pairs, shape)


def _in_float64(report: GradCheck, suspect: Suspect) -> str:
    """Ask again in float64, where the arrays are coarser and the device has it."""
    probe, subject = suspect.probe, suspect.subject
    if probe.eps <= EPS64 or not space_of(*probe.inputs).backend.float64:
        return ""
    try:
        inputs, weights = [[_widened(z) for z in zs] for zs in (probe.inputs, suspect.weights)]
        if any(_eps(y) > EPS64 for y in subject.outputs(*inputs)):
            return ""  # the function casts: there is nothing finer to ask
        slope = Probe(probe.f, inputs, probe.which, weights, EPS64).slope(suspect.at)
        gradient = vjp(subject.f, *inputs)[1](weights)[probe.which]
    except Exception:  # noqa: BLE001 - the function may hold arrays that fit no others; then it is not asked
        return ""
    if abs(slope - report.analytic) <= report.tolerance:
        return (
            f"float32 is too coarse for differences here: in float64 the slope is {slope:.9g}, which agrees"
        )
    if abs(flat_values(gradient)[suspect.at] - slope) <= report.tolerance:
        return f"rounding in float32: in float64 gradient and slope are both {slope:.9g}"
    return ""


def _eps(x: Array) -> float:
    return float(space_of(x).functions.finfo(x.dtype).eps)


def _widened(x: Array) -> Array:
    space = space_of(x)
    wide: Dtype = space.backend.dtype("complex128" if space.is_complex(x.dtype) else "float64")
    return space.traced.astype(x, wide)


def _rounding(report: GradCheck, suspect: Suspect) -> str:
    """Compare with what rounding leaves of the differences, seen where the function hardly moves."""
    noise = suspect.probe.noise(suspect.at)
    if abs(report.analytic - report.numeric) > report.tolerance + 3 * noise / suspect.probe.steps[suspect.at]:
        return ""
    return (
        (
            f"rounding moves the function by {noise:.2g} there, which explains the difference: "
            "use a finer dtype, or a larger atol"
        )
        if noise
        else ""
    )


def _kink(report: GradCheck, suspect: Suspect) -> str:
    left, right = suspect.probe.sides(suspect.at)
    if not _apart(report, left, right):
        return ""
    sides = f"the slope is {left:.6g} on the left and {right:.6g} on the right"
    if _apart(report, *suspect.probe.sides(suspect.at, SMALLER)):
        return f"{sides}: move x away from the kink"
    step = suspect.probe.steps[suspect.at]
    return f"{sides}, and they meet in between: the step of {step:.2g} is too long, or a kink is near"


def _apart(report: GradCheck, left: Number, right: Number) -> bool:
    return abs(left - right) > 0.1 * max(abs(left), abs(right)) + 8 * report.tolerance
