"""Steps that are shorter where gradients were large."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.parts.optimizers.optimizer import OfRate, average
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.parts.schedules import Schedule
from bpcore.words.protocols import Array, Namespace

__all__ = ["Adagrad", "RMSprop"]


@dataclass(frozen=True)
class Adagrad(OfRate):
    """``s = s + g**2``, ``p - rate g / (sqrt(s) + epsilon)``.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer (2011), "Adaptive subgradient methods for online learning and stochastic
    optimization".
    """

    rate: float | Schedule | ReduceOnPlateau = 0.01
    epsilon: float = 1e-10
    memories = ("square",)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step less where much was stepped."""
        square = xp.add(memory[0], xp.square(g))
        change = xp.divide(g, xp.add(xp.sqrt(square), self.epsilon))
        return xp.subtract(p, xp.multiply(scalars[0], change)), square


@dataclass(frozen=True)
class RMSprop(OfRate):
    """``s = decay s + (1 - decay) g**2``, ``p - rate g / (sqrt(s) + epsilon)``.

    References
    ----------
    T. Tieleman, G. Hinton (2012), "Lecture 6.5: RMSprop", Neural Networks for Machine Learning.
    """

    rate: float | Schedule | ReduceOnPlateau = 0.01
    decay: float = 0.99
    epsilon: float = 1e-8
    memories = ("square",)
    shares = ("decay",)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step by the gradient over its root mean square."""
        square = average(xp, memory[0], xp.square(g), self.decay)
        change = xp.divide(g, xp.add(xp.sqrt(square), self.epsilon))
        return xp.subtract(p, xp.multiply(scalars[0], change)), square
