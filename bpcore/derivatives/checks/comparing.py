"""The analytic gradient beside the numeric one, for each array among the arguments.

The analytic gradient pulls a fixed cotangent back, so the function may return any tree of arrays. The
numeric one comes from differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bpcore.derivatives.checks.differences import Number, Probe, flat_values
from bpcore.derivatives.checks.report import GradCheck, hint_for
from bpcore.derivatives.namespace import space_of
from bpcore.derivatives.tracing import floating_array, name_of, place_of
from bpcore.derivatives.transforms import vjp
from bpcore.words.errors import GradientMismatch, NotDifferentiable
from bpcore.words.protocols import Array, Shape, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, unflatten

__all__ = ["Runner", "reports"]

Runner = Callable[..., Tree]
"""``run(f, *args)`` returns ``f(*args)``: called as it is, or under a compiler of the library."""


def reports(
    f: Callable[..., Tree],
    x: Sequence[Tree],
    *,
    order: int = 1,
    rtol: float | None = None,
    atol: float | None = None,
    run: Runner = lambda f, *args: f(*args),
) -> Iterator[GradCheck]:
    """Yield one report for each array among the arguments, and for each order; see `check_grad`.

    Everything is computed through `run`, so that it can be done under a library's compiler.
    """
    given, structure = flatten(tuple(x))
    space, like = place_of(given, tuple(x))
    inputs = [floating_array(space, like, leaf) for leaf in given]
    names = [f"argument {path}" for path, _ in named_leaves(tuple(x))]

    def flat(*inputs: Array) -> list[Array]:
        return _floating(f, f(*unflatten(structure, inputs)))

    first = _Check(flat, name_of(f), 1, (rtol, atol), run)
    weights = _cotangents(run(flat, *inputs))
    yield from _compare(first, inputs, names, weights)
    if order > 1:
        second = first._replace(f=_gradient(flat, len(inputs)), order=2)
        inputs, names = [*inputs, *weights], names + [f"cotangent {i}" for i in range(len(weights))]
        yield from _compare(second, inputs, names, _cotangents(run(second.f, *inputs)))


class _Check(NamedTuple):
    """One function whose gradient is compared."""

    f: Callable[..., Sequence[Array]]
    name: str
    order: int
    tolerances: tuple[float | None, float | None]
    run: Runner

    def outputs(self, *inputs: Array) -> Sequence[Array]:
        """Return what the function returns."""
        found: Sequence[Array] = self.run(self.f, *inputs)
        return found


def _gradient(f: Callable[..., Sequence[Array]], count: int) -> Callable[..., Sequence[Array]]:
    """Return the gradient of `f` as a function of its `count` inputs, followed by the cotangents."""

    def gradient(*values: Array) -> list[Array]:
        return list(vjp(f, *values[:count])[1](list(values[count:])))

    return gradient


def _cotangents(outputs: Sequence[Array]) -> list[Array]:
    """Return an array like each output: of both signs, no two elements alike, none of them small.

    A cotangent of ones would not see a gradient that was transposed, or summed over the wrong axis.
    """
    found = []
    for shift, y in enumerate(outputs):
        space, count = space_of(y), math.prod(y.shape)
        values: Sequence[Number] = _signed(count, shift)
        if space.is_complex(y.dtype):
            values = [complex(a, b) for a, b in zip(values, _signed(count, shift + 2), strict=True)]
        w = space.backend.asarray(values, dtype=y.dtype, device=y.device)
        found.append(space.functions.reshape(w, tuple(y.shape)))
    return found


def _signed(count: int, shift: int) -> list[float]:
    sizes = [1.25 + math.sin(1.7 * i + shift + 1.0) for i in range(count)]
    return [-size if i % 3 == 1 else size for i, size in enumerate(sizes)]


def _compare(
    check: _Check, inputs: list[Array], names: list[str], weights: list[Array]
) -> Iterator[GradCheck]:
    outputs = check.outputs(*inputs)
    eps = max(float(space_of(z).functions.finfo(z.dtype).eps) for z in [*inputs, *outputs])
    noise = _noise(outputs, weights, eps)
    gradients = check.run(_gradient(check.f, len(inputs)), *inputs, *weights)
    for which, (x, g) in enumerate(zip(inputs, gradients, strict=True)):
        _check_kind(check, names[which], x, g)
        if math.prod(x.shape):
            probe = Probe(check.outputs, inputs, which, weights, eps)
            yield _worst(check, names[which], g, probe, eps, noise)


def _check_kind(check: _Check, name: str, x: Array, g: Array) -> None:
    """Refuse a gradient that is not an array like its input."""
    wanted, given = (f"{tuple(z.shape)}, {z.dtype}, {z.device}" for z in (x, g))
    if wanted != given:
        raise GradientMismatch(
            f"gradient of {check.name} by {name} has shape, dtype and device {given}, "
            f"the {name.partition(' ')[0]} has {wanted}."
        )


def _noise(outputs: Sequence[Array], weights: Sequence[Array], eps: float) -> float:
    """Return what is left to chance: rounding of the outputs, over the step."""
    terms = (
        abs(value * weight)
        for y, w in zip(outputs, weights, strict=True)
        for value, weight in zip(flat_values(y), flat_values(w), strict=True)
    )
    return math.sqrt(eps) + 4 * math.pow(eps, 0.8) * math.fsum(term for term in terms if math.isfinite(term))


def _worst(check: _Check, name: str, g: Array, probe: Probe, eps: float, noise: float) -> GradCheck:
    """Return the report of the element that exceeds its tolerance most."""
    rtol = math.sqrt(eps) if check.tolerances[0] is None else check.tolerances[0]
    atol = noise if check.tolerances[1] is None else check.tolerances[1]
    pairs = list(zip(flat_values(g), probe.slopes(), strict=True))
    sizes = [max(abs(analytic), abs(numeric)) for analytic, numeric in pairs]
    errors = [abs(analytic - numeric) for analytic, numeric in pairs]
    excess = [error - (atol + rtol * size) for error, size in zip(errors, sizes, strict=True)]
    at = max(range(len(pairs)), key=lambda i: excess[i] if math.isfinite(excess[i]) else math.inf)
    report = GradCheck(
        absolute_error=max(errors),
        relative_error=max(e / size if size > atol else 0.0 for e, size in zip(errors, sizes, strict=True)),
        argument=name,
        element=_index(at, tuple(g.shape)),
        analytic=pairs[at][0],
        numeric=pairs[at][1],
        tolerance=atol + rtol * sizes[at],
        order=check.order,
        function=check.name,
        compared=len(pairs),
    )
    return report if report.passed else replace(report, hint=hint_for(report, *probe.sides(at)))


def _floating(f: Callable[..., Tree], output: Tree) -> list[Array]:
    found = [y for y in leaves(output) if _is_floating(y)]
    if not found:
        raise NotDifferentiable(f"{name_of(f)} returns no floating array: it has no gradient to check.")
    return found


def _is_floating(x: Array) -> bool:
    return hasattr(x, "dtype") and space_of(x).is_floating(x.dtype)


def _index(at: int, shape: Shape) -> tuple[int, ...]:
    index: list[int] = []
    for length in reversed(shape):
        at, i = divmod(at, length)
        index.insert(0, i)
    return tuple(index)
