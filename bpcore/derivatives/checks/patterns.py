"""What a wrong gradient looks like beside the right one: a sign, a factor, other places, nothing at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from operator import mul
from typing import TypeAlias

from bpcore.derivatives.checks.differences import Number
from bpcore.derivatives.checks.report import GradCheck
from bpcore.words.protocols import Shape

__all__ = ["Pairs", "pattern"]

Pairs: TypeAlias = Sequence[tuple[Number, Number]]
"""Analytic and numeric value of each element, in row-major order."""

FACTORS = {
    -1.0: "the sign is turned",
    2.0: "it was counted twice",
    0.5: "half of it is missing",
    1j: "it is turned by i: a conjugate is missing, or one too many",
    -1j: "it is turned by -i: a conjugate is missing, or one too many",
}
CUT = "a path is cut, by stop_gradient, a function that is constant, or a value that was taken out"


def pattern(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    """Return what the numbers look like, in words; empty where they look like nothing known."""
    for look in (_nothing, _too_much, _factor, _conjugate, _transposed, _elsewhere, _one_factor, _here):
        if says := look(report, pairs, shape):
            return says
    return ""


def _nothing(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    moved = "came back to" if report.mode == "reverse" else "went forward to"
    if all(analytic == 0 for analytic, _ in pairs):
        return f"nothing {moved} {report.argument}: {CUT}"
    return f"nothing {moved} this element: {CUT}" if report.analytic == 0 else ""


def _too_much(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    if abs(report.numeric) > report.tolerance or all(abs(n) <= report.tolerance for _, n in pairs):
        return ""
    if _is_moved(report, pairs, shape):
        return ""
    return "it should be zero: the function does not change with this element"


def _conjugate(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    if all(complex(n).imag == 0 for _, n in pairs):
        return ""
    return "it is the complex conjugate" if _near(report, pairs, lambda n: complex(n).conjugate()) else ""


def _factor(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    for factor, says in FACTORS.items():
        if _near(report, pairs, partial(mul, factor)):
            return says
    return ""


def _transposed(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    if len(shape) <= 1:
        return ""
    rows, columns = shape[-2:]
    numeric = [n for _, n in pairs]
    blocks = [numeric[k : k + rows * columns] for k in range(0, len(numeric), rows * columns)]
    turned = [block[i * columns + j] for block in blocks for j in range(columns) for i in range(rows)]
    same = all(_close(report, a, n) for (a, _), n in zip(pairs, turned, strict=True))
    return "it is transposed: the element of row i, column j is that of row j, column i" if same else ""


def _elsewhere(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    moved = len(pairs) > 1 and _is_moved(report, pairs, shape)
    return (
        "the right numbers stand in the wrong places: look at the order of axes or elements" if moved else ""
    )


def _is_moved(report: GradCheck, pairs: Pairs, shape: Shape) -> bool:
    def order(z: Number) -> tuple[float, float]:
        return complex(z).real, complex(z).imag

    columns = (sorted(column, key=order) for column in zip(*pairs, strict=True))
    return all(_close(report, a, n) for a, n in zip(*columns, strict=True))


def _one_factor(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    moving = sum(abs(n) > report.tolerance for _, n in pairs)
    if moving <= 1 or not _near(report, pairs, lambda n: report.ratio * n):
        return ""
    return f"it is {report.ratio:.6g} times the right one everywhere: a constant factor is wrong"


def _here(report: GradCheck, pairs: Pairs, shape: Shape) -> str:
    for factor, says in FACTORS.items():
        if abs(report.ratio - factor) < 0.01 * abs(factor):
            return says + (" here" if len(pairs) > 1 else "")
    return ""


def _near(report: GradCheck, pairs: Pairs, expected: Callable[[Number], Number]) -> bool:
    return all(_close(report, a, expected(n)) for a, n in pairs)


def _close(report: GradCheck, a: Number, b: Number) -> bool:
    """Want two numbers as near as a derivative and its differences are, and some room."""
    apart = abs(a - b)
    return math.isfinite(apart) and apart <= 4 * report.tolerance + 1e-3 * max(abs(a), abs(b))
