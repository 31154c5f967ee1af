"""Tracing: call a function once on traced arrays, and give back gradients like what it was called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.tape import INNERMOST, STALE, Stale, Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.derivatives.transforms.reverse import pull_back
from bpcore.words.errors import InPlace, NotDifferentiable, OptionError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import Structure, flatten, leaves, unflatten

__all__ = ["Trace", "check_argnums", "conjugated", "floating_array", "name_of", "place_of", "trace"]

_NUMPY_CALLED = (
    "a function of NumPy's own was called on a traced array and cannot follow a gradient: call it from the "
    'array\'s namespace, xp = x.__array_namespace__(), or from xp = bpcore.namespace("numpy").'
)


_WRITTEN_ELSEWHERE = (
    "a traced array was written into an array of NumPy's, which cannot hold its gradient: begin with one "
    "that is traced, as xp.zeros_like(x) is, or build it with xp.stack or xp.concat."
)


class Trace(NamedTuple):
    """A function that was traced once: its tape, and what it returned."""

    tape: Tape
    inputs: list[Array]
    structure: Structure
    output: Tree
    again: Callable[[Tape], object]

    def gradient(self, seeds: dict[int, Array]) -> Tree:
        """Return the gradient, as the tree that the inputs came in, for these cotangents of outputs."""
        cotangents = pull_back(self.tape, seeds, self.again)
        taken = {id(g) for g in seeds.values()}  # they belong to the caller
        return unflatten(self.structure, _finished(self.tape, self.inputs, cotangents, taken))


def trace(f: Callable[..., Tree], args: tuple[Tree, ...], argnums: int | tuple[int, ...]) -> Trace:
    """Call `f` with the arguments `argnums` traced."""
    chosen = args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in argnums)
    inputs, structure = flatten(chosen)
    space, like = place_of(inputs, args)
    inputs = [x if type(x) is Traced else floating_array(space, like, x) for x in inputs]
    tape = Tape(space, len(inputs))
    tape.nested = any(type(x) is Traced for x in inputs)

    def call(tape: Tape) -> Tree:
        traced = unflatten(structure, [Traced(tape, slot, x) for slot, x in enumerate(inputs)])
        return _called(f, _filled(args, argnums, traced), tape, inputs)

    output = call(tape)
    if tape.assigned and any(type(y) is Traced and type(y.tape) is Stale for y in leaves(output)):
        raise InPlace(STALE)
    return Trace(tape, inputs, structure, output, call)


def _filled(args: tuple[Tree, ...], argnums: int | tuple[int, ...], traced: Tree) -> list[Tree]:
    """Return the arguments, with those at `argnums` traced."""
    filled = list(args)
    if isinstance(argnums, int):
        filled[argnums] = traced
    else:
        for i, tree in zip(argnums, traced, strict=True):
            filled[i] = tree
    return filled


def _called(f: Callable[..., Tree], args: list[Tree], tape: Tape, inputs: list[Array]) -> Tree:
    """Call `f` while the tape is written; say what NumPy's errors mean."""
    token = INNERMOST.set((tape, inputs[0] if inputs else None))
    try:
        return f(*args)
    except (TypeError, ValueError) as error:
        if "__array_ufunc__" in str(error):  # what NumPy says of an array that refuses its functions
            raise NotDifferentiable(_NUMPY_CALLED) from error
        if "setting an array element" in str(error) and isinstance(error.__cause__, NotDifferentiable):
            raise NotDifferentiable(_WRITTEN_ELSEWHERE) from error
        raise
    finally:
        INNERMOST.reset(token)
        tape.close()


def conjugated(space: Space, g: Array) -> Array:
    """Return the complex conjugate of what is complex, and other arrays as they are."""
    return space.traced.conj(g) if space.is_complex(g.dtype) else g


def place_of(inputs: list[Array], args: tuple[Tree, ...]) -> tuple[Space, Array]:
    """Return the space that the inputs belong to, and an array that numbers among them are made like."""
    arrays = [x for x in inputs if hasattr(x, "dtype")] or [x for x in leaves(args) if hasattr(x, "dtype")]
    space = space_of(*arrays)
    return space, next((x for x in arrays if space.is_floating(x.dtype)), None)


def floating_array(space: Space, like: Array | None, x: Array) -> Array:
    """Return the input as an array that has a derivative, or say why it has none."""
    if type(x) in {float, complex}:
        if like is None or (type(x) is complex and space.is_real(like.dtype)):
            return space.backend.asarray(x)
        return space.backend.asarray(x, dtype=like.dtype, device=device_of(like))
    if hasattr(x, "dtype") and space.is_floating(x.dtype):
        return x
    kind = f"{x.dtype} array" if hasattr(x, "dtype") else repr(x)
    raise NotDifferentiable(f"a gradient with respect to {kind} was asked for: make it floating first.")


def _finished(
    tape: Tape, inputs: list[Array], cotangents: list[Array | None], taken: set[int]
) -> list[Array]:
    """Return one array for each input, none of them sharing memory with another, or with those `taken`.

    Rules are transposes; what users are given is conjugated, where it is complex.
    """
    space = tape.space
    own = getattr(space.functions, "own", None)
    finished = []
    for x, g in zip(inputs, cotangents, strict=True):
        if g is None:
            g = (space.traced if type(x) is Traced else space.functions).zeros_like(x)  # noqa: PLW2901
        elif space.is_complex(g.dtype):
            g = space.traced.conj(g)  # noqa: PLW2901
        elif type(g) is not Traced:
            if id(g) in taken:
                g = space.functions.asarray(g, copy=True)  # noqa: PLW2901
            elif own is not None:
                g = own(g)  # noqa: PLW2901
            taken.add(id(g))
        finished.append(g)
    return finished


def name_of(f: Callable[..., Tree]) -> str:
    """Return what to call `f` in an error."""
    f = getattr(f, "func", f)  # what a partial stands for
    return getattr(f, "__name__", type(f).__name__)


def check_argnums(f: Callable[..., Tree], args: tuple[Tree, ...], argnums: int | tuple[int, ...]) -> None:
    """Want positions that there are."""
    if not isinstance(argnums, int) and len(set(argnums)) != len(argnums):
        raise OptionError("argnums", argnums, "each position once")
    for i in (argnums,) if isinstance(argnums, int) else argnums:
        if i not in range(len(args)):
            raise OptionError("argnums", i, f"a position among the {len(args)} arguments of {name_of(f)}")
