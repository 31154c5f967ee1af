"""What is checked: a function of arrays to a list of arrays, and how near two numbers must be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from bpcore.derivatives.checks.differences import Number, flat_values
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.words.errors import GradientMismatch
from bpcore.words.protocols import Array, Shape, Tree

__all__ = ["Runner", "Subject", "Tolerance"]

Runner: TypeAlias = Callable[..., Tree]
"""``run(f, *args)`` returns ``f(*args)``: called as it is, or under a compiler of the library."""


class Tolerance(NamedTuple):
    """How far two numbers may be apart, given the coarsest rounding among the arrays."""

    eps: float
    rtol: float
    atol: float


class Subject(NamedTuple):
    """One function whose derivative is compared.

    Attributes
    ----------
    f : function
        Of arrays to a list of floating arrays.
    name : str
    line : str
        Where the user wrote it; empty where that cannot be told.
    order : int
        2 where `f` is itself a gradient.
    given : pair of float or None
        The relative and the absolute tolerance that were asked for.
    run : function
        What everything is computed through.
    """

    f: Callable[..., Sequence[Array]]
    name: str
    line: str
    order: int
    given: tuple[float | None, float | None]
    run: Runner

    def outputs(self, *inputs: Array) -> Sequence[Array]:
        """Return what the function returns."""
        found: Sequence[Array] = self.run(self.f, *inputs)
        return found

    def tolerance(
        self, inputs: Sequence[Array], outputs: Sequence[Array], weights: Sequence[Array]
    ) -> Tolerance:
        """Return what may be left to chance: rounding, and rounding of the outputs over the step."""
        eps = max(float(space_of(z).functions.finfo(z.dtype).eps) for z in [*inputs, *outputs])
        terms = (
            abs(value * weight)
            for y, w in zip(outputs, weights, strict=True)
            for value, weight in zip(flat_values(y), flat_values(w), strict=True)
        )
        total = math.fsum(term for term in terms if math.isfinite(term))
        rtol, atol = self.given
        return Tolerance(
            eps,
            math.sqrt(eps) if rtol is None else rtol,
            math.sqrt(eps) + 4 * math.pow(eps, 0.8) * total if atol is None else atol,
        )

    def check_kind(self, what: str, of: str, x: Array, found: Array) -> None:
        """Refuse a gradient or a tangent that is not an array like the one that it belongs to."""
        wanted, given = (f"{tuple(z.shape)}, {z.dtype}, {device_of(z)}" for z in (x, found))
        if wanted != given:
            raise GradientMismatch(
                f"{what} has shape, dtype and device {given}, the {of.partition(' ')[0]} has {wanted}."
            )

    def worst(
        self,
        place: str,
        shape: Shape,
        pairs: Sequence[tuple[Number, Number]],
        tolerance: Tolerance,
        mode: str = "reverse",
    ) -> tuple[GradCheck, int]:
        """Return the report of the element that exceeds its tolerance most, and which one it is."""
        _, rtol, atol = tolerance
        sizes = [max(abs(analytic), abs(numeric)) for analytic, numeric in pairs]
        errors = [abs(analytic - numeric) for analytic, numeric in pairs]
        excess = [error - (atol + rtol * size) for error, size in zip(errors, sizes, strict=True)]
        at = max(range(len(pairs)), key=lambda i: excess[i] if math.isfinite(excess[i]) else math.inf)
        relative = (e / size if size > atol else 0.0 for e, size in zip(errors, sizes, strict=True))
        return GradCheck(
            absolute_error=max(errors),
            relative_error=max(relative),
            argument=place,
            element=_index(at, shape),
            analytic=pairs[at][0],
            numeric=pairs[at][1],
            tolerance=atol + rtol * sizes[at],
            order=self.order,
            mode=mode,
            function=self.name,
            line=self.line,
            compared=len(pairs),
        ), at


def _index(at: int, shape: Shape) -> tuple[int, ...]:
    index: list[int] = []
    for length in reversed(shape):
        at, i = divmod(at, length)
        index.insert(0, i)
    return tuple(index)
