"""Functions with a backward of their own: what a user knows better than the chain rule."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.lifting import lifted
from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.rules.function import EachInput, Function
from bpcore.derivatives.transforms.tracing import conjugated, name_of
from bpcore.words.errors import NotDifferentiable, ShapeError
from bpcore.words.protocols import Array, Namespace, Static, Tree
from bpcore.words.trees import Structure, flatten, unflatten

__all__ = ["custom_vjp", "with_leaves"]

Backward = Callable[..., Sequence[Tree]]


def custom_vjp(f: Callable[..., Tree], backward: Backward) -> Callable[..., Tree]:
    """Return `f` with a derivative of its own.

    `f` is computed on plain arrays and nothing inside it is traced, so that it may do what no gradient
    can follow; in a recording alone it is recorded like any other code.

    Parameters
    ----------
    f : function
        Of trees of arrays to a tree of arrays; keyword arguments are options.
    backward : function ``(g, y, *args, **options)``
        Of a cotangent like the output, the output, and the arguments, to a sequence with one entry for each
        argument: its cotangent, a tree like it, or None where it has none. Written with functions of the
        arrays' namespace, it can be differentiated again, and forward mode follows from it.

    Returns
    -------
    function
        Like `f`.

    Raises
    ------
    NotDifferentiable
        When `f` uses an array that is being differentiated and is not one of its arguments.
    ShapeError
        When `backward` returns what is not like the arguments.

    Examples
    --------
    A gradient that is clipped on its way back:

    >>> import bpcore as bp
    >>> def backward(g, y, x):
    ...     return [bp.array_namespace(g).clip(g, -1.0, 1.0)]
    >>> gentle = bp.custom_vjp(lambda x: x, backward)
    >>> float(bp.grad(lambda x: 5.0 * gentle(x))(2.0))
    1.0
    """
    name = name_of(f)

    def flat(g: Tree, y: Tree, *args: Tree, **options: Static) -> list[Array | None]:
        found = backward(g, y, *args, **options)
        if not isinstance(found, list | tuple):
            wanted = "a list with one cotangent for each argument, or None for it"
            raise ShapeError(f"backward of {name}", wanted, type(found).__name__)
        if len(found) != len(args):
            given, wanted = len(found), f"{len(args)} cotangents, one for each argument"
            raise ShapeError(f"backward of {name}", wanted, given)
        rows = zip(found, args, strict=True)
        return [leaf for i, (dx, x) in enumerate(rows) for leaf in _like(name, i, dx, x)]

    return with_leaves(f, flat)


def _like(name: str, i: int, dx: Tree, x: Tree) -> list[Array | None]:
    """Return the leaves of one argument's cotangent, which is a tree like it, or None."""
    inputs, wanted = flatten(x)
    if dx is None:
        return [None] * len(inputs)
    leaves, given = flatten(dx)
    if given != wanted:
        raise ShapeError(f"backward of {name}", f"a tree like argument {i}", given)
    return list(leaves)


def with_leaves(f: Callable[..., Tree], backward: Callable[..., list[Array | None]]) -> Callable[..., Tree]:
    """Return `f` with a backward that returns one cotangent, or None, for each leaf of the arguments."""

    @functools.wraps(f)
    def with_backward(*args: Tree, **options: Static) -> Tree:
        leaves, structure = flatten(args)
        if not any(type(x) is Traced for x in leaves):
            return f(*args, **options)
        call = _Call(f, backward, options, leaves, structure)
        entry = Function(call.name, EachInput(call.rule), compute=call.compute, several=True, inlined=True)
        outputs = lifted(entry, functools.partial(call.compute, None))(*[leaves[i] for i in call.moving])
        return unflatten(call.returned, list(outputs))

    return with_backward


class _Call:
    """One call: what of the arguments is no array, and the tree that was returned."""

    def __init__(
        self,
        f: Callable[..., Tree],
        backward: Callable[..., list[Array | None]],
        options: dict[str, Static],
        leaves: list[Array],
        structure: Structure,
    ) -> None:
        self.f, self.backward, self.options, self.structure = f, backward, options, structure
        self.fixed = [None if hasattr(x, "dtype") else x for x in leaves]
        self.moving = [i for i, x in enumerate(leaves) if hasattr(x, "dtype")]
        self.name = name_of(f)
        self.returned: Structure = structure
        self._last: tuple[object, list[Array | None]] = (None, [])

    def _args(self, arrays: Sequence[Array]) -> tuple[Tree, ...]:
        leaves = list(self.fixed)
        for i, x in zip(self.moving, arrays, strict=True):
            leaves[i] = x
        filled: tuple[Tree, ...] = unflatten(self.structure, leaves)
        return filled

    def compute(self, xp: Namespace, *arrays: Array) -> tuple[Array, ...]:
        """Return the leaves of what `f` returns."""
        outputs, self.returned = flatten(self.f(*self._args(arrays), **self.options))
        if any(type(y) is Traced for y in outputs) and not any(type(x) is Traced for x in arrays):
            raise NotDifferentiable(
                f"{self.name} uses an array from outside that is being differentiated, and has a backward of "
                "its own or is checkpointed: pass that array as an argument."
            )
        return tuple(outputs) if any(type(x) is Traced for x in arrays) else _apart(outputs, arrays)

    def rule(
        self, index: int, xp: Namespace, g: tuple[Array, ...], y: tuple[Array, ...], *arrays: Array
    ) -> Array | None:
        """Return the cotangent of one of the arrays; `backward` is called once for all of them."""
        if self._last[0] is not g:
            self._last = (g, self._cotangents(g, y, arrays))
        return self._last[1][index]

    def _cotangents(
        self, g: tuple[Array, ...], y: tuple[Array, ...], arrays: tuple[Array, ...]
    ) -> list[Array | None]:
        space = space_of(*arrays)
        cotangent = unflatten(self.returned, [z if z is None else conjugated(space, z) for z in g])
        output = unflatten(self.returned, list(y))
        leaves = self.backward(cotangent, output, *self._args(arrays), **self.options)
        return [
            None if leaves[i] is None else conjugated(space, self._checked(space.traced, leaves[i], x))
            for i, x in zip(self.moving, arrays, strict=True)
        ]

    def _checked(self, xp: Namespace, dx: Array, x: Array) -> Array:
        shape, wanted = tuple(getattr(dx, "shape", ())), tuple(x.shape)
        if shape != wanted:
            raise ShapeError(f"backward of {self.name}", f"a cotangent of shape {wanted}", shape)
        if not hasattr(dx, "dtype"):
            return xp.full_like(x, dx)
        return dx if dx.dtype == x.dtype else xp.astype(dx, x.dtype)


def _apart(outputs: list[Array], inputs: Sequence[Array]) -> tuple[Array, ...]:
    """Return outputs that share no memory with an input: one of them may be assigned to."""
    functions = space_of(*inputs).functions
    own = getattr(functions, "own", None)  # libraries whose arrays cannot be written have none
    if own is None:
        return tuple(outputs)
    taken = {id(x) for x in inputs}
    return tuple(
        y if not hasattr(y, "dtype") else functions.asarray(y, copy=True) if id(y) in taken else own(y)
        for y in outputs
    )
