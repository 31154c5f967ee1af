"""Loss scaling: float16 loses gradients below 6e-8, so the loss is multiplied by a power of two first.

The scale and the count of steps since it last changed are arrays in the step's state. Nothing branches on a
value: a step whose gradients are not finite is computed as any other, and then not taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.parts.optimizers import Optimizer
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.ranges import check_number, check_whole
from bpcore.words.trees import leaves, tree_map

__all__ = ["LEAST", "LOSS_SCALE", "SKIPPED", "STEADY", "LossScale", "scale_in"]

LOSS_SCALE, STEADY = "loss_scale", "steady"
"""Where the step's state holds the scale, and how many steps were good since it last changed."""

SKIPPED = "skipped"
"""Where the report says whether the step was skipped: 1 or 0."""

LEAST, MOST = 2.0**-16, 2.0**32
"""The scale stays between these."""

FARTHEST = 2**24
"""The longest interval: so far a float32 counts by ones."""


@dataclass(frozen=True, kw_only=True)
class LossScale:
    """By how much the loss is multiplied, and how that follows from steps that overflow.

    Names and defaults are those of ``torch.amp.GradScaler``.

    Parameters
    ----------
    init_scale : float > 0
    growth_factor : float >= 1
        What the scale is multiplied by after `growth_interval` good steps.
    backoff_factor : float, 0 < factor < 1
        What it is multiplied by after a step with a gradient that is not finite; that step is skipped:
        parameters, optimizer and what layers carry stay as they were.
    growth_interval : int, 1 to 2**24

    Notes
    -----
    The scale stays between 2**-16 and 2**32. With powers of two nothing is rounded by it.

    References
    ----------
    P. Micikevicius et al. (2018), "Mixed precision training".
    """

    init_scale: float = 65536.0
    growth_factor: float = 2.0
    backoff_factor: float = 0.5
    growth_interval: int = 2000

    def __post_init__(self) -> None:
        for name, wanted, fits in (
            ("init_scale", "a number from 2**-16 to 2**32", lambda x: LEAST <= x <= MOST),
            ("growth_factor", "a number, 1 or more", lambda x: 1 <= x < math.inf),
            ("backoff_factor", "a number above 0 and below 1", lambda x: 0 < x < 1),
        ):
            check_number(f"{name} of LossScale", getattr(self, name), wanted, fits)
        check_whole("growth_interval of LossScale", self.growth_interval, 1)
        if self.growth_interval > FARTHEST:  # the count is a float32, and would never come to it
            wanted = f"a whole number from 1 to 2**24, {FARTHEST}"
            raise OptionError("growth_interval of LossScale", self.growth_interval, wanted)

    def init(self, params: Tree, /) -> dict[str, Array]:
        """Return what goes into the step's state, beside the optimizer's.

        Parameters
        ----------
        params : tree of arrays
        """
        if not leaves(params):
            raise ShapeError("LossScale", "parameters with at least one array", "an empty tree")
        first = leaves(params)[0]
        xp, place = array_namespace(first), {"dtype": first.dtype, "device": device_of(first)}
        return {LOSS_SCALE: xp.full((), float(self.init_scale), **place), STEADY: xp.zeros((), **place)}

    def update(
        self, optimizer: Optimizer, params: Tree, grads: Tree, state: Tree, carried: Tree, /
    ) -> tuple[Tree, Tree, dict[str, Array]]:
        """Return what the optimizer makes of the gradients of a scaled loss, or all as it was.

        Parameters
        ----------
        optimizer : Optimizer
        params, grads : trees of arrays, of one structure
        state : dict
            With ``loss_scale`` and ``steady``.
        carried : dict
            Entries of the state that the step itself makes anew.

        Returns
        -------
        params, state : trees of arrays
        report : dict
            ``loss_scale``, that the loss was multiplied by, and ``skipped``, 1 or 0.
        """
        scale = state[LOSS_SCALE]
        xp = array_namespace(scale)
        good = reduce(xp.logical_and, [xp.all(xp.isfinite(g)) for g in leaves(grads)])
        moved, new = optimizer.update(params, tree_map(lambda g: xp.divide(g, scale), grads), state)

        def chosen(after: Array, before: Array) -> Array:
            return before if after is before else xp.where(good, after, before)

        kept = tree_map(chosen, {**new, **carried}, {**state})
        told = {LOSS_SCALE: scale, SKIPPED: xp.astype(xp.logical_not(good), scale.dtype)}
        return tree_map(chosen, moved, params), {**kept, **self._next(good, scale, state[STEADY])}, told

    def _next(self, good: Array, scale: Array, steady: Array) -> dict[str, Array]:
        """Return scale and count for the next step."""
        xp = array_namespace(scale)
        steady = xp.add(steady, 1.0)
        due = xp.greater_equal(steady, float(self.growth_interval))
        grown = xp.minimum(xp.multiply(scale, float(self.growth_factor)), MOST)
        shrunk = xp.maximum(xp.multiply(scale, float(self.backoff_factor)), LEAST)
        steady = xp.where(xp.logical_and(good, xp.logical_not(due)), steady, xp.zeros_like(steady))
        return {LOSS_SCALE: xp.where(good, xp.where(due, grown, scale), shrunk), STEADY: steady}


def scale_in(state: Tree, /) -> Array:
    """Return the scale that a state holds.

    Raises
    ------
    OptionError
        It holds none, or what is no array of one number.
    """
    if LOSS_SCALE not in state or STEADY not in state:
        do = "Start from optimizer.init(params) | bpcore.LossScale().init(params)."
        raise OptionError("state of a step in float16", sorted(state), f"one with {LOSS_SCALE}", do)
    for name in (LOSS_SCALE, STEADY):
        if getattr(state[name], "shape", None) != ():
            do = "Start from optimizer.init(params) | bpcore.LossScale().init(params)."
            given = getattr(state[name], "shape", state[name])
            raise OptionError(f"{name} in the state of a step", given, "an array of shape ()", do)
    return state[LOSS_SCALE]
