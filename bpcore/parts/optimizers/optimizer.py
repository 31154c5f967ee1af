"""The part that all optimizers share: trees, rate and count, and what may be done around a step."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.parts.optimizers.accumulation import GATHERED, SEEN, accumulated
from bpcore.parts.optimizers.clipping import Clip
from bpcore.parts.optimizers.groups import Group, check_patterns, group_pairs, groups_of, patterns
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.parts.schedules import Schedule
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Namespace, Tree
from bpcore.words.ranges import check_number, check_whole
from bpcore.words.trees import Structure, flatten, leaves, tree_map, unflatten

__all__ = ["AVERAGE", "OfRate", "Optimizer", "average"]

AVERAGE = "average"
"""Where the state holds the moving average of the parameters."""


@dataclass(frozen=True)
class Optimizer(ABC):
    """From parameters and gradients to better parameters.

    Parameters
    ----------
    rate : float >= 0, Schedule or ReduceOnPlateau
        The learning rate.
    clip : Clip or None
        What is done to the gradients first: ``bp.clip_by_global_norm(1.0)``, ``bp.clip_by_value(0.5)``.
    groups : mapping of pattern to Group
        Which parameters learn at another rate, or decay otherwise, by the paths of their names, as in
        ``{"0.*": bp.Group(factor=0.1), "*.bias": bp.Group(decay=0.0)}``. The first that matches decides.
    freeze : pattern, or tuple of patterns
        Which parameters stay as they are, to the last bit.
    averaging : float from 0 to below 1, or None
        How much of the moving average of the parameters is kept in each step; None for no average.
    accumulate : int >= 1
        How many batches make one step, from the mean of their gradients.

    Attributes
    ----------
    memories : tuple of str
        The names of the trees like the parameters that the optimizer remembers; they start at zero.
    shares : tuple of str
        The names of the options that say how much of a memory is kept from step to step.
    """

    rate: float | Schedule | ReduceOnPlateau
    clip: Clip | None = field(default=None, kw_only=True)
    groups: Mapping[str, Group] | tuple[tuple[str, Group], ...] = field(default=(), kw_only=True)
    freeze: str | tuple[str, ...] = field(default=(), kw_only=True)
    averaging: float | None = field(default=None, kw_only=True)
    accumulate: int = field(default=1, kw_only=True)
    memories: ClassVar[tuple[str, ...]] = ()
    shares: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        kind = type(self).__name__
        if not isinstance(self.rate, Schedule | ReduceOnPlateau):
            self._check("rate", math.inf, "a number, 0 or more")
        for name in self.shares:
            self._check(name, 1.0, "a number from 0 to below 1")
        for name in {"epsilon", "decay"} & {one.name for one in fields(self)} - set(self.shares):
            self._check(name, math.inf, "a number, 0 or more")
        if self.clip is not None and not isinstance(self.clip, Clip):
            raise OptionError(f"clip of {kind}", self.clip, "None, or as bpcore.clip_by_global_norm(1.0)")
        object.__setattr__(self, "groups", group_pairs(f"groups of {kind}", self.groups))
        object.__setattr__(self, "freeze", patterns(f"freeze of {kind}", self.freeze))
        if not self._decays and any(group.decay is not None for _, group in self._groups):
            do = "Take bpcore.AdamW or bpcore.Lion, or bpcore.fit(penalty=)."
            raise OptionError(f"decay of a group of {kind}", "one", "None, for it has no weight decay", do)
        if self.averaging is not None:
            wanted = "a number from 0 to below 1, or None"
            check_number(f"averaging of {kind}", self.averaging, wanted, lambda share: 0 <= share < 1)
        check_whole(f"accumulate of {kind}", self.accumulate, 1)

    def _check(self, name: str, end: float, wanted: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, Real) or not 0 <= float(value) < end:
            raise OptionError(f"{name} of {type(self).__name__}", value, wanted)

    @property
    def highest_rate(self) -> float:
        """The learning rate, or the highest of those that a schedule goes through."""
        return self.rate.highest if isinstance(self.rate, Schedule | ReduceOnPlateau) else float(self.rate)

    @property
    def _groups(self) -> tuple[tuple[str, Group], ...]:
        return group_pairs("groups", self.groups)

    @property
    def _decays(self) -> bool:
        return hasattr(self, "decay") and "decay" not in self.shares

    def init(self, params: Tree, /) -> Tree:
        """Return the state to start from.

        Parameters
        ----------
        params : tree of arrays

        Returns
        -------
        dict
            ``rate`` and ``count``, arrays of shape (), and a tree like `params` for each memory; with the
            options that want them ``average``, ``gathered`` and ``seen``.

        Raises
        ------
        OptionError
            When a pattern matches no parameter.
        """
        first = leaves(params)[0] if leaves(params) else None
        if first is None:
            raise ShapeError(type(self).__name__, "parameters with at least one array", "an empty tree")
        check_patterns(f"freeze of {type(self).__name__}", patterns("freeze", self.freeze), params)
        check_patterns(f"groups of {type(self).__name__}", [name for name, _ in self._groups], params)
        xp = array_namespace(first)
        place = {"dtype": first.dtype, "device": device_of(first)}
        zero = xp.zeros((), **place)
        rate = self.rate(zero) if isinstance(self.rate, Schedule) else xp.full((), self.highest_rate, **place)
        state: dict[str, Tree] = {"rate": rate, "count": zero}
        for name in self.memories:
            state[name] = tree_map(xp.zeros_like, params)
        if self.averaging is not None:
            state[AVERAGE] = tree_map(lambda p: xp.asarray(p, copy=True), params)
        if self.accumulate > 1:
            state |= {GATHERED: tree_map(xp.zeros_like, params), SEEN: xp.zeros_like(zero)}
        return state

    def update(self, params: Tree, grads: Tree, state: Tree, /) -> tuple[Tree, Tree]:
        """Return the next parameters and the next state; the given ones stay as they are.

        Parameters
        ----------
        params, grads : trees of arrays, of one structure
        state : dict
            From `init`, or from the last `update`.
        """
        ps, structure = flatten(params)
        gs, given = flatten(grads)
        if given != structure:
            raise ShapeError(type(self).__name__, "gradients of the parameters' structure", "another tree")
        if not ps:
            raise ShapeError(type(self).__name__, "parameters with at least one array", "an empty tree")
        xp = array_namespace(ps[0])
        groups: list[Group | None] = [PLAIN] * len(ps)
        if self.freeze or self.groups:
            groups = groups_of(params, patterns("freeze", self.freeze), self._groups)

        def step(gs: list[Array], state: Tree) -> tuple[list[Array], Tree]:
            return self._step(xp, ps, gs, groups, structure, state)

        if self.accumulate > 1:
            own = ["rate", "count", *self.memories, *([] if self.averaging is None else [AVERAGE])]
            learning = [None if group is None else g for g, group in zip(gs, groups, strict=True)]
            moved, state = accumulated(xp, self.accumulate, ps, learning, state, step, own)
        else:
            moved, state = step(gs, state)
        return unflatten(structure, moved), state

    def _step(
        self,
        xp: Namespace,
        ps: list[Array],
        gs: list[Array],
        groups: list[Group | None],
        structure: Structure,
        state: Tree,
    ) -> tuple[list[Array], Tree]:
        """Return the leaves after a step, and the state."""
        rate = state["rate"]
        if isinstance(self.rate, Schedule):
            rate = self.rate.at(xp, state["count"])
        count = xp.add(state["count"], 1.0)
        gs = self._clipped(xp, gs, groups)
        parts = self._parts(xp, rate, count, groups)
        columns = [leaves(state[name]) for name in self.memories]
        rows = zip(*columns, strict=True) if columns else [()] * len(ps)
        stepped = [
            (p, *row) if part is None else part[0].leaf(xp, p, g, _as(xp, part[1], p), *row)
            for p, g, part, row in zip(ps, gs, parts, rows, strict=True)
        ]
        moved, *memories = zip(*stepped, strict=True)
        trees = [unflatten(structure, column) for column in memories]
        new = {**state, "rate": rate, "count": count, **dict(zip(self.memories, trees, strict=True))}
        if self.averaging is not None:
            before = leaves(state[AVERAGE])
            rows = zip(before, moved, groups, strict=True)
            after = [a if part is None else average(xp, a, p, self.averaging) for a, p, part in rows]
            new[AVERAGE] = unflatten(structure, after)
        return list(moved), new

    def _clipped(self, xp: Namespace, gs: list[Array], groups: list[Group | None]) -> list[Array]:
        """Return the gradients, clipped; those of frozen parameters take no part in it."""
        if self.clip is None or all(group is None for group in groups):
            return gs
        learning = [g for g, group in zip(gs, groups, strict=True) if group is not None]
        clipped = iter(self.clip(xp, learning))
        return [g if group is None else next(clipped) for g, group in zip(gs, groups, strict=True)]

    def _parts(
        self, xp: Namespace, rate: Array, count: Array, groups: list[Group | None]
    ) -> list[tuple[Optimizer, tuple[Array, ...]] | None]:
        """Return who moves each leaf, with his scalars; None for what is frozen."""
        if not self.freeze and not self.groups:
            return [(self, self.scalars(xp, rate, count))] * len(groups)
        made: dict[Group | None, tuple[Optimizer, tuple[Array, ...]] | None] = {None: None}
        for group in groups:
            if group not in made and group is not None:
                who = self if group.decay is None else replace(self, groups=(), decay=group.decay)  # type: ignore[call-arg]
                its_rate = rate if group.factor == 1 else xp.multiply(rate, float(group.factor))
                made[group] = who, who.scalars(xp, its_rate, count)
        return [made[group] for group in groups]

    @abstractmethod
    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return what is the same for all arrays in one step; arrays of shape ()."""

    @abstractmethod
    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Return the next parameter, and the next of each memory."""


PLAIN = Group()
"""The group of what is in none."""


def _as(xp: Namespace, scalars: tuple[Array, ...], p: Array) -> tuple[Array, ...]:
    """Return the scalars in the dtype of `p`, which they must not widen."""
    return tuple(x if x.dtype == p.dtype else xp.astype(x, p.dtype) for x in scalars)


def average(xp: Namespace, old: Array, new: Array, keep: float) -> Array:
    """Return the exponential moving average."""
    return xp.add(xp.multiply(old, keep), xp.multiply(new, 1 - keep))


@dataclass(frozen=True)
class OfRate(Optimizer):
    """The part that is shared by optimizers whose steps need the rate and no other number."""

    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return the rate."""
        return (rate,)
