"""Copies of trees of arrays, which no later step overwrites, and whether their numbers are finite."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves, tree_map

__all__ = ["all_finite", "copied"]


def copied(tree: Tree) -> Tree:
    """Return the tree with copies of its arrays, where they are."""
    return tree_map(_copy, tree)


def all_finite(tree: Tree) -> bool:
    """Whether all numbers of a tree are finite, read from the device once."""
    flags = []
    for x in leaves(tree):
        xp = array_namespace(x)
        if xp.isdtype(x.dtype, "real floating"):
            flags.append(xp.all(xp.isfinite(x)))
    return not flags or bool(xp.all(xp.stack(flags)))


def _copy(x: Array) -> Array:
    return array_namespace(x).asarray(x, copy=True) if hasattr(x, "dtype") else x
