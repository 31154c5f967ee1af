"""Trees: arrays in dicts, lists and tuples. Take the leaves out, put others in.

`None` is an empty tree: a layer without a bias simply has none. Dict entries are taken in the order
of their sorted keys, so two dicts with the same keys have one structure. A structure is hashable:
it can be the key of a cache.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from bpcore.words.errors import ShapeError
from bpcore.words.protocols import Array, Tree

__all__ = [
    "LEAF",
    "Structure",
    "flatten",
    "in_one",
    "leaves",
    "named_leaves",
    "size",
    "tree_map",
    "unflatten",
]


class Structure(NamedTuple):
    """What is left of a tree when its leaves are taken out."""

    kind: type | None
    keys: tuple[object, ...]
    children: tuple[Structure, ...]

    def __str__(self) -> str:
        return _show(self)


LEAF = Structure(None, (), ())
_EMPTY = Structure(type(None), (), ())


def flatten(tree: Tree) -> tuple[list[Array], Structure]:
    """Return the leaves of `tree`, in order, and its structure."""
    taken: list[Array] = []
    return taken, _take(tree, taken)


def _take(tree: Tree, taken: list[Array]) -> Structure:
    kind = type(tree)
    if kind is dict:
        keys = _order(tree)
        return Structure(dict, keys, tuple([_take(tree[key], taken) for key in keys]))
    if kind is list or isinstance(tree, tuple):
        return Structure(kind, (), tuple([_take(child, taken) for child in tree]))
    if tree is None:
        return _EMPTY
    taken.append(tree)
    return LEAF


def _order(tree: dict[object, Tree]) -> tuple[object, ...]:
    try:
        return tuple(sorted(tree))  # type: ignore[type-var]
    except TypeError:  # keys of several types
        return tuple(sorted(tree, key=repr))


def unflatten(structure: Structure, values: list[Array] | tuple[Array, ...]) -> Tree:
    """Put `values` into `structure`, in the order in which `flatten` takes leaves out.

    Raises
    ------
    ShapeError
        When there are more or fewer values than leaves.
    """
    if structure is LEAF and len(values) == 1:  # the commonest tree is one array
        return values[0]
    rest = iter(values)
    try:
        tree = _put(structure, rest)
    except StopIteration:
        rest = iter([None])  # too few is said like too many
    if next(rest, rest) is not rest:
        raise ShapeError("unflatten", f"{_count(structure)} leaves", len(values))
    return tree


def _count(structure: Structure) -> int:
    return 1 if structure.kind is None else sum(map(_count, structure.children))


def _put(structure: Structure, values: Iterator[Array]) -> Tree:
    kind = structure.kind
    if kind is None:
        return next(values)
    children = [_put(child, values) for child in structure.children]
    if kind is dict:
        return dict(zip(structure.keys, children, strict=True))
    if kind is list:
        return children
    if kind is tuple:
        return tuple(children)
    return kind(children) if in_one(kind) else kind(*children)  # a named tuple, or None


def in_one(kind: type) -> bool:
    """Return whether a kind of tuple takes its parts in one: struct sequences do, as PyTorch's results."""
    return hasattr(kind, "n_sequence_fields")


def leaves(tree: Tree) -> list[Array]:
    """Return the leaves of `tree`, in order."""
    return flatten(tree)[0]


def size(tree: Tree) -> int:
    """Return how many numbers the arrays of `tree` hold together."""
    return sum(math.prod(array.shape) for array in leaves(tree))


def tree_map(function: Callable[..., Array], tree: Tree, *others: Tree) -> Tree:
    """Apply `function` leaf by leaf to trees of one structure.

    Raises
    ------
    ShapeError
        When the structures differ.
    """
    first, structure = flatten(tree)
    columns = [first]
    for other in others:
        column, found = flatten(other)
        if found != structure:
            raise ShapeError("tree_map", f"trees of one structure, {_show(structure)}", _show(found))
        columns.append(column)
    return unflatten(structure, [function(*row) for row in zip(*columns, strict=True)])


def named_leaves(tree: Tree, prefix: str = "") -> Iterator[tuple[str, Array]]:
    """Yield each leaf with its path, as in ``0.weight``, in the order in which `flatten` takes them."""
    if type(tree) is dict:
        items = [(key, tree[key]) for key in _order(tree)]
    elif type(tree) is list or isinstance(tree, tuple):
        items = list(enumerate(tree))
    else:
        items = []
        if tree is not None:
            yield prefix, tree
    for key, child in items:
        yield from named_leaves(child, f"{prefix}.{key}" if prefix else str(key))


def _show(structure: Structure) -> str:
    if structure.kind is None:
        return "*"
    if structure.kind is type(None):
        return "None"
    if structure.kind is dict:
        pairs = zip(structure.keys, structure.children, strict=True)
        return "{" + ", ".join(f"{key}: {_show(child)}" for key, child in pairs) + "}"
    inner = ", ".join(_show(child) for child in structure.children)
    return f"[{inner}]" if structure.kind is list else f"({inner})"
