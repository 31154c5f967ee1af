"""Forward mode beside differences: how the outputs change along one direction of all inputs at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bpcore.derivatives.checks.differences import Number, flat_values, relative_step
from bpcore.derivatives.checks.explaining import hint_for_tangent
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.checks.subject import Subject, directions_like
from bpcore.derivatives.directional import jvp
from bpcore.derivatives.namespace import device_of, space_of
from bpcore.words.protocols import Array

__all__ = ["compare_tangents"]

LARGEST = 2.25 * math.sqrt(2)
"""No element of `directions_like` is larger."""


def compare_tangents(subject: Subject, inputs: Sequence[Array]) -> Iterator[GradCheck]:
    """Yield one report for each output."""
    outputs = subject.outputs(*inputs)
    tangents = [_scaled(t, x) for t, x in zip(directions_like(inputs), inputs, strict=True)]
    tolerance = subject.tolerance(inputs, outputs, directions_like(outputs))
    found = subject.run(_pushed(subject, len(inputs)), *inputs, *tangents)
    step = relative_step(tolerance.eps)
    around = [
        [flat_values(y) for y in subject.outputs(*_moved(inputs, tangents, step * k))] for k in (1, -1, 2, -2)
    ]
    for which, (y, t) in enumerate(zip(outputs, found, strict=True)):
        place = f"output {which}"
        subject.check_kind(f"tangent of {subject.name} at {place}", place, y, t)
        if math.prod(y.shape):
            slopes = _slopes(step, *(values[which] for values in around))
            pairs = list(zip(flat_values(t), slopes, strict=True))
            report, _ = subject.worst(place, tuple(y.shape), pairs, tolerance, "forward")
            yield (
                report
                if report.passed
                else replace(report, hint=hint_for_tangent(report, pairs, tuple(y.shape)))
            )


def _pushed(subject: Subject, count: int) -> Callable[..., Sequence[Array]]:
    """Return forward mode of the function, of its inputs followed by their tangents."""

    def pushed(*values: Array) -> Sequence[Array]:
        tangent: Sequence[Array] = jvp(subject.f, values[:count], values[count:])[1]
        return tangent

    return pushed


def _scaled(t: Array, x: Array) -> Array:
    """Return a direction of the size of the input, or of 1 where the input is small."""
    space = space_of(x)
    sizes = [max(abs(value), 1.0) / LARGEST for value in flat_values(x)]
    scale = space.backend.asarray(sizes, dtype=x.dtype, device=device_of(x))
    return space.functions.multiply(t, space.functions.reshape(scale, tuple(x.shape)))


def _moved(inputs: Sequence[Array], tangents: Sequence[Array], by: float) -> list[Array]:
    moved = []
    for x, t in zip(inputs, tangents, strict=True):
        xp = space_of(x).traced
        moved.append(xp.add(x, xp.multiply(t, by)))
    return moved


def _slopes(step: float, *around: list[Number]) -> Iterator[Number]:
    """Yield fourth-order central differences, from the values ahead, behind, and twice as far."""
    for ahead, behind, far_ahead, far_behind in zip(*around, strict=True):
        yield (8 * (ahead - behind) - (far_ahead - far_behind)) / (12 * step)
