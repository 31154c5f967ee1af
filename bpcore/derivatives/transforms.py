"""Transforms: functions in, functions out."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from bpcore.derivatives.namespace import Space, device_of, space_of
from bpcore.derivatives.reverse import pull_back
from bpcore.derivatives.tape import Tape
from bpcore.derivatives.traced import Traced
from bpcore.words.errors import NotDifferentiable, OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import Structure, flatten, unflatten

__all__ = ["grad", "jacobian", "value_and_grad", "vjp"]


_NUMPY_CALLED = (
    "a function of NumPy's own was called on a traced array and cannot follow a gradient: call it from the "
    'array\'s namespace, xp = x.__array_namespace__(), or from xp = bpcore.namespace("numpy").'
)


class _Trace(NamedTuple):
    """A function that was traced once: its tape, and what it returned."""

    tape: Tape
    inputs: list[Array]
    structure: Structure
    output: Tree

    def gradient(self, seeds: dict[int, Array]) -> Tree:
        """Return the cotangents of the inputs, as the tree that they came in."""
        return unflatten(self.structure, _finished(self.tape, self.inputs, pull_back(self.tape, seeds)))


def _trace(f: Callable[..., Tree], args: tuple[Tree, ...], argnums: int | tuple[int, ...]) -> _Trace:
    """Call `f` with the arguments `argnums` traced."""
    chosen = args[argnums] if isinstance(argnums, int) else tuple(args[i] for i in argnums)
    inputs, structure = flatten(chosen)
    space = space_of(*inputs)
    inputs = [x if type(x) is Traced else _real(space, x) for x in inputs]
    tape = Tape(space, len(inputs))
    tape.nested = any(type(x) is Traced for x in inputs)
    traced = unflatten(structure, [Traced(tape, slot, x) for slot, x in enumerate(inputs)])
    filled = list(args)
    if isinstance(argnums, int):
        filled[argnums] = traced
    else:
        for i, tree in zip(argnums, traced, strict=True):
            filled[i] = tree
    try:
        output = f(*filled)
    except TypeError as error:
        if "__array_ufunc__" in str(error):  # what NumPy says of an array that refuses its functions
            raise NotDifferentiable(_NUMPY_CALLED) from error
        raise
    finally:
        tape.close()
    return _Trace(tape, inputs, structure, output)


def _real(space: Space, x: Array) -> Array:
    """Return the input as an array that has a derivative, or say why it has none."""
    if type(x) is float:
        return space.backend.asarray(x)
    if hasattr(x, "dtype") and space.is_real(x.dtype):
        return x
    kind = f"{x.dtype} array" if hasattr(x, "dtype") else repr(x)
    raise NotDifferentiable(f"a gradient with respect to {kind} was asked for: make it real floating first.")


def _finished(tape: Tape, inputs: list[Array], cotangents: list[Array | None]) -> list[Array]:
    """Return one array for each input, none of them sharing memory with another."""
    space = tape.space
    own = getattr(space.functions, "own", None)
    seen: set[int] = set()
    finished = []
    for x, g in zip(inputs, cotangents, strict=True):
        if g is None:
            g = (space.traced if type(x) is Traced else space.functions).zeros_like(x)  # noqa: PLW2901
        elif type(g) is not Traced:
            if id(g) in seen:
                g = space.functions.asarray(g, copy=True)  # noqa: PLW2901
            elif own is not None:
                g = own(g)  # noqa: PLW2901
            seen.add(id(g))
        finished.append(g)
    return finished


def _on_tape(tape: Tape, y: Array) -> bool:
    return type(y) is Traced and y.tape is tape


def _value(tape: Tape, y: Array) -> Array:
    """Return the value of an output one level down."""
    return y.value if _on_tape(tape, y) else y


def _lower(tape: Tape, tree: Tree) -> Tree:
    values, structure = flatten(tree)
    return unflatten(structure, [_value(tape, y) for y in values])


def _ones(space: Space, y: Array) -> Array:
    return (space.traced if type(y) is Traced else space.functions).ones_like(y)


def value_and_grad(
    f: Callable[..., Tree], *, argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., tuple[Tree, Tree]]:
    """Return a function that computes the value of `f` and its gradient.

    Parameters
    ----------
    f : function
        Of arrays, or trees of them (dicts, lists, tuples), to an array of shape (), real floating.
    argnums : int or tuple of int
        Which positional arguments to differentiate by; real floating arrays, or Python floats.
    has_aux : bool
        Whether `f` returns a pair, of the value and of a tree that is passed through.

    Returns
    -------
    function
        Of the same arguments, to ``(value, gradient)``, or ``((value, aux), gradient)``. The gradient
        is a tree like the argument, each array of the argument's shape, dtype and device; for a
        tuple of `argnums`, a tuple of such trees.

    Raises
    ------
    ShapeError
        When `f` returns an array that is not of shape ().
    NotDifferentiable
        When an argument is not real floating, or a function on the way has no rule.

    Examples
    --------
    >>> import bpcore as bp
    >>> value, gradient = bp.value_and_grad(lambda x, y: x**2 + y**2, argnums=(0, 1))(3.0, 4.0)
    >>> float(value), [float(g) for g in gradient]
    (25.0, [6.0, 8.0])
    """

    @functools.wraps(f)
    def differentiated(*args: Tree) -> tuple[Tree, Tree]:
        _check_argnums(f, args, argnums)
        trace = _trace(f, args, argnums)
        tape = trace.tape
        y, aux = trace.output if has_aux else (trace.output, None)
        value = _value(tape, y)
        if getattr(value, "shape", ()) != ():
            raise ShapeError(
                f"grad of {_name(f)}",
                "a function that returns an array of shape ()",
                tuple(value.shape),
                "Take the mean or the sum, or use vjp or jacobian.",
            )
        seeds = {y.slot: _ones(tape.space, value)} if _on_tape(tape, y) else {}
        gradient = trace.gradient(seeds)
        return ((value, _lower(tape, aux)) if has_aux else value), gradient

    return differentiated


def grad(
    f: Callable[..., Tree], *, argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Tree]:
    """Return a function that computes the gradient of `f`; with `has_aux`, ``(gradient, aux)``.

    Parameters, errors: as for `value_and_grad`.

    Examples
    --------
    >>> import bpcore as bp
    >>> float(bp.grad(lambda x: x**3 - 3 * x**2 + 2 * x + 1)(2.0))
    2.0
    >>> float(bp.grad(bp.grad(lambda x: x**3))(2.0))
    12.0
    """
    both = value_and_grad(f, argnums=argnums, has_aux=has_aux)

    @functools.wraps(f)
    def differentiated(*args: Tree) -> Tree:
        value, gradient = both(*args)
        return (gradient, value[1]) if has_aux else gradient

    return differentiated


def vjp(f: Callable[..., Tree], *args: Tree) -> tuple[Tree, Callable[[Tree], tuple[Tree, ...]]]:
    """Return ``f(*args)`` and the function that pulls a cotangent of it back to the arguments.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays.
    *args : trees of real floating arrays

    Returns
    -------
    output : tree of arrays
    pullback : function
        Of a tree like `output` to a tuple of trees like `args`: vector times Jacobian. It can be
        called again.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> y, pullback = bp.vjp(lambda x: x**2, np.asarray([1.0, 2.0]))
    >>> pullback(np.asarray([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    trace = _trace(f, args, tuple(range(len(args))))
    tape = trace.tape
    outputs, structure = flatten(trace.output)

    def pullback(cotangent: Tree) -> tuple[Tree, ...]:
        gs, given = flatten(cotangent)
        if given != structure:
            raise ShapeError("pullback", "a cotangent of the output's structure", given)
        seeds: dict[int, Array] = {}
        xp = tape.space.traced
        for y, g in zip(outputs, gs, strict=True):
            if tuple(g.shape) != tuple(y.shape):
                raise ShapeError("pullback", f"a cotangent of shape {tuple(y.shape)}", tuple(g.shape))
            if _on_tape(tape, y):
                seeds[y.slot] = xp.add(seeds[y.slot], g) if y.slot in seeds else g
        gradient = trace.gradient(seeds)
        return tuple(gradient)

    return unflatten(structure, [_value(tape, y) for y in outputs]), pullback


def jacobian(f: Callable[..., Array], *, argnums: int = 0) -> Callable[..., Tree]:
    """Return a function that computes the Jacobian of `f`, one pull-back for each element of its output.

    Parameters
    ----------
    f : function
        Of trees of arrays to one array.
    argnums : int
        Which argument to differentiate by.

    Returns
    -------
    function
        Of the same arguments, to a tree like the argument, with arrays of the output's shape followed by
        the input's.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> bp.jacobian(lambda x: x**2)(np.asarray([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(f)
    def differentiated(*args: Tree) -> Tree:
        _check_argnums(f, args, argnums)

        def of_one(x: Tree) -> Array:
            return f(*args[:argnums], x, *args[argnums + 1 :])

        y, pullback = vjp(of_one, args[argnums])
        xp = space_of(y).traced
        shape, size = tuple(y.shape), max(_size(y.shape), 0)
        numbers = xp.reshape(xp.arange(size, device=device_of(y)), shape)
        rows = [
            flatten(pullback(xp.astype(xp.equal(numbers, i), y.dtype))[0]) for i in range(size)
        ]
        if not rows:
            raise ShapeError(f"jacobian of {_name(f)}", "an output with elements", shape)
        columns = zip(*(row for row, _ in rows), strict=True)
        stacked = [xp.reshape(xp.stack(column), shape + tuple(column[0].shape)) for column in columns]
        return unflatten(rows[0][1], stacked)

    return differentiated


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _name(f: Callable[..., Tree]) -> str:
    return getattr(f, "__name__", type(f).__name__)


def _check_argnums(f: Callable[..., Tree], args: tuple[Tree, ...], argnums: int | tuple[int, ...]) -> None:
    for i in (argnums,) if isinstance(argnums, int) else argnums:
        if not 0 <= i < len(args):
            raise OptionError("argnums", i, f"a position among the {len(args)} arguments of {_name(f)}")
