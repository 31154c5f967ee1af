"""Pass: functions that bpcore composes of the standard's are written out, equation by equation.

Then their parts take part in everything: in sharing, in planned memory, in groups. The bits are those of the
composition, and of another way to compute the function where the backend has one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import Function
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes.constants import Constants
from bpcore.program.passes.rewriting import fresh_slots, renamed, static_key, with_operands
from bpcore.program.program import Program
from bpcore.words.errors import BpcoreError
from bpcore.words.protocols import Array, Namespace, Static

__all__ = ["inline"]


def inline(program: Program, xp: Namespace, wanted: Callable[[Function], bool]) -> Program:
    """Return `program` with functions written out.

    Parameters
    ----------
    program : Program
    xp : module-like
        The backend's plain functions: each function is recorded once for each signature, on zeros.
    wanted : function
        Whether a function, which has a ``compute``, is to be written out. What it is made of is looked at
        in turn.
    """
    return _Inlining(program, xp, wanted).inlined()


class _Inlining:
    def __init__(self, program: Program, xp: Namespace, wanted: Callable[[Function], bool]) -> None:
        self.program, self.xp, self.wanted = program, xp, wanted
        self.types = dict(program.types)
        self.constants = Constants(program.constants, xp)
        self.slots = fresh_slots(program)
        self.names: dict[Slot, Slot | Constant | Static] = {}
        self.bodies: dict[Hashable, Program | None] = {}

    def inlined(self) -> Program:
        put = renamed(self.names)
        equations: list[Equation] = []
        for equation in self.program.equations:
            equations += self._written_out(with_operands(equation, put))
        outputs = tuple(map(put, self.program.outputs))
        return replace(
            self.program,
            equations=tuple(equations),
            outputs=outputs,
            types=self.types,
            constants=self.constants,
        )

    def _written_out(self, equation: Equation) -> Iterator[Equation]:
        body = self._body(equation)
        if body is None:
            yield equation
            return
        arrays = [x for x in equation.inputs if isinstance(x, Slot | Constant)]
        local: dict[Static, Static] = dict(zip(body.inputs, arrays, strict=True))
        for name, array in body.constants.items():
            local[name] = self.constants.add(array)

        def put(operand: Static) -> Static:
            return local[operand] if isinstance(operand, Slot | Constant) else operand

        for inner in body.equations:
            local[inner.output] = next(self.slots)
            self.types[local[inner.output]] = body.types[inner.output]
            yield replace(inner, inputs=tuple(map(put, inner.inputs)), output=local[inner.output])
        self.names[equation.output] = put(body.outputs[0])

    def _body(self, equation: Equation) -> Program | None:
        function = equation.function
        if TABLE.get(function.name) is not function or function.compute is None:
            return None
        if function.several or function.takes_list or function.reads or not self.wanted(function):
            return None
        kinds = [self._kind(x) for x in equation.inputs]
        statics = tuple((name, static_key(value)) for name, value in equation.static.items())
        key = (
            function.name,
            statics,
            *(kind if isinstance(kind, ArrayType) else static_key(kind) for kind in kinds),
        )
        if key not in self.bodies:
            body = self._recorded(equation, function.compute, kinds)
            if body is not None:  # what it is made of, in turn
                body = inline(body, self.xp, lambda inner: inner is not function and self.wanted(inner))
            self.bodies[key] = body
        return self.bodies[key]

    def _kind(self, operand: Static) -> Static:
        if isinstance(operand, Slot):
            return self.types[operand]
        if isinstance(operand, Constant):
            return ArrayType(tuple(self.constants[operand].shape), self.constants[operand].dtype)
        return operand

    def _recorded(
        self, equation: Equation, compute: Callable[..., Array], kinds: list[Static]
    ) -> Program | None:
        from bpcore.program.record import record  # it prunes: a ring, if it stood above

        zeros = [
            self.xp.broadcast_to(self.xp.zeros((), dtype=kind.dtype), kind.shape)
            for kind in kinds
            if isinstance(kind, ArrayType)
        ]

        def call(*arrays: Array) -> Array:
            rest = iter(arrays)
            operands = [next(rest) if isinstance(kind, ArrayType) else kind for kind in kinds]
            return compute(array_namespace(arrays[0]), *operands, **equation.static)

        try:
            body = record(call, *zeros)
        except (BpcoreError, AttributeError, TypeError, ValueError):
            return None  # it reads a value, or calls what cannot be traced: it stays whole
        kept = (
            isinstance(body.outputs[0], Slot) and self.types[equation.output] == body.types[body.outputs[0]]
        )
        return body if kept else None
