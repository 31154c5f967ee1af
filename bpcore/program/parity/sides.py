"""One backend of two in lockstep: the function recorded there, and what each way to run it comes to."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.namespaces.plain import bound
from bpcore.derivatives.transforms.tracing import name_of
from bpcore.ground.backend import Backend
from bpcore.program.carrying import check_carried
from bpcore.program.compiled import compile
from bpcore.program.equation import ArrayType, Constant, Equation, Slot, type_of
from bpcore.program.program import Program
from bpcore.program.record import arrays_of, record
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import tree_map

__all__ = ["Side", "applied", "check_alike"]


class Side:
    """A backend, the function recorded on it, and what each way to run it has come to."""

    def __init__(self, home: Backend, f: Callable[..., Tree], args: tuple[Tree, ...], carry: int) -> None:
        self.home, self.f, self.carry = home, f, carry
        self.args = tuple(tree_map(lambda x: _brought(home, x), arg) for arg in args)
        self.program: Program = record(f, *self.args)
        self.inputs, _ = arrays_of(f, self.args)
        self.functions = space_of(*self.inputs).functions
        self._fast = compile(f, carry=carry, backend=home)
        self._at: dict[str, tuple[Tree, ...]] = {}

    def eager(self) -> Tree:
        """Go on by one step, uncompiled; return what came out."""
        return self._gone_on("eager", self.f)

    def compiled(self) -> Tree:
        """Go on by one step of the compiled function; return what came out."""
        return self._gone_on("compiled", self._fast)

    def _gone_on(self, how: str, f: Callable[..., Tree]) -> Tree:
        args = self._at.get(how, self.args)
        results = f(*args)
        if self.carry and how not in self._at:
            check_carried(self.f, self.carry, args, results)
        self._at[how] = (*(results[: self.carry] if self.carry else ()), *args[self.carry :])
        return results

    @property
    def types(self) -> dict[Static, Static]:
        """Shape and dtype of what lies in each slot, and of each constant."""
        return {**self.program.types, **{name: type_of(x) for name, x in self.constants().items()}}

    def constants(self) -> dict[Static, Static]:
        """Return the arrays that the Program holds, by their names."""
        return {Constant(name): array for name, array in self.program.constants.items()}


def _brought(home: Backend, x: Array) -> Array:
    if type(x) in (int, float):
        return x
    host = space_of(x).backend.to_host(x)
    name = str(host.dtype)
    return home.asarray(host, dtype=home.dtype(name))


def check_alike(f: Callable[..., Tree], sides: Sequence[Side]) -> None:
    """Refuse two Programs that are not the same equations."""
    one, other = ([_told(side.program, x) for x in side.program.equations] for side in sides)
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            raise OptionError(
                f"equation {number} of {name_of(f)}", b, f"{a}, as on {sides[0].home.name}",
                "Lockstep wants the same equations on both: is there a branch on the library?",
            )  # fmt: skip
    if len(sides[0].program.constants) != len(sides[1].program.constants):
        counts = [len(side.program.constants) for side in sides]
        raise OptionError(
            f"the arrays that {name_of(f)} makes anew", counts[1], f"{counts[0]}, as on the other side"
        )
    if len(one) != len(other):
        raise OptionError(f"the equations of {name_of(f)}", len(other), f"{len(one)}, as on the other side")


def _told(program: Program, equation: Equation) -> str:
    """Tell an equation without what is a library's own in it, as the width of its whole numbers is."""
    kind = program.types[equation.output]
    if not isinstance(kind, ArrayType):
        return equation.function.name
    return f"{equation.function.name} to {re.sub('u?int[0-9]+', 'int', repr(kind))}"


def applied(side: Side, equation: Equation, value: Callable[[Static], Static]) -> Static:
    """Return what an equation computes on a side; `value` tells what an operand is."""
    inputs = [value(x) if isinstance(x, Slot | Constant) else x for x in equation.inputs]
    function = bound(equation.function, side.functions)
    return function(*([inputs] if equation.function.takes_list else inputs), **equation.static)
