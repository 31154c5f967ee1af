"""Accumulation: the gradients of several small batches make one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bpcore.words.protocols import Array, Namespace, Tree
from bpcore.words.trees import flatten, leaves, unflatten

__all__ = ["GATHERED", "SEEN", "accumulated"]

GATHERED, SEEN = "gathered", "seen"
"""Where the state holds the sum of the gradients since the last step, and of how many batches."""

Step = Callable[[list[Array], Tree], tuple[list[Array], Tree]]


def accumulated(
    xp: Namespace,
    every: int,
    params: list[Array],
    grads: Sequence[Array | None],
    state: Tree,
    step: Step,
    own: Sequence[str],
) -> tuple[list[Array], Tree]:
    """Add gradients up, and make a step from their mean after so many batches.

    Nothing branches on a value: the step is computed for every batch, and chosen or not.

    Parameters
    ----------
    every : int
    params, grads : list of array
        The gradient of what is frozen is None.
    state : dict
    step : function
        Of gradients and state, to new parameters and new state.
    own : sequence of str
        The entries of the state that the step changes.
    """
    before, structure = flatten(state[GATHERED])
    sums = [s if g is None else xp.add(s, g) for s, g in zip(before, grads, strict=True)]
    seen = xp.add(state[SEEN], 1.0)
    due = xp.greater_equal(seen, float(every))
    moved, new = step([xp.divide(s, float(every)) for s in sums], state)

    def chosen(after: Array, old: Array) -> Array:
        return old if after is old else xp.where(due, after, old)

    def rest(s: Array, old: Array) -> Array:
        return s if s is old else xp.where(due, xp.zeros_like(s), s)

    trees = {}
    for name in own:
        old, its_structure = flatten(state[name])
        trees[name] = unflatten(its_structure, list(map(chosen, leaves(new[name]), old)))
    trees[GATHERED] = unflatten(structure, list(map(rest, sums, before)))
    trees[SEEN] = xp.where(due, xp.zeros_like(seen), seen)
    return list(map(chosen, moved, params)), {**state, **trees}
