"""Jacobians and Hessians: as many products with a vector as it takes, in the cheaper direction."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator

from bpcore.derivatives.namespaces.namespace import device_of, space_of
from bpcore.derivatives.transforms.directional import linearize
from bpcore.derivatives.transforms.gradients import grad, vjp
from bpcore.derivatives.transforms.tracing import check_argnums, name_of
from bpcore.words.errors import NotDifferentiable, OptionError, ShapeError
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import Structure, flatten, leaves, unflatten

__all__ = ["hessian", "jacobian"]

MODES = ("forward", "reverse")


def jacobian(f: Callable[..., Tree], *, argnums: int = 0, mode: str | None = None) -> Callable[..., Tree]:
    """Return a function that computes the Jacobian of `f`.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays.
    argnums : int
        Which argument to differentiate by; a tree of real floating arrays.
    mode : {"forward", "reverse"}, optional
        ``"forward"`` costs one push-forward for each element of the argument, ``"reverse"`` one pull-back
        for each element of the output. Unless given, the one with fewer; forward mode calls the function
        once more, so that in a tie it is reverse.

    Returns
    -------
    function
        Of the same arguments, to a tree like the output, with trees like the argument in it, with arrays
        of the output's shape followed by the input's.

    Raises
    ------
    NotDifferentiable
        When the argument is not real floating, or a function on the way has no rule.
    OptionError
        When `mode` is another word.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> bp.jacobian(lambda x: x**2)(np.asarray([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    if mode not in (None, *MODES):
        raise OptionError("mode", mode, "forward, reverse, or None")

    @functools.wraps(f)
    def differentiated(*args: Tree, **options: Static) -> Tree:
        check_argnums(f, args, argnums)
        x = args[argnums]

        def of_one(x: Tree) -> Tree:
            return f(*args[:argnums], x, *args[argnums + 1 :], **options)

        wide = sum(math.prod(getattr(leaf, "shape", ())) for leaf in leaves(x))
        if mode != "forward":
            y, pullback = vjp(of_one, x)
            tall = sum(math.prod(getattr(leaf, "shape", ())) for leaf in leaves(y))
            if mode == "reverse" or tall <= wide:
                return _by_rows(name_of(f), y, x, pullback)
        y, pushforward = linearize(of_one, x)
        return _by_columns(name_of(f), y, x, pushforward)

    return differentiated


def _by_rows(name: str, y: Tree, x: Tree, pullback: Callable[[Tree], tuple[Tree, ...]]) -> Tree:
    """Pull back one element of the output after the other."""
    outputs, structure = _outputs(name, y)
    inputs, inner = _arrays(x, outputs)
    found = []
    for place, output in enumerate(outputs):
        units = _units(name, outputs, place)
        rows = [leaves(pullback(unflatten(structure, unit))[0]) for unit in units]
        blocks = [_block([row[i] for row in rows], output, z, 0) for i, z in enumerate(inputs)]
        found.append(unflatten(inner, blocks))
    return unflatten(structure, found)


def _by_columns(name: str, y: Tree, x: Tree, pushforward: Callable[[Tree], Tree]) -> Tree:
    """Push forward one element of the argument after the other."""
    outputs, structure = _outputs(name, y)
    inputs, inner = _arrays(x, outputs)
    blocks: list[list[Array]] = [[] for _ in outputs]
    for place, z in enumerate(inputs):
        columns = [leaves(pushforward(unflatten(inner, unit))) for unit in _units(name, inputs, place)]
        for i, output in enumerate(outputs):
            blocks[i].append(_block([column[i] for column in columns], output, z, -1))
    return unflatten(structure, [unflatten(inner, block) for block in blocks])


def _outputs(name: str, y: Tree) -> tuple[list[Array], Structure]:
    """Return the leaves of the output, which must be arrays, and their structure."""
    outputs, structure = flatten(y)
    for output in outputs:
        if not hasattr(output, "shape"):
            raise ShapeError(f"jacobian of {name}", "a function that returns arrays", type(output).__name__)
    return outputs, structure


def _arrays(x: Tree, others: list[Array]) -> tuple[list[Array], Structure]:
    """Return the argument's leaves as arrays, and their structure; Python floats may be among them."""
    given, structure = flatten(x)
    space = space_of(*(z for z in (*given, *others) if hasattr(z, "dtype")))
    return [z if hasattr(z, "dtype") else space.backend.asarray(z) for z in given], structure


def _units(name: str, arrays: list[Array], place: int) -> Iterator[list[Array]]:
    """Yield, for each element of one of the arrays, all of them with a one there and zeros elsewhere."""
    x = arrays[place]
    xp, shape = space_of(x).traced, tuple(x.shape)
    if space_of(x).is_complex(x.dtype):
        raise NotDifferentiable(
            f"jacobian of {name} has {x.dtype} arrays at an end, where a derivative is two real matrices: "
            "write real and imaginary part apart, or use vjp and jvp."
        )
    size = math.prod(shape)
    numbers = xp.reshape(xp.arange(size, device=device_of(x)), shape)
    zeros = [space_of(z).traced.zeros_like(z) for z in arrays]
    for i in range(size):
        yield [*zeros[:place], xp.astype(xp.equal(numbers, i), x.dtype), *zeros[place + 1 :]]


def _block(parts: list[Array], y: Array, x: Array, axis: int) -> Array:
    """Return the derivatives of one output by one input, stacked along the side that they came one by one."""
    shape = tuple(y.shape) + tuple(x.shape)
    if not parts:
        return space_of(y).traced.zeros(shape, dtype=y.dtype, device=device_of(y))
    xp = space_of(*parts).traced
    return xp.reshape(xp.stack(parts, axis=axis), shape)


def hessian(f: Callable[..., Tree], *, argnums: int = 0) -> Callable[..., Tree]:
    """Return a function that computes the Hessian of `f`: the Jacobian, forward, of its gradient.

    Parameters
    ----------
    f : function
        Of trees of arrays to a real floating array of shape ().
    argnums : int
        Which argument to differentiate by, twice.

    Returns
    -------
    function
        Of the same arguments, to a tree like the argument with trees like it in it; the array for a pair
        of leaves has the shape of the first followed by that of the second.

    Raises
    ------
    NotDifferentiable, ShapeError
        As for `grad` and `jacobian`.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> bp.hessian(lambda x: x[0] ** 2 * x[1])(np.asarray([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums=argnums), argnums=argnums, mode="forward")
