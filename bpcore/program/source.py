"""A Program as a plain Python function.

Replaying a function that was written out straight-line costs one bound call for each equation and
nothing else: no tracing, no namespace look-up. Slots are local variables, so that an array is freed as
soon as the last equation that reads it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bpcore.derivatives.namespaces.plain import bound as bound_function
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import ITEM, Function
from bpcore.program.equation import Constant, Equation, Equations, Slot
from bpcore.program.plan.lifetimes import last_reads
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["argument", "as_function", "call", "identifier", "released", "source"]


def as_function(program: Equations, xp: Namespace) -> Callable[..., Sequence[Array]]:
    """Return `program` as a function of its inputs' leaves that returns its outputs' leaves.

    Its text is at ``.source``; the names that the text uses are bound to functions of `xp`, to
    constants, and to arguments that are not arrays.
    """
    text, literals = source(program)
    bound: dict[str, Static] = {
        identifier(equation.function): bound_function(equation.function, xp) for equation in program.equations
    }
    bound |= dict(program.constants) | literals
    exec(compile(text, "<bpcore program>", "exec"), bound)  # noqa: S102 - the text is our own
    function: Callable[..., Sequence[Array]] = bound["program"]
    function.source = text  # type: ignore[attr-defined]
    return function


def source(program: Equations) -> tuple[str, dict[str, Static]]:
    """Return the Python text of `program`, and the arguments that it names because they are no literals."""
    literals: dict[str, Static] = {}
    done = released(program)
    lines = [f"def program({', '.join(map(repr, program.inputs))}):"]
    for index, equation in enumerate(program.equations):
        lines.append(f"    {equation.output!r} = {call(equation, literals)}")
        if index in done:
            lines.append(f"    del {', '.join(done[index])}")
    outputs = "".join(f"{argument(output, literals)}, " for output in program.outputs)
    lines.append(f"    return ({outputs})")
    return "\n".join(lines) + "\n", literals


def released(program: Equations) -> dict[int, list[str]]:
    """Return, for each equation, the slots that nobody reads after it; those that are inputs stay."""
    done: dict[int, list[str]] = {}
    inputs = set(program.inputs)
    for slot, number in last_reads(program).items():
        if number < len(program.equations) and slot not in inputs:
            done.setdefault(number, []).append(repr(slot))
    return done


def call(equation: Equation, literals: dict[str, Static]) -> str:
    """Return the text of a call, and put into `literals` what it names because it is none."""
    inputs = [argument(operand, literals) for operand in equation.inputs]
    if equation.function.takes_list:
        inputs = [f"[{', '.join(inputs)}]"]
    named = [f"{name}={argument(value, literals)}" for name, value in equation.static.items()]
    return f"{identifier(equation.function)}({', '.join([*inputs, *named])})"


def identifier(function: Function) -> str:
    """Return the name that the text calls a function by; a user's own may have the name of another."""
    name = re.sub(r"\W", "_", function.name)
    return name if TABLE.get(function.name, ITEM) is function else f"{name}_{id(function):x}"


def argument(operand: object, literals: dict[str, Static]) -> str:
    """Return the text of an argument: a slot, a constant, a literal, or a name in `literals`."""
    if isinstance(operand, Slot | Constant) or _is_literal(operand):
        return repr(operand)
    name = f"a{len(literals)}"
    literals[name] = operand
    return name


def _is_literal(operand: object) -> bool:
    if type(operand) is tuple:  # and no named one, whose text is a call
        return all(_is_literal(part) for part in operand)
    if type(operand) is float:
        return operand == operand and abs(operand) != float("inf")  # noqa: PLR0124
    return operand is None or type(operand) in (int, bool, str)
