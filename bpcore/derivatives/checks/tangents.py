"""Forward mode beside differences: how the outputs change along one direction of all inputs at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bpcore.derivatives.checks.differences import flat_values, relative_step
from bpcore.derivatives.checks.directions import along, central, directions_like, moved
from bpcore.derivatives.checks.explaining import hint_for_tangent
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.checks.subject import Subject
from bpcore.derivatives.transforms.directional import jvp
from bpcore.words.protocols import Array

__all__ = ["compare_tangents"]


def compare_tangents(subject: Subject, inputs: Sequence[Array]) -> Iterator[GradCheck]:
    """Yield one report for each output."""
    outputs = subject.outputs(*inputs)
    tangents = along(inputs)
    tolerance = subject.tolerance(inputs, outputs, directions_like(outputs))
    found = subject.run(_pushed(subject, len(inputs)), *inputs, *tangents)
    step = relative_step(tolerance.eps)
    around = [
        [flat_values(y) for y in subject.outputs(*moved(inputs, tangents, step * k))] for k in (1, -1, 2, -2)
    ]
    for which, (y, t) in enumerate(zip(outputs, found, strict=True)):
        place = f"output {which}"
        subject.check_kind(f"tangent of {subject.name} at {place}", place, y, t)
        if math.prod(y.shape):
            numeric = (central(step, z) for z in zip(*(values[which] for values in around), strict=True))
            pairs = list(zip(flat_values(t), numeric, strict=True))
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
