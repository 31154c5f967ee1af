"""Clipping: gradients that are not longer, or not larger, than a limit."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

from bpcore.words.protocols import Array, Namespace
from bpcore.words.ranges import check_number

__all__ = ["Clip", "clip_by_global_norm", "clip_by_value"]


class Clip(ABC):
    """What is done to all gradients of a step before it is made."""

    @abstractmethod
    def __call__(self, xp: Namespace, grads: list[Array], /) -> list[Array]:
        """Return the gradients, clipped."""


def clip_by_global_norm(limit: float, /) -> Clip:
    """Return what scales all gradients by one number, so that their joint norm is at most `limit`.

    For an optimizer's option: ``bp.Adam(1e-3, clip=bp.clip_by_global_norm(1.0))``.

    Parameters
    ----------
    limit : float > 0
        Of the root of the sum of all squares, over all parameters that learn.

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio (2013), "On the difficulty of training recurrent neural networks".
    """
    return _ByGlobalNorm(limit)


def clip_by_value(limit: float, /) -> Clip:
    """Return what brings each number of the gradients into [-limit, limit].

    For an optimizer's option: ``bp.SGD(0.1, clip=bp.clip_by_value(0.5))``.

    Parameters
    ----------
    limit : float > 0
    """
    return _ByValue(limit)


@dataclass(frozen=True)
class _ByGlobalNorm(Clip):
    limit: float

    def __post_init__(self) -> None:
        _check("clip_by_global_norm", self.limit)

    def __call__(self, xp: Namespace, grads: list[Array], /) -> list[Array]:
        first = grads[0].dtype
        total = xp.zeros_like(xp.sum(grads[0]))
        for g in grads:
            squares = xp.sum(xp.square(g))
            total = xp.add(total, squares if squares.dtype == first else xp.astype(squares, first))
        norm = xp.sqrt(total)
        scale = xp.divide(xp.full_like(norm, float(self.limit)), xp.maximum(norm, float(self.limit)))
        return [xp.multiply(g, scale if g.dtype == first else xp.astype(scale, g.dtype)) for g in grads]


@dataclass(frozen=True)
class _ByValue(Clip):
    limit: float

    def __post_init__(self) -> None:
        _check("clip_by_value", self.limit)

    def __call__(self, xp: Namespace, grads: list[Array], /) -> list[Array]:
        limit = float(self.limit)
        return [xp.clip(g, -limit, limit) for g in grads]


def _check(name: str, limit: object) -> None:
    check_number(f"the limit of {name}", limit, "a number above 0", lambda limit: 0 < limit < math.inf)
