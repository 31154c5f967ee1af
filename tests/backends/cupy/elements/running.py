"""A Program run with its kernels as host code; what is refused runs as NumPy's own function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import bpcore as bp
from bpcore.derivatives.namespaces.plain import plain_functions
from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import Constant, Equation, Slot
from bpcore.program.program import Program
from bpcore.words.trees import LEAF, Structure
from bpcore_cupy.elements import Kernel, kernel_of, refusal_of, types_of
from tests.backends.cupy.elements.host import Host

__all__ = ["FUNCTIONS", "compared", "kernels_of", "recorded", "run"]

FUNCTIONS = plain_functions(bp.backend("numpy"))


def recorded(f: Callable[..., Any], *args: Any) -> Program:
    """Return what a function does as a Program."""
    return bp.record(f, *args)


def kernels_of(program: Program) -> dict[Equation, Kernel]:
    """Return the kernels of those equations that can be one."""
    types = types_of(program)
    chosen = [x for x in program.equations if x.function is not ITEM and refusal_of(x, types) is None]
    return {x: kernel_of(x, types) for x in chosen}


def run(program: Program, args: list[Any], host: Host, kernels: dict[Equation, Kernel]) -> list[Any]:
    """Return the outputs."""
    types = types_of(program)
    for equation in kernels:
        inner = getattr(equation.function, "inner", None)
        types |= dict(inner.types) if inner is not None else {}
    memory: dict[Any, Any] = {Constant(name): np.asarray(x) for name, x in program.constants.items()}
    memory |= dict(zip(program.inputs, map(np.array, args), strict=True))
    for equation in program.equations:
        if equation in kernels:
            memory = host.run(kernels[equation], memory, types)
        elif not (equation.function is ITEM and equation.output in memory):
            _by_numpy(program, equation, memory)
    return [memory[x] if isinstance(x, Slot | Constant) else x for x in program.outputs]


def _by_numpy(program: Program, equation: Equation, memory: dict[Any, Any]) -> None:
    inputs = tuple(dict.fromkeys(x for x in equation.inputs if type(x) is Slot))
    alone = replace(
        program, inputs=inputs, equations=(equation,), outputs=(equation.output,), carried=(),
        structure=Structure(list, (), (LEAF,)),
    )  # fmt: skip
    with np.errstate(all="ignore"):
        (result,) = alone.function(FUNCTIONS)(*(memory[x] for x in inputs))
    memory[equation.output] = result if isinstance(result, tuple) else np.ascontiguousarray(result)


def compared(
    f: Callable[..., Any], *args: Any, passes: Callable[[Program], Program] = lambda program: program
) -> tuple[list[Any], list[Any], dict[Equation, Kernel]]:
    """Return what the kernels and what NumPy make of a function of arrays, and the kernels."""
    program = passes(recorded(f, *args))
    kernels = kernels_of(program)
    with np.errstate(all="ignore"):
        wanted = f(*args)
    wanted = list(wanted) if isinstance(wanted, tuple | list) else [wanted]
    return run(program, list(args), Host(kernels.values()), kernels), wanted, kernels
