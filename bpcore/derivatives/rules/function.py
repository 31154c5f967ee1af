"""What a differentiable function is: a name of the standard, and how to go back.

A rule is a pure function

    rule(xp, g, y, *inputs, **static) -> cotangent of one input

with `xp` the namespace to compute in, `g` the cotangent of the output, `y` the output, `inputs` the
array arguments as they were given (Python numbers stay Python numbers) and `static` the keyword
arguments. Rules call named functions of `xp` only, so that a rule is itself differentiable, and
`xp.matmul(a, b)` rather than the operator, so that a backend can put its own product there.

Rules are transposes: for complex numbers too nothing is conjugated in them, and the rule of a holomorphic
function is ``g * f'(x)`` as for a real one. Cotangent and tangent are paired as ``Re(sum(g * tangent))``. The
public transforms conjugate what goes in and what comes out, so that users see ``dL/dRe + i dL/dIm``.

Forward mode needs no rules of its own. It follows from these by the entry's `Forward`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import TypeAlias, overload

from bpcore.words.protocols import Array, Namespace

__all__ = [
    "ITEM",
    "EachInput",
    "Forward",
    "Function",
    "Rule",
    "combining",
    "constant",
    "elementwise",
    "function",
    "linear",
    "multilinear",
    "several",
]

Rule: TypeAlias = Callable[..., Array]


class Forward(Enum):
    """How the tangent of the output follows from the tangents of the inputs."""

    DIAGONAL = auto()
    """The Jacobian is diagonal and its own transpose: the rules, applied to tangents."""
    LINEAR = auto()
    """The function is linear in all its inputs together: the function itself, applied to tangents."""
    MULTILINEAR = auto()
    """It is linear in each input, like a product: the function itself, with one tangent at a time."""
    TRANSPOSED = auto()
    """The rule, which is linear in `g`, is traced and transposed."""


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """One entry of the table.

    Attributes
    ----------
    name : str
        The standard's name, which is also the name in every namespace; in an extension with a dot, as in
        ``linalg.qr``.
    backward : sequence of rules or None, or None
        One per array input; None for an input that has no derivative (a mask, an index). None in
        place of the sequence says that the function is constant: its output carries no gradient.
    broadcasts : bool
        Whether the inputs are broadcast or promoted together, so that cotangents must be summed, and cast,
        back.
    compute : function ``(xp, *inputs, **static)`` or None
        How to compute it in functions of the standard; None for the standard's own functions. A
        backend's kernel of the same name is used instead where there is one.
    takes_list : bool
        Whether the array inputs are passed as one list, as in ``concat([a, b])``.
    reason : str
        Why a constant function is constant.
    forward : Forward
        How forward mode follows from the rules.
    several : bool
        Whether the output is a tuple of arrays. Then a rule is given tuples for `g` and `y`; in `g`, zeros
        stand where no cotangent came, and None for outputs that are whole numbers or truth values.
    views : bool
        Whether a library may return memory of the first input, so that writing into one changes the other.
    inlined : bool
        Whether a recording looks inside and writes down what is called there: a user's own function.
    reads : bool
        Whether the output's shape depends on values, so that no Program can hold it.
    """

    name: str
    backward: Sequence[Rule | None] | None
    broadcasts: bool = False
    compute: Callable[..., Array] | None = None
    takes_list: bool = False
    reason: str = ""
    forward: Forward = Forward.TRANSPOSED
    several: bool = False
    views: bool = False
    reads: bool = False
    inlined: bool = False

    def __repr__(self) -> str:
        return f"<function {self.name}>"


def function(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make an entry whose rules return cotangents of the inputs' own shapes."""
    return Function(name, backward, compute=compute)


def linear(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make such an entry that is linear in all inputs that have a rule, together."""
    return Function(name, backward, compute=compute, forward=Forward.LINEAR)


def elementwise(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make an entry whose inputs are broadcast element by element; its rules need not undo that."""
    return Function(name, backward, broadcasts=True, compute=compute, forward=Forward.DIAGONAL)


def combining(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make an entry that promotes its inputs, and broadcasts what it takes apart; likewise."""
    return Function(name, backward, broadcasts=True, compute=compute)


def multilinear(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make such an entry that is linear in each of its inputs: a product."""
    return Function(name, backward, broadcasts=True, compute=compute, forward=Forward.MULTILINEAR)


def several(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make an entry whose output is a tuple of arrays."""
    return Function(name, backward, compute=compute, several=True)


def constant(
    reason: str,
    *names: str,
    compute: Callable[..., Array] | None = None,
    several: bool = False,
    reads: bool = False,
) -> tuple[Function, ...]:
    """Make entries whose outputs carry no gradient, with the reason."""
    return tuple(
        Function(name, None, compute=compute, reason=reason, several=several, reads=reads) for name in names
    )


def _item(xp: Namespace, parts: Sequence[Array], /, *, index: int) -> Array:
    return parts[index]


ITEM = Function("item", (None,), compute=_item)
"""One array out of the tuple that a function of several outputs returned; the walkers know it."""


class EachInput(Sequence[Rule | None]):
    """One rule for functions of any number of inputs: it is told which, as its first argument.

    Parameters
    ----------
    rule : rule
    first : int or None
        How many of the inputs, from the first, have it; None for all of them.
    """

    def __init__(self, rule: Rule, first: int | None = None) -> None:
        self.rule = rule
        self.first = first

    @overload
    def __getitem__(self, index: int, /) -> Rule | None: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Rule | None]: ...
    def __getitem__(self, index: int | slice, /) -> Rule | Sequence[Rule | None] | None:
        if self.first is not None and isinstance(index, int) and index >= self.first:
            return None
        return partial(self.rule, index)

    def __len__(self) -> int:
        return self.first or 1
