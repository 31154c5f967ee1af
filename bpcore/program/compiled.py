"""`compile`: record a function once for each signature, and hand the Program to the arrays' own backend."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.program.program import Program
from bpcore.program.record import arrays_of, record
from bpcore.program.results import apart, with_values
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
        functools.update_wrapper(self, f)
        self.f = f
        self._entries: dict[Signature, _Entry] = {}

    @property
    def compilations(self) -> int:
        """How many signatures were compiled so far."""
        return len(self._entries)

    def program(self, *args: Tree) -> Program:
        """Return the Program for arguments like these."""
        return self._entry(*arrays_of(self.f, args)).program

    def __call__(self, *args: Tree) -> Tree:
        """Return what the function returns."""
        leaves, structure = flatten(args)
        kinds = {type(x) for x in leaves}
        if Traced in kinds:
            return self.f(*args)  # a derivative is being taken: its rules want to see every call
        if float in kinds:
            leaves, structure = arrays_of(self.f, args)
        entry = self._entry(leaves, structure)
        return unflatten(entry.program.structure, list(entry.run(*leaves)))

    def _entry(self, leaves: list[Array], structure: Structure) -> _Entry:
        try:
            signature = (structure, tuple([(tuple(x.shape), x.dtype, device_of(x)) for x in leaves]))
        except AttributeError:  # not an array: the error names it
            arrays_of(self.f, unflatten(structure, leaves))
            raise
        entry = self._entries.get(signature)
        if entry is None:
            entry = self._entries[signature] = self._compile(unflatten(structure, leaves), space_of(*leaves))
        return entry

    def _compile(self, args: tuple[Tree, ...], space: Space) -> _Entry:
        program = record(self.f, *args)
        return _Entry(program, apart(program, with_values(program, space), space.functions))


def compile(f: Callable[..., Tree]) -> Compiled:
    """Return `f`, compiled by the arrays' own backend.

    Parameters
    ----------
    f : function
        As for `record`: pure, of trees of arrays, with no branch on a value. Arrays that it takes from
        outside its arguments are copied, as they are at the first call. A Python float among its
        arguments is made an array like the others, so that another value is not another compilation.

    Raises
    ------
    RecordError
        At the first call, when `f` reads a value.
    OptionError
        When an argument is not an array: bind it with ``functools.partial``.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> slope = bp.compile(bp.grad(lambda x: x**3))
    >>> float(slope(np.asarray(2.0))), slope.compilations
    (12.0, 1)
    """
    return Compiled(f)
