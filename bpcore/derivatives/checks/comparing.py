"""The analytic gradient beside the numeric one, for each array among the arguments.

The analytic gradient pulls a fixed cotangent back, so the function may return any tree of arrays. The
numeric one comes from differences.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bpcore.derivatives.checks.differences import Probe, flat_values, relative_step, weighted
from bpcore.derivatives.checks.directions import along, central, directions_like, moved
from bpcore.derivatives.checks.explaining import Suspect, hint_for
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.checks.subject import Runner, Subject, Tolerance
from bpcore.derivatives.checks.tangents import compare_tangents
from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.transforms.gradients import vjp
from bpcore.derivatives.transforms.tracing import floating_array, name_of, place_of
from bpcore.words.errors import NotDifferentiable
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, unflatten

__all__ = ["Comparison"]


class Comparison(NamedTuple):
    """A function at one place, whose derivatives are compared with differences.

    Attributes
    ----------
    subject : Subject
    inputs : list of arrays
    names : list of str
        What to call each input.
    """

    subject: Subject
    inputs: list[Array]
    names: list[str]

    @classmethod
    def of(
        cls,
        f: Callable[..., Tree],
        x: Sequence[Tree],
        *,
        rtol: float | None = None,
        atol: float | None = None,
        run: Runner = lambda f, *args: f(*args),
    ) -> Comparison:
        """Take in a function of trees; everything is computed through `run`."""
        given, structure = flatten(tuple(x))
        space, like = place_of(given, tuple(x))
        inputs = [floating_array(space, like, leaf) for leaf in given]
        names = [f"argument {path}" for path, _ in named_leaves(tuple(x))]

        def flat(*inputs: Array) -> list[Array]:
            return _floating(f, f(*unflatten(structure, inputs)))

        return cls(Subject(flat, name_of(f), _line_of(f), 1, (rtol, atol), run), inputs, names)

    def gradient(self) -> Comparison:
        """Return the gradient as a function of the inputs and of the cotangents, to be compared itself."""
        weights = directions_like(self.subject.outputs(*self.inputs))
        second = self.subject._replace(f=_gradient(self.subject.f, len(self.inputs)), order=2)
        return Comparison(
            second,
            [*self.inputs, *weights],
            self.names + [f"cotangent {i}" for i in range(len(weights))],
        )

    def tangents(self) -> Iterator[GradCheck]:
        """Compare forward mode: yield one report for each output."""
        return compare_tangents(self.subject, self.inputs)

    def gradients(self, *, each: bool = True) -> Iterator[GradCheck]:
        """Compare reverse mode: yield one report for each input that has elements.

        Unless `each` element is wanted, all inputs are moved along one direction at once, which takes four
        calls in all; where that does not agree, each element is asked.
        """
        subject, inputs = self.subject, self.inputs
        outputs = subject.outputs(*inputs)
        weights = directions_like(outputs)
        tolerance = subject.tolerance(inputs, outputs, weights)
        gradients = subject.run(_gradient(subject.f, len(inputs)), *inputs, *weights)
        if not each and (report := self._along(gradients, weights, tolerance)).passed:
            for name, x, g in zip(self.names, inputs, gradients, strict=True):
                subject.check_kind(f"gradient of {subject.name} by {name}", name, x, g)
            yield report
            return
        for which, (name, x, g) in enumerate(zip(self.names, inputs, gradients, strict=True)):
            subject.check_kind(f"gradient of {subject.name} by {name}", name, x, g)
            if not math.prod(x.shape):
                continue
            probe, shape = Probe(subject.outputs, inputs, which, weights, tolerance.eps), tuple(x.shape)
            pairs = list(zip(flat_values(g), probe.slopes(), strict=True))
            report, at = subject.worst(name, shape, pairs, tolerance)
            suspect = Suspect(subject, probe, weights, at, pairs, shape)
            yield report if report.passed else replace(report, hint=hint_for(report, suspect))

    def _along(self, gradients: Sequence[Array], weights: Sequence[Array], tolerance: Tolerance) -> GradCheck:
        """Compare the slope along one direction of all inputs."""
        directions, step = along(self.inputs), relative_step(tolerance.eps)
        terms = [weighted(g, v) for g, v in zip(gradients, directions, strict=True)]

        def total(by: float) -> float:
            outputs = self.subject.outputs(*moved(self.inputs, directions, by))
            return sum(weighted(w, y) for w, y in zip(weights, outputs, strict=True))

        numeric = central(step, [total(step * k) for k in (1, -1, 2, -2)])
        pairs = [(math.fsum(terms), numeric)]
        report, _ = self.subject.worst("all arguments along one direction", (), pairs, tolerance)
        return replace(report, compared=sum(math.prod(x.shape) for x in self.inputs))


@functools.lru_cache(maxsize=4)
def _gradient(f: Callable[..., Sequence[Array]], count: int) -> Callable[..., Sequence[Array]]:
    """Return the gradient as a function of its `count` inputs, followed by the cotangents.

    It is the same function when it is asked for again, so that a compiler that has seen it knows it.
    """

    def gradient(*values: Array) -> list[Array]:
        return list(vjp(f, *values[:count])[1](list(values[count:])))

    return gradient


def _floating(f: Callable[..., Tree], output: Tree) -> list[Array]:
    found = [y for y in leaves(output) if _is_floating(y)]
    if not found:
        raise NotDifferentiable(f"{name_of(f)} returns no floating array: it has no gradient to check.")
    return found


def _is_floating(x: Array) -> bool:
    return hasattr(x, "dtype") and space_of(x).is_floating(x.dtype)


def _line_of(f: Callable[..., Tree]) -> str:
    """Return where a function of the user's begins; empty for one of ours, or where nothing is known."""
    import inspect  # wanted here only

    f = inspect.unwrap(f)
    code = getattr(f, "__code__", None)
    if code is None or str(f.__module__).startswith("bpcore.") or code.co_filename.startswith("<"):
        return ""
    return f"{code.co_filename}:{code.co_firstlineno}"
