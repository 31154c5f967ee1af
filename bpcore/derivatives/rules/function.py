"""What a differentiable function is: a name of the standard, and how to go back.

A rule is a pure function

    rule(xp, g, y, *inputs, **static) -> cotangent of one input

with `xp` the namespace to compute in, `g` the cotangent of the output, `y` the output, `inputs` the
array arguments as they were given (Python numbers stay Python numbers) and `static` the keyword
arguments. Rules call named functions of `xp` only, so that a rule is itself differentiable, and
`xp.matmul(a, b)` rather than `a @ b`, so that a backend can put its own product there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, overload

from bpcore.words.protocols import Array

__all__ = ["EachInput", "Function", "Rule", "combining", "constant", "elementwise", "function"]

Rule: TypeAlias = Callable[..., Array]


@dataclass(frozen=True, eq=False, slots=True)
class Function:
    """One entry of the table.

    Attributes
    ----------
    name : str
        The standard's name, which is also the name in every namespace.
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
    """

    name: str
    backward: Sequence[Rule | None] | None
    broadcasts: bool = False
    compute: Callable[..., Array] | None = None
    takes_list: bool = False
    reason: str = ""

    def __repr__(self) -> str:
        return f"<function {self.name}>"


def function(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make an entry whose rules return cotangents of the inputs' own shapes."""
    return Function(name, backward, compute=compute)


def elementwise(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make an entry whose inputs are broadcast; its rules need not undo that."""
    return combining(name, *backward, compute=compute)


def combining(name: str, *backward: Rule | None, compute: Callable[..., Array] | None = None) -> Function:
    """Make an entry that promotes its inputs, and broadcasts what it takes apart; likewise."""
    return Function(name, backward, broadcasts=True, compute=compute)


def constant(reason: str, *names: str, compute: Callable[..., Array] | None = None) -> tuple[Function, ...]:
    """Make entries whose outputs carry no gradient, with the reason."""
    return tuple(Function(name, None, compute=compute, reason=reason) for name in names)


class EachInput(Sequence[Rule]):
    """One rule for functions of any number of inputs: it is told which, as its first argument."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    @overload
    def __getitem__(self, index: int, /) -> Rule: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Rule]: ...
    def __getitem__(self, index: int | slice, /) -> Rule | Sequence[Rule]:
        return partial(self.rule, index)

    def __len__(self) -> int:
        return 1
