"""Recording: run a function once on arrays that write down what is done with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.tape import INNERMOST, Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.transforms.tracing import floating_array, name_of, place_of
from bpcore.program.equation import Constant, Equation, Slot, type_of
from bpcore.program.passes.prune import prune
from bpcore.program.program import Program
from bpcore.words.errors import NotDifferentiable, OptionError
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import Structure, flatten, named_leaves, unflatten

__all__ = ["arrays_of", "record"]


def record(f: Callable[..., Tree], /, *args: Tree) -> Program:
    """Return what `f` computes on these arguments, as a Program.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays; pure, and the same for all values: it may branch on
        shapes and dtypes, not on what is in an array. It may itself take gradients.
    *args : trees of arrays
        Examples: their shapes and dtypes hold for the Program, their values do not. A Python float is
        made an array like the others beside it.

    Raises
    ------
    RecordError
        When `f` reads a value (``if x > 0:``, ``float(x)``), with the line that does.
    OptionError
        When there is anything among the arguments that is not an array.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> print(bp.record(bp.grad(lambda x: x * x), np.float64(2.0)))
    v0      float64[]             input
    v1      float64[]             multiply(v0, v0)
    v2      float64[]             ones_like(v1)
    v3      float64[]             multiply(v2, v0)
    v4      float64[]             multiply(v2, v0)
    v5      float64[]             add(v3, v4)
    return  v5
    """
    if not callable(f):
        raise OptionError("f", f, "a function")
    inputs, structure = arrays_of(f, args)
    space = space_of(*inputs)

    def trace(arrays: Sequence[Array]) -> tuple[list[Array], Program]:
        program = prune(_traced(f, space, structure, list(arrays)))
        return list(program.constants.values()), program

    constants, program = space.backend.abstract(trace, inputs)
    copies = [space.functions.asarray(x, copy=True) for x in constants]
    return replace(program, constants=dict(zip(program.constants, copies, strict=True)))


def _traced(f: Callable[..., Tree], space: Space, structure: Structure, inputs: list[Array]) -> Program:
    tape = Tape(space, len(inputs), sealed=True)
    traced = unflatten(structure, [Traced(tape, slot, x) for slot, x in enumerate(inputs)])
    token = INNERMOST.set((tape, inputs[0] if inputs else None))
    try:
        with warnings.catch_warnings():  # the values are thrown away, and with them what is said of them
            warnings.simplefilter("ignore", RuntimeWarning)
            output = f(*traced)
    except Exception as error:
        from bpcore.program.refusals import explained  # wanted for an error only

        told = explained(error, space.backend.namespace.__name__.partition(".")[0])
        if told is error:
            raise
        raise told from error
    finally:
        INNERMOST.reset(token)
        tape.close()
    _check_returned(f, output)
    return _program(tape, inputs, output)


def _check_returned(f: Callable[..., Tree], output: Tree) -> None:
    """Refuse what makes its arrays later, when the trace is over."""
    for path, y in named_leaves(output, ""):
        if isinstance(y, Iterator):
            raise OptionError(
                f"what {name_of(f)} returns" + (f" at {path}" if path else ""), type(y).__name__,
                "arrays in dicts, lists and tuples", "Make a list of it.",
            )  # fmt: skip


_CLOSED_OVER = (
    "a function that is recorded or compiled uses an array from outside that is being differentiated: "
    "pass that array as an argument."
)


def arrays_of(f: Callable[..., Tree], args: tuple[Tree, ...]) -> tuple[list[Array], Structure]:
    """Return the leaves of the arguments, and their structure; a float is made like the arrays beside it.

    Raises
    ------
    OptionError
        When there is anything else among them that is not an array.
    """
    inputs, structure = flatten(args)
    if any(type(x) is float for x in inputs):
        space, like = place_of([x for x in inputs if hasattr(x, "dtype")], args)
        inputs = [floating_array(space, like, x) if type(x) is float else x for x in inputs]
    for (path, _), x in zip(named_leaves(args), inputs, strict=True):
        if not hasattr(x, "dtype") or isinstance(x, type):
            tree = isinstance(x, Mapping | list)
            raise OptionError(
                f"argument {path} of {name_of(f)}", type(x).__name__ if tree else x, "an array",
                "A tree is made of dict, list and tuple, and of nothing that is like them." if tree else
                "What is not one is part of the function: bind it first, with functools.partial.",
            )  # fmt: skip
    return inputs, structure


def _program(tape: Tape, inputs: list[Array], output: Tree) -> Program:
    """Forget the values: what was traced becomes a slot, other arrays become constants."""
    constants: dict[str, Array] = {}
    names: dict[int, Constant] = {}

    def operand(slot: int | None, value: Array) -> Slot | Constant | Static:
        if slot is not None:
            return Slot(slot)
        if isinstance(value, type) or not hasattr(value, "dtype") or not hasattr(value, "shape"):
            return value  # NumPy's dtypes are classes, with a dtype and a shape of their own
        if type(value) is Traced:
            raise NotDifferentiable(_CLOSED_OVER)
        if id(value) not in names:
            names[id(value)] = Constant(f"c{len(names)}")
            constants[names[id(value)]] = value
        return names[id(value)]

    equations = []
    types = {Slot(slot): type_of(x) for slot, x in enumerate(inputs)}
    for number, call in enumerate(tape.calls, start=tape.inputs):
        operands = tuple(operand(slot, x) for slot, x in zip(call.slots, call.inputs, strict=True))
        equations.append(Equation(call.function, operands, call.static, Slot(number)))
        types[Slot(number)] = type_of(call.output)
    results, structure = flatten(output)
    outputs = tuple(
        operand(y.slot, y.value) if type(y) is Traced and y.tape is tape else operand(None, y)
        for y in results
    )
    slots = tuple(Slot(slot) for slot in range(tape.inputs))
    return Program(slots, tuple(equations), outputs, constants, types, structure)
