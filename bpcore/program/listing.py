"""A Program as text that a person reads."""

from __future__ import annotations

from bpcore.program.equation import Equation, Equations, type_of

__all__ = ["listing"]


def listing(program: Equations) -> str:
    """Return one line for each input, constant, equation and the outputs, with shapes and dtypes."""
    lines = [f"{slot!r:<6}  {program.types[slot]!r:<20}  input" for slot in program.inputs]
    lines += [f"{name:<6}  {type_of(array)!r:<20}  constant" for name, array in program.constants.items()]
    lines += [
        f"{equation.output!r:<6}  {program.types[equation.output]!r:<20}  {_call(equation)}"
        for equation in program.equations
    ]
    return "\n".join([*lines, f"return  {', '.join(map(repr, program.outputs))}"])


def _call(equation: Equation) -> str:
    static = [f"{name}={value}" for name, value in equation.static.items()]
    return f"{equation.function.name}({', '.join([*map(repr, equation.inputs), *static])})"
