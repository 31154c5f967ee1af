"""Penalties: what is added to a loss so that weights stay small."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Namespace, Tree
from bpcore.words.ranges import check_number
from bpcore.words.trees import named_leaves

__all__ = ["L1", "L2", "ElasticNet", "Penalty", "check_penalty"]


@dataclass(frozen=True)
class Penalty(ABC):
    """A function of the parameters, added to the loss: ``bp.fit(..., penalty=bp.L2(1e-4))``.

    Parameters
    ----------
    on : tuple of patterns, or None
        Whose weights, by the paths of their names, as in ``("0.*", "*.weight")``. None means all arrays of
        two axes or more: weights, and neither biases nor the gains of normalisation.
    """

    on: Sequence[str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in self.amounts:
            option = f"{name} of {type(self).__name__}"
            check_number(
                option, getattr(self, name), "a number, 0 or more", lambda value: 0 <= value < math.inf
            )
        on = (self.on,) if isinstance(self.on, str) else self.on
        if on is not None and not all(isinstance(pattern, str) for pattern in on):
            wanted = 'None, or patterns of names of parameters, as ("0.*",)'
            raise OptionError(f"on of {type(self).__name__}", self.on, wanted)
        object.__setattr__(self, "on", on if on is None else tuple(on))

    def __call__(self, params: Tree, /) -> Array:
        """Return the penalty, an array of shape ().

        Raises
        ------
        OptionError
            When it is on no parameter.
        """
        total: Array = None
        for name, p in named_leaves(params):
            if p.ndim >= 2 if self.on is None else any(fnmatchcase(name, one) for one in self.on):  # noqa: PLR2004
                xp = array_namespace(p)
                cost = self.of(xp, p)
                total = cost if total is None else xp.add(total, cost)
        if total is None:
            names = ", ".join(name for name, _ in named_leaves(params))
            wanted = f"patterns that match one of {names}" if names else "for a network with parameters"
            raise OptionError(f"on of {type(self).__name__}", self.on, wanted)
        return total

    @property
    @abstractmethod
    def amounts(self) -> tuple[str, ...]:
        """The names of its numbers."""

    @abstractmethod
    def of(self, xp: Namespace, p: Array) -> Array:
        """Return what one array costs."""


def check_penalty(penalty: object) -> None:
    """Raise `OptionError` for what is no penalty, and not None."""
    if penalty is not None and not isinstance(penalty, Penalty):
        raise OptionError("penalty", penalty, "a penalty, as bpcore.L2(1e-4), or None")


@dataclass(frozen=True)
class L1(Penalty):
    """``amount sum(|w|)``: weights that matter little become 0, or nearly so."""

    amount: float = 0.01

    @property
    def amounts(self) -> tuple[str, ...]:
        """The amount."""
        return ("amount",)

    def of(self, xp: Namespace, p: Array) -> Array:
        """Return the sum of the absolute values, times the amount."""
        return xp.multiply(xp.sum(xp.abs(p)), float(self.amount))


@dataclass(frozen=True)
class L2(Penalty):
    """``amount sum(w**2)``, without a half: Keras's number. PyTorch's ``weight_decay=d`` is ``L2(d / 2)``."""

    amount: float = 0.01

    @property
    def amounts(self) -> tuple[str, ...]:
        """The amount."""
        return ("amount",)

    def of(self, xp: Namespace, p: Array) -> Array:
        """Return the sum of the squares, times the amount."""
        return xp.multiply(xp.sum(xp.square(p)), float(self.amount))


@dataclass(frozen=True)
class ElasticNet(Penalty):
    """``l1 sum(|w|) + l2 sum(w**2)``.

    References
    ----------
    H. Zou, T. Hastie (2005), "Regularization and variable selection via the elastic net".
    """

    l1: float = 0.01
    l2: float = 0.01

    @property
    def amounts(self) -> tuple[str, ...]:
        """Both."""
        return ("l1", "l2")

    def of(self, xp: Namespace, p: Array) -> Array:
        """Return the sum of both."""
        return xp.add(
            xp.multiply(xp.sum(xp.abs(p)), float(self.l1)), xp.multiply(xp.sum(xp.square(p)), float(self.l2))
        )
