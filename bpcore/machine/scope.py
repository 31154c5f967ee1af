"""A step in the precision that it is made for: it says so, and runs in the scope that its backend has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.program.scoped import note
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["within"]

Update = Callable[[Tree, Tree, tuple[Array, ...]], tuple[Tree, Tree, dict[str, Array]]]


def within(step: Update, word: str, /) -> Update:
    """Return a step in a precision; it says its name at ``.precision``, and to `bpcore.compile` when called.

    Raises
    ------
    OptionError
        The step raises it, where the backend of its parameters has no such precision, and for parameters of
        another dtype than float32.
    ShapeError
        It raises it where there are no parameters.
    """
    if word == "float32":
        return step

    def inside(params: Tree, state: Tree, batch: tuple[Array, ...]) -> tuple[Tree, Tree, dict[str, Array]]:
        if not leaves(params):
            raise ShapeError(f"a step in {word}", "parameters with at least one array", "an empty tree")
        space = space_of(leaves(params)[0])
        scope = space.backend.precision(word).scope
        note(word)
        if any(p.dtype != space.traced.float32 for p in leaves(params)):
            dtypes = sorted({str(p.dtype).rpartition(".")[2] for p in leaves(params)})
            raise OptionError(f"dtype of the parameters of a step in {word}", ", ".join(dtypes), "float32")
        with nullcontext() if scope is None else scope():
            return step(params, state, batch)

    inside.__name__ = inside.__qualname__ = step.__name__
    inside.precision = word  # type: ignore[attr-defined]
    return inside
