"""A Program as straight-line Python over PyTorch's functions: in place where nobody reads any more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch

from bpcore.derivatives.namespaces.plain import bound
from bpcore.program.equation import Constant, Equation, Slot
from bpcore_torch.direct import FLOATS, VIEWS, Direct, direct

__all__ = ["Writer"]

MAKING = {"ones_like": 1.0, "zeros_like": 0.0}
"""Functions that look at a type only."""


class Writer:
    """Writes equations down, one line each, and binds the names that the lines use.

    Parameters
    ----------
    program : Program
    functions : module-like
    device : torch.device
    places : dict of Slot to torch.Tensor
        Memory in which inputs lie at every call.
    into : dict of Slot to torch.Tensor
        Memory in which a result is wanted.
    skip : set of Equation
        Equations that somebody else computes.

    Attributes
    ----------
    names : dict of str to object
    lines : list of str
    """

    def __init__(
        self,
        program: Any,
        functions: Any,
        device: Any,
        places: Mapping[Any, Any],
        into: Mapping[Any, Any],
        skip: Collection[Equation],
    ) -> None:
        self.program, self.functions, self.device = program, functions, device
        self.into = into
        self.names: dict[str, Any] = {repr(slot): place for slot, place in places.items()}
        self.names |= dict(program.constants)
        self.lines: list[str] = []
        self.known: dict[Any, Any] = {Constant(name): x for name, x in program.constants.items()}
        self.lying: dict[Any, Any] = dict(places)
        self.doubtful: set[Any] = {*places, *into}
        self.fresh: set[Any] = set()
        self.copied: dict[Any, str] = {}
        self.equations = [e for e in program.equations if e not in skip]
        self.last = {x: e for e in self.equations for x in e.inputs if type(x) is Slot}
        self.kept = {*program.inputs, *(y for y in program.outputs if type(y) is Slot), *places, *into}
        self.kept |= {x for e in skip for x in e.inputs if type(x) is Slot}

    def write(self) -> None:
        """Write all lines."""
        for equation in self.equations:
            if not self._is_constant(equation) and not self._lies(equation):
                self._call(equation)
            gone = [
                x
                for x in dict.fromkeys([*equation.inputs, equation.output])
                if type(x) is Slot and self._dies(x, equation) and repr(x) not in self.names
            ]
            if gone:
                self.lines.append(f"del {', '.join(map(repr, gone))}")

    def may_share(self, output: Any) -> bool:
        """Return whether an output may be, or be a view of, memory that is kept between calls."""
        return output in self.doubtful or output in self.known

    def bind(self, value: Any) -> str:
        """Return a name for a value."""
        name = f"a{len(self.names)}"
        self.names[name] = value
        return name

    def keep(self, x: Slot) -> list[str]:
        """Return the line that copies an operand, which is read by another name from then on."""
        if x in self.copied:
            return []
        self.copied[x] = f"kept_{x!r}"
        return [f"{self.copied[x]} = {x!r}.clone()"]

    def operand(self, x: Any, *, like: Any = None) -> str:
        """Return the text of an operand; a number beside floats is an array, which PyTorch takes quicker."""
        if isinstance(x, Slot | Constant):
            return self.copied.get(x, repr(x))
        if type(x) in (int, float) and like in FLOATS:
            return self.bind(torch.tensor(float(x), dtype=like, device=self.device))
        return repr(x) if type(x) in (int, bool, str) or x is None else self.bind(x)

    def _dies(self, x: Any, equation: Equation) -> bool:
        return x not in self.kept and self.last.get(x, equation) is equation

    def _is_constant(self, equation: Equation) -> bool:
        """Compute now what depends on no input."""
        name, type_ = equation.function.name, self.program.types[equation.output]
        if equation.output in self.into or equation.function.several:
            return False
        if name in MAKING and not equation.static:
            value = torch.full(type_.shape, MAKING[name], dtype=type_.dtype, device=self.device)
        elif self._knows(equation):
            value = self._kernel(equation)(*self._values(equation, self.known), **equation.static)
        else:
            return False
        self.known[equation.output] = self.names[repr(equation.output)] = value
        return True

    def _knows(self, equation: Equation) -> bool:
        arrays = [x for x in equation.inputs if isinstance(x, Slot | Constant)]
        return bool(arrays) and not equation.function.takes_list and all(x in self.known for x in arrays)

    def _values(self, equation: Equation, values: dict[Any, Any]) -> list[Any]:
        return [values[x] if isinstance(x, Slot | Constant) else x for x in equation.inputs]

    def _kernel(self, equation: Equation) -> Callable[..., Any]:
        kernel: Callable[..., Any] = bound(equation.function, self.functions)
        return kernel

    def _lies(self, equation: Equation) -> bool:
        """Make now a view of what lies at its place at every call."""
        first = equation.inputs[0] if equation.function.name in VIEWS else None
        if type(first) is not Slot or first not in self.lying:
            return False
        if equation.output in self.into:
            return False
        x = self.lying[first]
        y = self._kernel(equation)(x, *equation.inputs[1:], **equation.static)
        if y.data_ptr() != x.data_ptr() or y._base is None:  # noqa: SLF001 - the only way to see a view
            return False
        self.lying[equation.output] = self.names[repr(equation.output)] = y
        self.doubtful.add(equation.output)
        return True

    def _call(self, equation: Equation) -> None:
        found = direct(self.program, equation)
        place = self.into.get(equation.output)
        text = self._kernel_text(equation) if found is None else self._direct_text(equation, found)
        if place is None:
            self.lines.append(f"{equation.output!r} = {text}")
        else:
            self.names[repr(equation.output)] = place
            if not text.endswith(f"out={equation.output!r})"):
                text = f"{self.bind(place.copy_)}({text})"
            self.lines.append(text)

    def _direct_text(self, equation: Equation, call: Direct) -> str:
        like = next((self.program.types[x].dtype for x in equation.inputs if type(x) is Slot), None)
        arguments = [self.operand(x, like=like) for x in equation.inputs] + [repr(x) for x in call.more]
        reused = self._reusable(equation) if call.elementwise else None
        self.fresh.add(equation.output)
        if equation.output in self.into and call.into:
            return f"{self.bind(call.function)}({', '.join(arguments)}, out={equation.output!r})"
        if reused is not None and call.into:
            return f"{self.bind(call.function)}({', '.join(arguments)}, out={reused!r})"
        function = call.own if reused is not None and call.own is not None else call.function
        return f"{self.bind(function)}({', '.join(arguments)})"

    def _reusable(self, equation: Equation) -> Slot | None:
        """Return an operand that is of the result's type and is read here for the last time."""
        wanted = self.program.types[equation.output]
        for x in equation.inputs:
            if type(x) is not Slot or x not in self.fresh or not self._dies(x, equation):
                continue
            if self.program.types[x] == wanted:
                return x
        return None

    def _kernel_text(self, equation: Equation) -> str:
        """Return a call of bpcore's kernel; what it returns may share memory with what it was given."""
        arguments = [self.operand(x) for x in equation.inputs]
        arrays: Sequence[Any] = [x for x in equation.inputs if isinstance(x, Slot | Constant)]
        self.fresh.difference_update(arrays)
        if any(self.may_share(x) for x in arrays):
            self.doubtful.add(equation.output)
        if equation.function.takes_list:
            arguments = [f"[{', '.join(arguments)}]"]
        named = [f"{name}={self.operand(x)}" for name, x in equation.static.items()]
        return f"{self.bind(self._kernel(equation))}({', '.join([*arguments, *named])})"
