"""Reductions as accumulators: what they begin with, how two become one, and what comes out at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bpcore.program.equation import Equation
from bpcore_cupy.elements.functions import cast
from bpcore_cupy.elements.kinds import SIZE, ctype, is_float, literal, unsigned
from bpcore_cupy.elements.reading import Body
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.writing import Code, Value

__all__ = ["ARGUMENTS", "REDUCTIONS", "Accumulator", "accumulator_of", "axes_of"]

REDUCTIONS = frozenset(("sum", "mean", "prod", "max", "min", "any", "all", "argmax", "argmin"))
ARGUMENTS = frozenset(("argmax", "argmin"))


def axes_of(equation: Equation, rank: int) -> tuple[int, ...]:
    """Return the axes that a reduction goes over, in order."""
    axis: Any = equation.static.get("axis")
    if axis is None:
        return tuple(range(rank))
    return tuple(sorted(a % rank for a in (axis if isinstance(axis, tuple) else (axis,))))


@dataclass(frozen=True)
class Accumulator:
    """A reduction of `count` elements.

    Attributes
    ----------
    name : str
        Of its function.
    taken, kind : str
        Dtypes of what is reduced, and of the result.
    count : int
    """

    name: str
    taken: str
    kind: str
    count: int

    def __post_init__(self) -> None:
        empty = self.count == 0 and self.name not in ("sum", "mean", "prod", "any", "all")
        if self.name not in REDUCTIONS or empty:
            raise Refused(f"the function {self.name} of an array without elements")

    @property
    def held(self) -> str:
        """The dtype that is accumulated in."""
        return self.taken if self.name in (*ARGUMENTS, "max", "min") else self.kind

    @property
    def type(self) -> str:
        """Its C++ type."""
        return f"bp_best<{ctype(self.held)}>" if self.name in ARGUMENTS else ctype(self.held)

    @property
    def size(self) -> int:
        """A bound on its bytes."""
        return 16 if self.name in ARGUMENTS else 8

    @property
    def start(self) -> str:
        """What is combined with nothing yet."""
        kind = self.held
        if self.name in ARGUMENTS:
            return f"{{{literal(kind, 0)}, -1}}"
        if self.name in ("sum", "mean"):
            return literal(kind, -0.0 if self.count and is_float(kind) else 0.0)
        if self.name in ("prod", "any", "all"):
            return literal(kind, 0 if self.name == "any" else 1)
        return literal(kind, _least(kind) if self.name == "max" else _greatest(kind))

    def combined(self, code: Code, a: str, b: str) -> str:
        """Return two as one, as an expression."""
        if self.name in ARGUMENTS:
            return f"{code.need('bp_greater' if self.name == 'argmax' else 'bp_less')}({a}, {b})"
        if self.name in ("max", "min"):
            word = code.need("bp_maximum" if self.name == "max" else "bp_minimum")
            return f"{word}<{ctype(self.held)}>({a}, {b})"
        if self.name in ("any", "all"):
            return f"((bool)({a} {'|' if self.name == 'any' else '&'} {b}))"  # both are exchanged: never ||
        sign = "*" if self.name == "prod" else "+"
        if is_float(self.held):
            return f"({a} {sign} {b})"
        wide = unsigned(self.held)
        return f"({ctype(self.held)})(({wide}){a} {sign} ({wide}){b})"

    def one(self, code: Code, x: Value, place: str) -> str:
        """Return an element as an accumulator."""
        if self.name in ARGUMENTS:
            return f"{self.type}{{{x.text}, (long long)({place})}}"
        return cast(code, x, self.held).text

    def across(self, code: Code, name: str, lanes: int) -> str:
        """Return the accumulator of the thread that is `lanes` away in the warp."""
        if self.name in ARGUMENTS:
            code.need("bp_best_across")
            return f"bp_across({name}, {lanes})"
        return f"{code.need('bp_across')}<{self.type}>({name}, {lanes})"

    def finished(self, code: Code, name: str) -> Value:
        """Return the result."""
        if self.name in ARGUMENTS:
            return code.let(self.kind, f"({ctype(self.kind)}){name}.place")
        if self.name == "mean":
            return code.let(self.kind, f"{name} / {literal(_wide(self.kind), self.count)}")
        return cast(code, code.let(self.held, name), self.kind)


def accumulator_of(body: Body, equation: Equation, count: int) -> Accumulator:
    """Return the accumulator of a reduction that goes over `count` elements."""
    (operand,) = equation.inputs
    known = set(equation.static) <= {"axis", "keepdims", "dtype"}
    if not known or operand not in body.kinds:
        raise Refused(f"the function {equation.function.name} as it is called here")
    name, kind = equation.function.name, body.kinds[equation.output]
    if name == "mean" and not is_float(kind):
        raise Refused(f"the function mean of {kind}")
    return Accumulator(name, body.kinds[operand], kind, count)


def _wide(kind: str) -> str:
    return kind if kind == "float64" else "float32"


def _least(kind: str) -> float:
    if is_float(kind):
        return -math.inf
    return 0 if kind == "bool" or kind.startswith("u") else -(1 << (SIZE[kind] * 8 - 1))


def _greatest(kind: str) -> float:
    if is_float(kind):
        return math.inf
    if kind == "bool":
        return 1
    return (1 << (SIZE[kind] * 8 - (0 if kind.startswith("u") else 1))) - 1
