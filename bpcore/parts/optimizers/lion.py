"""Lion: steps of one size, whose direction is a sign."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.parts.optimizers.optimizer import Optimizer, average
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.parts.schedules import Schedule
from bpcore.words.protocols import Array, Namespace

__all__ = ["Lion"]


@dataclass(frozen=True)
class Lion(Optimizer):
    """``p - rate (sign(beta1 m + (1 - beta1) g) + decay p)``, then ``m = beta2 m + (1 - beta2) g``.

    Its steps are as long as the rate, so the rate is three to ten times below Adam's.

    References
    ----------
    X. Chen, C. Liang, D. Huang, E. Real, K. Wang, H. Pham, X. Dong, T. Luong, C.-J. Hsieh, Y. Lu, Q. V. Le
    (2023), "Symbolic discovery of optimization algorithms", algorithm 2.
    """

    rate: float | Schedule | ReduceOnPlateau = 1e-4
    beta1: float = 0.9
    beta2: float = 0.99
    decay: float = 0.0
    memories = ("mean",)
    shares = ("beta1", "beta2")

    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return the rate, and the share that is left of a weight where weights decay."""
        return (rate, xp.subtract(1.0, xp.multiply(rate, self.decay))) if self.decay else (rate,)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step by the rate, up or down."""
        way = xp.sign(average(xp, memory[0], g, self.beta1))
        kept = xp.multiply(p, scalars[1]) if self.decay else p
        return xp.subtract(kept, xp.multiply(way, scalars[0])), average(xp, memory[0], g, self.beta2)
