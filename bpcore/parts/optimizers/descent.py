"""Descent along the gradient, and along its momentum."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.parts.optimizers.optimizer import OfRate
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.parts.schedules import Schedule
from bpcore.words.protocols import Array, Namespace

__all__ = ["SGD", "Momentum", "Nesterov"]


@dataclass(frozen=True)
class SGD(OfRate):
    """Gradient descent: ``p - rate g``."""

    rate: float | Schedule | ReduceOnPlateau = 0.01

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step down the gradient."""
        return (xp.subtract(p, xp.multiply(scalars[0], g)),)


@dataclass(frozen=True)
class Momentum(OfRate):
    """Heavy ball: ``v = momentum v + g``, ``p - rate v``.

    References
    ----------
    B. T. Polyak (1964), "Some methods of speeding up the convergence of iteration methods".
    """

    rate: float | Schedule | ReduceOnPlateau = 0.01
    momentum: float = 0.9
    memories = ("velocity",)
    shares = ("momentum",)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step along the velocity."""
        velocity = xp.add(xp.multiply(memory[0], self.momentum), g)
        return xp.subtract(p, xp.multiply(scalars[0], velocity)), velocity


@dataclass(frozen=True)
class Nesterov(OfRate):
    """Momentum that looks ahead: ``v = momentum v + g``, ``p - rate (g + momentum v)``.

    References
    ----------
    Y. Nesterov (1983); in the form of I. Sutskever, J. Martens, G. Dahl, G. Hinton (2013), "On the importance
    of initialization and momentum in deep learning".
    """

    rate: float | Schedule | ReduceOnPlateau = 0.01
    momentum: float = 0.9
    memories = ("velocity",)
    shares = ("momentum",)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step along the gradient and the velocity that will be."""
        velocity = xp.add(xp.multiply(memory[0], self.momentum), g)
        ahead = xp.add(g, xp.multiply(velocity, self.momentum))
        return xp.subtract(p, xp.multiply(scalars[0], ahead)), velocity
