"""Transforms: functions in, functions out."""

from __future__ import annotations

import functools
from collections.abc import Callable

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.tape import Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.derivatives.transforms.tracing import check_argnums, conjugated, name_of, trace
from bpcore.words.errors import NotDifferentiable, ShapeError
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import Structure, flatten, tree_map, unflatten

__all__ = ["grad", "lowered", "on_tape", "stop_gradient", "value_and_grad", "vjp"]


def on_tape(tape: Tape, y: Array) -> bool:
    """Return whether an output was computed on this tape; else it does not depend on the inputs."""
    return type(y) is Traced and y.tape is tape


def _value(tape: Tape, y: Array) -> Array:
    """Return the value of an output one level down."""
    return y.value if on_tape(tape, y) else y


def lowered(tape: Tape, tree: Tree) -> Tree:
    """Return the values of outputs, one level down."""
    values, structure = flatten(tree)
    return unflatten(structure, [_value(tape, y) for y in values])


def _cotangent(space: Space, y: Array, g: Array) -> Array:
    """Return a cotangent as an array of the output's shape and dtype, as rules want it."""
    shape = tuple(getattr(g, "shape", ()))
    if shape != tuple(y.shape):
        raise ShapeError("pullback", f"a cotangent of shape {tuple(y.shape)}", shape)
    if not hasattr(g, "dtype"):
        g = space.functions.asarray(g, dtype=y.dtype, device=device_of(y))
    return conjugated(space, g if g.dtype == y.dtype else space.traced.astype(g, y.dtype))


def _ones(space: Space, y: Array) -> Array:
    return (space.traced if type(y) is Traced else space.functions).ones_like(y)


def _check_one_number(space: Space, f: Callable[..., Tree], value: Array) -> None:
    """Want what has a gradient: one real floating number."""
    if type(value) in {float, int}:
        return  # a constant
    shape = getattr(value, "shape", None)
    if shape is None or shape != ():
        raise ShapeError(
            f"grad of {name_of(f)}",
            "a function that returns an array of shape ()",
            type(value).__name__ if shape is None else tuple(shape),
            "Take the mean or the sum, or use vjp or jacobian.",
        )
    if not space.is_real(value.dtype):
        raise NotDifferentiable(
            f"grad of {name_of(f)} was asked for, but it returns {value.dtype}: return a real floating array."
        )


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
        Of the same arguments, keyword arguments as they are, to ``(value, gradient)``, or
        ``((value, aux), gradient)``. The gradient is a tree like the argument, each array of the
        argument's shape, dtype and device; for a tuple of `argnums`, a tuple of such trees.

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
    def differentiated(*args: Tree, **options: Static) -> tuple[Tree, Tree]:
        check_argnums(f, args, argnums)
        traced = trace(functools.partial(f, **options) if options else f, args, argnums)
        tape = traced.tape
        y, aux = traced.output if has_aux else (traced.output, None)
        value = _value(tape, y)
        _check_one_number(tape.space, f, value)
        seeds = {y.slot: _ones(tape.space, value)} if on_tape(tape, y) else {}
        gradient = traced.gradient(seeds)
        return ((value, lowered(tape, aux)) if has_aux else value), gradient

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
    def differentiated(*args: Tree, **options: Static) -> Tree:
        value, gradient = both(*args, **options)
        return (gradient, value[1]) if has_aux else gradient

    return differentiated


def vjp(f: Callable[..., Tree], *args: Tree, has_aux: bool = False) -> tuple[Tree, ...]:
    """Return ``f(*args)`` and the function that pulls a cotangent of it back to the arguments.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays.
    *args : trees of floating arrays
        Not to be written into as long as the pull-back is wanted: it holds them, and does not copy them.
    has_aux : bool
        Whether `f` returns a pair, of the output and of a tree that is passed through.

    Returns
    -------
    output : tree of arrays
    pullback : function
        Of a tree like `output` to a tuple of trees like `args`: vector times Jacobian. For complex arrays
        it is the adjoint. It can be called again.
    aux : tree
        With `has_aux` only.

    Raises
    ------
    NotDifferentiable
        When an argument is not floating, or a function on the way has no rule.
    ShapeError
        From `pullback`, when a cotangent is not like the output.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> y, pullback = bp.vjp(lambda x: x**2, np.asarray([1.0, 2.0]))
    >>> pullback(np.asarray([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    traced = trace(f, args, tuple(range(len(args))))
    tape = traced.tape
    output, aux = traced.output if has_aux else (traced.output, None)
    outputs, structure = flatten(output)

    def pullback(cotangent: Tree) -> tuple[Tree, ...]:
        return tuple(traced.gradient(_seeds(tape, outputs, structure, cotangent)))

    value = unflatten(structure, [_value(tape, y) for y in outputs])
    return (value, pullback, lowered(tape, aux)) if has_aux else (value, pullback)


def _seeds(tape: Tape, outputs: list[Array], structure: Structure, cotangent: Tree) -> dict[int, Array]:
    """Return the cotangents of the outputs that depend on the inputs, by slot."""
    gs, given = flatten(cotangent)
    if given != structure:
        raise ShapeError("pullback", f"a cotangent of the output's structure, {structure}", given)
    seeds: dict[int, Array] = {}
    for y, g in zip(outputs, gs, strict=True):
        if not hasattr(y, "shape"):
            continue  # a number that does not depend on the arguments
        seed = _cotangent(tape.space, y, g)
        if on_tape(tape, y):
            seeds[y.slot] = tape.space.traced.add(seeds[y.slot], seed) if y.slot in seeds else seed
    return seeds


def stop_gradient(tree: Tree) -> Tree:
    """Return the arrays of a tree as constants: no gradient goes back through them.

    Parameters
    ----------
    tree : tree of arrays, plain or traced; numbers are left as they are

    Examples
    --------
    >>> import bpcore as bp
    >>> float(bp.grad(lambda x: x * bp.stop_gradient(x))(3.0))
    3.0
    """

    def stopped(x: Array) -> Array:
        return space_of(x).traced.stop_gradient(x) if hasattr(x, "dtype") else x

    return tree_map(stopped, tree)
