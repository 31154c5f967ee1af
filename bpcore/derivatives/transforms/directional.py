"""Derivatives along a direction: forward mode, and the Hessian times a vector."""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.namespaces.namespace import device_of
from bpcore.derivatives.transforms.forward import push_forward
from bpcore.derivatives.transforms.gradients import grad, lowered, on_tape
from bpcore.derivatives.transforms.tracing import Trace, name_of, trace
from bpcore.words.errors import ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, unflatten

__all__ = ["hvp", "jvp", "linearize"]


def linearize(f: Callable[..., Tree], *args: Tree) -> tuple[Tree, Callable[..., Tree]]:
    """Return ``f(*args)`` and the function that pushes tangents of the arguments forward to it.

    `f` is called once; the counterpart of `vjp`.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays.
    *args : trees of floating arrays

    Returns
    -------
    output : tree of arrays
    pushforward : function
        Of one tangent for each argument, a tree like it, to a tree like `output`: Jacobian times vector.
        It can be called again.

    Raises
    ------
    NotDifferentiable
        When an argument is not floating, or a function on the way has no rule.
    ShapeError
        From `pushforward`, when a tangent is not like its argument.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> y, pushforward = bp.linearize(lambda x: x**2, np.asarray([1.0, 2.0]))
    >>> pushforward(np.asarray([1.0, 10.0]))
    array([ 2., 40.])
    """
    traced = trace(f, args, tuple(range(len(args))))
    outputs, structure = flatten(traced.output)

    def pushforward(*tangents: Tree) -> Tree:
        found = push_forward(traced.tape, _seeds(f, traced, tangents), traced.again)
        moved = [found.get(y.slot) if on_tape(traced.tape, y) else None for y in outputs]
        return unflatten(
            structure, [_still(traced, y) if t is None else t for y, t in zip(outputs, moved, strict=True)]
        )

    return lowered(traced.tape, traced.output), pushforward


def _seeds(f: Callable[..., Tree], traced: Trace, tangents: tuple[Tree, ...]) -> dict[int, Array]:
    """Return the tangents by slot, each an array like its input."""
    given, structure = flatten(tangents)
    if structure != traced.structure:
        raise ShapeError(
            f"pushforward of {name_of(f)}", f"tangents like the arguments, {traced.structure}", structure
        )
    space = traced.tape.space
    seeds: dict[int, Array] = {}
    for slot, (x, t) in enumerate(zip(traced.inputs, given, strict=True)):
        shape = tuple(getattr(t, "shape", ()))
        if shape != tuple(x.shape):
            raise ShapeError(f"pushforward of {name_of(f)}", f"a tangent of shape {tuple(x.shape)}", shape)
        if not hasattr(t, "dtype"):
            seeds[slot] = space.backend.asarray(t, dtype=x.dtype, device=device_of(x))
        else:
            seeds[slot] = t if t.dtype == x.dtype else space.traced.astype(t, x.dtype)
    return seeds


def _still(traced: Trace, y: Array) -> Array:
    """Return zeros like an output that does not depend on the arguments; a number is one of its own."""
    if not hasattr(y, "dtype"):
        return 0.0
    return traced.tape.space.traced.zeros_like(y.value if on_tape(traced.tape, y) else y)


def jvp(f: Callable[..., Tree], primals: tuple[Tree, ...], tangents: tuple[Tree, ...]) -> tuple[Tree, Tree]:
    """Return ``f(*primals)`` and how it changes along `tangents`: Jacobian times vector, in forward mode.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays.
    primals : tuple of trees of floating arrays
        The arguments.
    tangents : tuple of trees
        Like `primals`.

    Returns
    -------
    output, tangent : trees of arrays

    Raises
    ------
    NotDifferentiable, ShapeError
        As for `linearize`.

    Examples
    --------
    >>> import bpcore as bp
    >>> [float(z) for z in bp.jvp(lambda x, y: x * y, (3.0, 4.0), (1.0, 10.0))]
    [12.0, 34.0]
    """
    y, pushforward = linearize(f, *_tuple(primals, "primals"))
    return y, pushforward(*_tuple(tangents, "tangents"))


def hvp(f: Callable[..., Tree], primals: tuple[Tree, ...], tangents: tuple[Tree, ...]) -> tuple[Tree, ...]:
    """Return the Hessian of `f` times a vector, without the Hessian: the gradient's change along it.

    Parameters
    ----------
    f : function
        Of trees of arrays to an array of shape ().
    primals, tangents : tuples of trees
        As for `jvp`.

    Returns
    -------
    tuple of trees
        Like `primals`.

    Raises
    ------
    NotDifferentiable, ShapeError
        As for `grad` and `linearize`.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> xp = bp.namespace("numpy")
    >>> bp.hvp(lambda x: xp.sum(x**3), (np.asarray([1.0, 2.0]),), (np.asarray([1.0, 1.0]),))
    (array([ 6., 12.]),)
    """
    everything = tuple(range(len(_tuple(primals, "primals"))))
    product: tuple[Tree, ...] = jvp(grad(f, argnums=everything), primals, tangents)[1]
    return product


def _tuple(trees: tuple[Tree, ...], name: str) -> tuple[Tree, ...]:
    if not isinstance(trees, tuple):
        raise ShapeError(name, "a tuple with one tree for each argument", type(trees).__name__)
    return trees
