"""Dropout: while it learns, a layer that forgets some of its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.keys import uniform
from bpcore.parts.layers import Layer
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Tree

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    """Zeros in place of a share of the inputs while it learns; the others grow so that the mean stays.

    Parameters
    ----------
    rate : float, 0 <= rate < 1
        The share that is dropped, anew at each step. What is kept is divided by ``1 - rate``, so that
        nothing is left to do when it has learnt.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov (2014), "Dropout: a simple way to
    prevent neural networks from overfitting".
    """

    rate: float = 0.5
    draws: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if type(self.rate) not in {int, float} or not 0 <= self.rate < 1:
            raise OptionError("rate of Dropout", self.rate, "a number from 0 to below 1")

    def __str__(self) -> str:
        return f"Dropout({self.rate:g})"

    def __call__(self, params: Tree, x: Array, /) -> Array:
        """Return `x`: what has learnt drops nothing."""
        return x

    def forward(
        self, params: Tree, state: Tree, x: Array, /, *, key: Array | None = None, training: bool = False
    ) -> tuple[Array, Tree]:
        """Return `x`, with zeros in place of some while it learns."""
        if not training or self.rate == 0:
            return x, state
        if key is None:
            raise OptionError("key of Dropout", None, "a key while it learns, as bpcore.key(0)")
        xp = array_namespace(x)
        kept = xp.greater_equal(uniform(key, tuple(x.shape)), self.rate)  # the same places in every dtype
        return xp.where(kept, xp.multiply(x, 1 / (1 - self.rate)), xp.zeros_like(x)), state
