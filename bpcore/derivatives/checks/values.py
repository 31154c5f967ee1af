"""Values beside the library's own: a traced call computes what the plain one does, and changes nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from bpcore.derivatives.arrays.tape import Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.checks.differences import Number, flat_values
from bpcore.derivatives.checks.directions import directions_like
from bpcore.derivatives.checks.subject import Runner
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.derivatives.transforms.gradients import vjp
from bpcore.words.errors import GradientMismatch
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["Frozen", "check_repeatable", "compare_values"]

ULPS = 8
"""By how many roundings of the largest element two values may differ: a compiler may order sums anew."""


class Frozen:
    """What arrays held, to be compared with what they hold later."""

    def __init__(self, arrays: Sequence[Array]) -> None:
        self.arrays = arrays
        self.held = [flat_values(x) for x in arrays]

    def check(self, name: str) -> None:
        """Refuse a function that wrote into its inputs."""
        for i, (x, held) in enumerate(zip(self.arrays, self.held, strict=True)):
            if not all(map(_same, flat_values(x), held)):
                raise GradientMismatch(f"{name} changed its input {i}: a rule must not write into an array.")


def check_repeatable(name: str, f: Callable[..., Sequence[Array]], inputs: Sequence[Array]) -> None:
    """Refuse rules that write into what the tape holds: pulled back twice, they return something else."""
    outputs, pullback = vjp(f, *inputs)
    weights = directions_like(outputs)
    frozen = Frozen([*inputs, *weights])
    first, again = ([flat_values(g) for g in pullback(weights)] for _ in range(2))
    frozen.check(name)
    for a, b in zip(first, again, strict=True):
        if not all(map(_same, a, b)):
            raise GradientMismatch(
                f"{name} has another gradient when it is asked again: a rule wrote into an array."
            )


def compare_values(
    name: str,
    plain: Callable[..., Tree],
    traced: Callable[..., Tree],
    inputs: Sequence[Array],
    *,
    constant: bool,
    trace: bool,
    valued: bool,
    run: Runner,
) -> None:
    """Refuse a traced call whose outputs are not the plain one's: in kind, and in every value.

    Parameters
    ----------
    name : str
        What to call it in an error.
    plain, traced : functions
        Of the inputs to a tree of outputs, in the plain and in the differentiable namespace.
    inputs : sequence of arrays
        All of them are traced, whole numbers and truth values too.
    constant : bool
        Whether the outputs must carry no gradient.
    trace : bool
        Whether the inputs are traced; else the differentiable namespace is given plain arrays.
    valued : bool
        Whether the values are compared; those of ``empty`` are any.
    run : function
        What both are computed through.
    """
    carrying: list[bool] = []

    def on_tape(*inputs: Array) -> list[Tree]:
        if not inputs or not trace:
            return leaves(traced(*inputs))
        tape = Tape(space_of(*inputs), len(inputs))
        found = leaves(traced(*(Traced(tape, slot, x) for slot, x in enumerate(inputs))))
        carrying.extend(type(y) is Traced and tape.carries_gradient(y.slot) for y in found)
        return [y.value if type(y) is Traced else y for y in found]

    wanted = run(lambda *inputs: leaves(plain(*inputs)), *inputs)
    found = run(on_tape, *inputs)
    if len(wanted) != len(found):
        raise GradientMismatch(f"{name} returns {len(found)} arrays, the plain function {len(wanted)}.")
    for x, y in zip(wanted, found, strict=True):
        _check_same(name, x, y, valued=valued)
    if constant and any(carrying):
        raise GradientMismatch(f"{name} is declared constant, and its output carries a gradient.")


def _check_same(name: str, x: Tree, y: Tree, *, valued: bool) -> None:
    wanted, given = _kind(x), _kind(y)
    if wanted != given:
        raise GradientMismatch(f"{name} returns {given} when it is traced, and {wanted} when it is not.")
    if valued and _is_array(x):
        pairs = list(zip(flat_values(x), flat_values(y), strict=True))
        allowed = _allowed(x, [a for a, _ in pairs])
        for i, (a, b) in enumerate(pairs):
            if not _same(a, b) and not abs(a - b) <= allowed:
                raise GradientMismatch(f"{name} is {b} at element {i} when it is traced, and {a} when not.")


def _kind(x: Tree) -> str:
    if not _is_array(x):
        return re.sub(r" at 0x\w+", "", repr(x))
    return f"an array of shape {tuple(x.shape)}, {x.dtype}, {device_of(x)}"


def _is_array(x: Tree) -> bool:
    return isinstance(getattr(x, "shape", None), tuple) and hasattr(x, "dtype")


def _allowed(x: Array, values: Sequence[Number]) -> float:
    space = space_of(x)
    if not space.is_floating(x.dtype):
        return 0.0
    largest = max((abs(value) for value in values if math.isfinite(abs(value))), default=0.0)
    return ULPS * float(space.functions.finfo(x.dtype).eps) * largest


def _same(a: Number, b: Number) -> bool:
    return a == b or (a != a and b != b)  # noqa: PLR0124 - not a number
