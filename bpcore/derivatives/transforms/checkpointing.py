"""Checkpoints: compute again on the way back what was not kept on the way there."""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.transforms.custom import with_leaves
from bpcore.derivatives.transforms.gradients import vjp
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import flatten, unflatten

__all__ = ["checkpoint"]


def checkpoint(f: Callable[..., Tree]) -> Callable[..., Tree]:
    """Return `f`, of whose call a trace keeps the arguments and the result alone.

    On the way back `f` is called again. A chain of n layers, in checkpointed segments of about the square
    root of n layers, needs memory that grows like the square root of n, for one more forward pass.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays; pure, so that the second call computes what the first did.
        What is to be differentiated comes by its positional arguments; keyword arguments are options.

    Returns
    -------
    function
        Like `f`.

    Raises
    ------
    NotDifferentiable
        When `f` uses an array that is being differentiated and is not one of its arguments.

    Examples
    --------
    >>> import bpcore as bp
    >>> xp = bp.namespace("numpy")
    >>> float(bp.grad(bp.checkpoint(lambda x: xp.sin(xp.sin(x))))(0.0))
    1.0

    References
    ----------
    T. Chen, B. Xu, C. Zhang, C. Guestrin (2016), "Training deep nets with sublinear memory cost",
    arXiv:1604.06174.
    """

    def backward(g: Tree, y: Tree, *args: Tree, **options: Static) -> list[Array | None]:
        leaves, structure = flatten(args)
        floating = [i for i, x in enumerate(leaves) if _is_floating(x)]

        def again(*moving: Array) -> Tree:
            filled = list(leaves)
            for i, x in zip(floating, moving, strict=True):
                filled[i] = x
            return f(*unflatten(structure, filled), **options)

        _, pullback = vjp(again, *(leaves[i] for i in floating))
        cotangents: list[Array | None] = [None] * len(leaves)
        for i, dx in zip(floating, pullback(g), strict=True):
            cotangents[i] = dx
        return cotangents

    return with_leaves(f, backward)


def _is_floating(x: Array) -> bool:
    return hasattr(x, "dtype") and space_of(x).is_floating(x.dtype)
