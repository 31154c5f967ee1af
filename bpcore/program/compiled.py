"""`compile`: record a function once for each signature, and hand the Program to the arrays' own backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bpcore.derivatives.namespace import space_of
from bpcore.derivatives.space import Space
from bpcore.derivatives.traced import Traced
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore.words.protocols import Array, Dtype, Shape, Tree
from bpcore.words.trees import Structure, flatten, unflatten

__all__ = ["Compiled", "compile"]

Signature = tuple[Structure, tuple[tuple[Shape, Dtype, object], ...]]


class _Entry(NamedTuple):
    program: Program
    run: Callable[..., Sequence[Array]]


class Compiled:
    """A function that is recorded at its first call with a signature, and replayed at the others.

    A signature is the tree of the arguments with shapes, dtypes and devices.

    Attributes
    ----------
    compilations : int
        How many signatures there were so far.
    """

    def __init__(self, f: Callable[..., Tree]) -> None:
        self.f = f
        self._entries: dict[Signature, _Entry] = {}

    @property
    def compilations(self) -> int:
        """How many signatures were compiled so far."""
        return len(self._entries)

    def program(self, *args: Tree) -> Program:
        """Return the Program for arguments like these."""
        return self._entry(args, *flatten(args)).program

    def __call__(self, *args: Tree) -> Tree:
        """Return what the function returns."""
        leaves, structure = flatten(args)
        if any(type(x) is Traced for x in leaves):
            return self.f(*args)  # a derivative is being taken: its rules want to see every call
        entry = self._entry(args, leaves, structure)
        return unflatten(entry.program.structure, list(entry.run(*leaves)))

    def _entry(self, args: tuple[Tree, ...], leaves: list[Array], structure: Structure) -> _Entry:
        signature = (structure, tuple((tuple(x.shape), x.dtype, x.device) for x in leaves))
        entry = self._entries.get(signature)
        if entry is None:
            entry = self._entries[signature] = self._compile(args, space_of(*leaves))
        return entry

    def _compile(self, args: tuple[Tree, ...], space: Space) -> _Entry:
        program = record(self.f, *args)
        return _Entry(program, space.backend.compile(program, space.functions))


def compile(f: Callable[..., Tree]) -> Compiled:
    """Return `f`, compiled by the arrays' own backend.

    Parameters
    ----------
    f : function
        As for `record`: pure, of trees of arrays, with no branch on a value.

    Raises
    ------
    RecordError
        At the first call, when `f` reads a value.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> slope = bp.compile(bp.grad(lambda x: x**3))
    >>> float(slope(np.asarray(2.0))), slope.compilations
    (12.0, 1)
    """
    return Compiled(f)
