"""`compile`: record a function once for each signature, and hand the Program to the arrays' own backend."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Self

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.namespace import space_of, space_on
from bpcore.derivatives.transforms.tracing import name_of
from bpcore.ground.backend import Backend, Compile
from bpcore.ground.registry import named
from bpcore.program.carrying import check_carried, with_carried
from bpcore.program.entries import Entry, Run, quickly
from bpcore.program.program import Program
from bpcore.program.record import arrays_of, record
from bpcore.program.results import close_run, lowered
from bpcore.program.scoped import noted, scoped, word_of
from bpcore.program.signature import Signature, fitting, signature_of
from bpcore.program.stepwise import stepwise
from bpcore.words.errors import OptionError, RecordError, ShapeError, StepClosed, choose
from bpcore.words.frames import stack_level
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.tree_code import builder
from bpcore.words.trees import Structure, flatten, tree_map, unflatten

__all__ = ["Compiled", "compile"]


class Compiled:
    """A function that is recorded at its first call with a signature, and replayed at the others.

    A signature is the tree of the arguments with shapes, dtypes and devices.

    Attributes
    ----------
    compilations : int
        How many signatures there were so far.
    """

    def __init__(
        self,
        f: Callable[..., Tree],
        *,
        carry: int = 0,
        backend: str | Backend | None = None,
        uncompilable: str = "raise",
        deterministic: bool | None = None,
    ) -> None:
        functools.update_wrapper(self, f)
        self.f = f
        self.carry = carry
        self.backend = backend
        self.uncompilable = uncompilable
        self.deterministic = deterministic
        self._entries: dict[Signature, Entry | None] = {}
        self._shared: dict[str, Static] = {} if deterministic is None else {"deterministic": deterministic}
        self._warned = False
        self._last: tuple[Entry, Sequence[Array]] | None = None
        self._quick: Callable[[tuple[Tree, ...]], tuple[Tree] | None] | None = None
        self._closed = False

    @property
    def compilations(self) -> int:
        """How many signatures were compiled so far."""
        return sum(entry is not None for entry in self._entries.values())

    def program(self, *args: Tree) -> Program:
        """Return the Program for arguments like these."""
        entry = self._entry(*arrays_of(self.f, args))
        return self._recorded(args) if entry is None else entry.program

    def source(self, *args: Tree) -> str:
        """Return what the backend made of the Program for arguments like these, where that is a text."""
        entry = self._entry(*arrays_of(self.f, args))
        return "" if entry is None else getattr(entry.run, "source", "")

    def __call__(self, *args: Tree) -> Tree:
        """Return what the function returns."""
        quick, last = self._quick, self._last
        self._quick = self._last = None  # until it is known what comes back
        if quick is not None:
            found = quick(args)
            if found is not None:
                self._quick = quick
                return found[0]
        others = None if last is None else last[0].fits(args, last[1])
        if last is None or others is None:
            entry, leaves = self._found(args)
            if entry is None:
                return self._uncompiled(args)
        else:
            entry, leaves = last[0], (*last[1], *others)
        outputs = entry.run(*leaves)
        count = len(entry.program.carried)
        known = outputs[:count]
        if entry.again is None:
            self._last = entry, known
        else:
            self._quick = quickly(entry, entry.again, known)
        return entry.build(known, outputs[count:])

    def scan(self, *args: Tree) -> Tree:
        """Run the function many times in one call, as a loop over what it carries.

        Parameters
        ----------
        *args : trees of arrays
            First those that are carried, as for a call. The leaves of the others have one more axis in
            front, of one length in all of them: the number of steps.

        Returns
        -------
        tuple of trees
            What is carried, after the last step; and the other results of all steps, each stacked along a
            new first axis. What is carried is overwritten by the next call or scan: copy what is kept.

        Raises
        ------
        OptionError
            When nothing is carried.
        ShapeError
            When there is no such axis, or its lengths differ, or there is no step to make.

        Examples
        --------
        >>> import bpcore as bp, numpy as np
        >>> total = bp.compile(lambda s, x: (s + x, s * x), carry=1)
        >>> total.scan(np.asarray(0.0), np.asarray([1.0, 2.0, 3.0]))
        (array(6.), array([0., 2., 9.]))
        """
        stacked, structure = arrays_of(self.f, args[self.carry :])
        length = self._length(stacked)
        carried = args[: self.carry]
        entry, leaves = self._found((*carried, *unflatten(structure, [x[0, ...] for x in stacked])))
        if entry is None:
            return self._one_by_one(length, carried, stacked, structure)
        if entry.loop is None:
            entry.loop = self._loop(entry)
        outputs = entry.loop(length, *islice(leaves, len(leaves) - len(stacked)), *stacked)
        count = len(entry.program.carried)
        return entry.build(outputs[:count], outputs[count:])

    def close(self) -> None:
        """Free what the backend holds for it: graphs and memory on a device; a later call is an error.

        Without it that happens when the function is garbage. Arrays that were returned stay as they are.
        """
        entries, self._entries = self._entries, {}
        self._shared, self._closed = {}, True
        self._last = self._quick = None
        for entry in entries.values():
            close_run(None if entry is None else entry.run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _uncompiled(self, args: tuple[Tree, ...]) -> Tree:
        results = self.f(*args)
        if self.carry:
            leaves, structure = arrays_of(self.f, args)
            check_carried(self.f, self.carry, unflatten(structure, leaves), results)
        return results

    def _one_by_one(
        self, length: int, carried: tuple[Tree, ...], stacked: list[Array], structure: Structure
    ) -> Tree:
        others = []
        for i in range(length):
            results = self._uncompiled((*carried, *unflatten(structure, [x[i, ...] for x in stacked])))
            carried = results[: self.carry]
            others.append(results[self.carry :])
        stack = space_of(*stacked).traced.stack
        return (
            *carried,
            *tree_map(lambda *column: stack(column) if hasattr(column[0], "dtype") else column[0], *others),
        )

    def _length(self, stacked: list[Array]) -> int:
        name = f"scan of {name_of(self.f)}"
        if not self.carry:
            do = "Write bpcore.compile(f, carry=1) where the first argument comes back as the first result."
            raise OptionError(name, "one with carry=0", "of a function that carries", do)
        if not stacked:
            do = "How many steps to make is the length of their first axis."
            raise OptionError(name, "none", "given arrays beside what is carried", do)
        lengths = {x.shape[0] if x.shape else None for x in stacked}
        (length, *more) = lengths
        if more or not length:
            found = ", ".join(sorted(str(tuple(x.shape)) for x in stacked))
            do = "Stack what each step takes along a new first axis: its length, one or more, is the steps."
            raise ShapeError(name, "arrays with one first axis of one length", f"shapes {found}", do)
        return int(length)

    def _found(self, args: tuple[Tree, ...]) -> tuple[Entry | None, Sequence[Array]]:
        """Return the entry for these arguments, made if there is none, and their leaves."""
        leaves, structure = flatten(args)
        kinds = {type(x) for x in leaves}
        if Traced in kinds:
            return None, leaves  # a derivative is being taken: its rules want to see every call
        if float in kinds:
            leaves, structure = arrays_of(self.f, args)
        return self._entry(leaves, structure), leaves

    def _entry(self, leaves: list[Array], structure: Structure) -> Entry | None:
        try:
            signature = signature_of(structure, leaves)
        except AttributeError:  # not an array: the error names it
            arrays_of(self.f, unflatten(structure, leaves))
            raise
        if signature not in self._entries:
            self._entries[signature] = self._made(unflatten(structure, leaves), leaves, signature)
        return self._entries[signature]

    def _made(self, args: tuple[Tree, ...], leaves: list[Array], signature: Signature) -> Entry | None:
        if self._closed:
            raise StepClosed(name_of(self.f))
        try:
            with noted() as words:
                program = self._recorded(args)
        except RecordError as error:
            if self.uncompilable != "eager":
                raise
            if not self._warned:
                message = f"{name_of(self.f)} runs uncompiled: {error}"
                warnings.warn(message, RuntimeWarning, stacklevel=stack_level())
                self._warned = True
            return None
        space, word = self._space(leaves), word_of(self.f, name_of(self.f), words)
        run = self._lowered(program, space, space.backend.compile, word)
        return Entry(
            program,
            space,
            word,
            run,
            fitting(signature, [type(x) for x in leaves], len(program.carried)),
            builder(program.structure, len(program.carried)),
            getattr(run, "again", None),
        )

    def _space(self, leaves: Sequence[Array]) -> Space:
        """Return the space of the backend that compiles: the arrays must be its library's."""
        own = space_of(*leaves)
        if self.backend is None:
            return own
        space = space_on(self.backend)
        names = [one.backend.namespace.__name__ for one in (space, own)]  # numba compiles for NumPy's
        if leaves and names[0] != names[1]:
            raise OptionError(
                f"the backend that compiles {name_of(self.f)}", space.backend.name,
                f"one for its arrays, which are {own.backend.library}'s",
                f'Bring them over first, with bpcore.backend("{space.backend.name}").asarray(x), '
                "or leave backend= out.",
            )  # fmt: skip
        return space

    def _recorded(self, args: tuple[Tree, ...]) -> Program:
        program = record(self.f, *args)
        return with_carried(self.f, program, self.carry, args) if self.carry else program

    def _loop(self, entry: Entry) -> Run:
        loop = entry.space.backend.loop
        if loop is None:
            return stepwise(entry.program, entry.run, entry.space.functions)
        return self._lowered(entry.program, entry.space, loop, entry.precision)

    def _lowered(self, program: Program, space: Space, how: Compile, word: str) -> Run:
        """Return what a backend makes of a Program, in the scope of a precision."""
        self._shared.pop("precision", None)
        self._shared |= {} if word == "float32" else {"precision": word}
        precision = space.backend.precision(word)
        return scoped(lowered(program, space, how, self._shared), precision)


def compile(
    f: Callable[..., Tree],
    *,
    carry: int = 0,
    backend: str | Backend | None = None,
    uncompilable: str = "raise",
    deterministic: bool | None = None,
) -> Compiled:
    """Return `f`, compiled by the arrays' own backend.

    Parameters
    ----------
    f : function
        As for `record`: pure, of trees of arrays, with no branch on a value. Arrays that it takes from
        outside its arguments are copied, as they are at the first call. A Python float among its
        arguments is made an array like the others, so that another value is not another compilation.
    carry : int >= 0
        How many arguments, from the first, come back as the first results, with the same tree, shapes and
        dtypes: parameters and state of a training step. Their arrays are given up by the caller, and the
        memory is used again: what was returned is overwritten by the next call, unless it is copied.
    backend : str, Backend or None
        Who compiles; None is the arrays' own backend. ``"numba"`` compiles for NumPy's arrays.
    uncompilable : "raise" or "eager"
        What happens when `f` reads a value: an error that names the line, or a warning that does, and `f`
        runs uncompiled from then on.
    deterministic : bool or None
        Whether products must be the same to the last bit in every run, on devices that also have faster
        ones that are not, which are CuPy's. None is what ``BPCORE_DETERMINISTIC`` says: yes, but for ``0``.

    Raises
    ------
    RecordError
        At the first call, when `f` reads a value.
    BackendMissing
        When no backend has that name.
    OptionError
        When an argument is not an array: bind it with ``functools.partial``. When what is carried does not
        come back as it was taken.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> slope = bp.compile(bp.grad(lambda x: x**3))
    >>> float(slope(np.asarray(2.0))), slope.compilations
    (12.0, 1)
    """
    if not callable(f):
        raise OptionError("f", f, "a function")
    choose("uncompilable", uncompilable, ("raise", "eager"))
    if type(carry) is not int or carry < 0:
        raise OptionError("carry", carry, "the number of arguments that come back, from the first")
    if deterministic is not None and type(deterministic) is not bool:
        raise OptionError("deterministic", deterministic, "True, False or None")
    named(backend)
    return Compiled(f, carry=carry, backend=backend, uncompilable=uncompilable, deterministic=deterministic)
