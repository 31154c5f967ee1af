"""A Program as text that a person reads."""

from __future__ import annotations

from bpcore.program.equation import Equation, Equations, type_of

__all__ = ["listing"]


def listing(program: Equations) -> str:
    """Return one line for each input, constant, equation and the outputs, with shapes and dtypes."""
    lines = [f"{slot!r:<6}  {program.types[slot]!r:<20}  input" for slot in program.inputs]
    lines += [f"{name:<6}  {type_of(array)!r:<20}  constant" for name, array in program.constants.items()]
    lines += _equations(program, "")
    return "\n".join([*lines, f"return  {', '.join(map(repr, program.outputs))}"])


def _equations(program: Equations, indent: str) -> list[str]:
    lines = []
    for equation in program.equations:
        kind = repr(program.types[equation.output])
        lines.append(f"{indent}{equation.output!r:<6}  {kind:<20}  {_call(equation)}")
        inner = getattr(equation.function, "inner", None)  # several equations in one, from `group`
        if inner is not None:
            lines += _equations(inner, f"{indent}  ")
    return lines


def _call(equation: Equation) -> str:
    static = [f"{name}={value}" for name, value in equation.static.items()]
    return f"{equation.function.name}({', '.join([*map(repr, equation.inputs), *static])})"
