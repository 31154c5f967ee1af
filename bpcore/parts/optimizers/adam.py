"""Adam and what was made of it: means of the gradient and of its square."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bpcore.parts.optimizers.optimizer import Optimizer, average
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.parts.schedules import Schedule
from bpcore.words.protocols import Array, Namespace

__all__ = ["Adam", "AdamW", "RAdam"]


@dataclass(frozen=True)
class Adam(Optimizer):
    """Means of the gradient and of its square, both corrected for their start at zero.

    ``m = beta1 m + (1 - beta1) g``, ``v = beta2 v + (1 - beta2) g**2``,
    ``p - rate (m / c1) / (sqrt(v / c2) + epsilon)`` with ``c = 1 - beta**count``.

    References
    ----------
    D. P. Kingma, J. Ba (2015), "Adam: a method for stochastic optimization".
    """

    rate: float | Schedule | ReduceOnPlateau = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    memories = ("mean", "square")
    shares = ("beta1", "beta2")

    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return step and epsilon with the corrections inside, for they cost nothing on numbers.

        ``1 - beta**count`` is taken as ``-expm1(count log(beta))``, which keeps all digits in float32.
        """
        return _corrected(xp, self, rate, count)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step along the mean, over the root mean square."""
        change, *moments = _adam_change(xp, self, g, scalars, *memory)
        return xp.subtract(p, change), *moments


@dataclass(frozen=True)
class AdamW(Optimizer):
    """Adam, with weights that decay apart from the gradient: ``p - rate decay p - (Adam's change)``.

    References
    ----------
    I. Loshchilov, F. Hutter (2019), "Decoupled weight decay regularization".
    """

    rate: float | Schedule | ReduceOnPlateau = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 1e-2
    memories = ("mean", "square")
    shares = ("beta1", "beta2")

    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return Adam's two numbers, and the share that is left of a weight."""
        kept = xp.subtract(1.0, xp.multiply(rate, self.decay))
        return *_corrected(xp, self, rate, count), kept

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step as Adam does, from a weight that decayed."""
        change, *moments = _adam_change(xp, self, g, scalars, *memory)
        return xp.subtract(xp.multiply(p, scalars[2]), change), *moments


def _corrections(xp: Namespace, adam: Adam | AdamW | RAdam, count: Array) -> tuple[Array, Array]:
    logs = [math.log(beta) if beta else -math.inf for beta in (adam.beta1, adam.beta2)]
    c1, c2 = (xp.negative(xp.expm1(xp.multiply(count, log))) for log in logs)
    return c1, c2


def _corrected(xp: Namespace, adam: Adam | AdamW, rate: Array, count: Array) -> tuple[Array, Array]:
    c1, c2 = _corrections(xp, adam, count)
    root = xp.sqrt(c2)
    return xp.multiply(rate, xp.divide(root, c1)), xp.multiply(root, adam.epsilon)


def _adam_change(
    xp: Namespace, adam: Adam | AdamW, g: Array, scalars: tuple[Array, ...], mean: Array, square: Array
) -> tuple[Array, Array, Array]:
    mean = average(xp, mean, g, adam.beta1)
    square = average(xp, square, xp.square(g), adam.beta2)
    change = xp.divide(xp.multiply(mean, scalars[0]), xp.add(xp.sqrt(square), scalars[1]))
    return change, mean, square


@dataclass(frozen=True)
class RAdam(Optimizer):
    """Adam, with steps that wait for the mean of squares to settle.

    While fewer than five steps' worth of squares are in it, a step is ``p - rate m / c1``; then it is
    Adam's, times ``sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r))`` with ``R = 2 / (1 - beta2) - 1`` and
    ``r = R - 2 count beta2**count / c2``.

    References
    ----------
    L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han (2020), "On the variance of the adaptive
    learning rate and beyond". Its epsilon stands where PyTorch has it, beside the root of the mean as it is.
    """

    rate: float | Schedule | ReduceOnPlateau = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    memories = ("mean", "square")
    shares = ("beta1", "beta2")

    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return two steps, one of which is 0: that over the root mean square, and that along the mean."""
        c1, c2 = _corrections(xp, self, count)
        plain = xp.divide(rate, c1)
        limit = 2.0 / (1.0 - self.beta2) - 1.0
        if limit <= SETTLED:
            return xp.zeros_like(plain), plain
        seen = _effective(xp, self.beta2, limit, count)
        settled = xp.greater(seen, SETTLED)
        r = xp.maximum(seen, SETTLED)
        share = limit / ((limit - 4.0) * (limit - 2.0))
        gain = xp.multiply(xp.multiply(xp.subtract(r, 4.0), xp.subtract(r, 2.0)), share)
        rooted = xp.multiply(plain, xp.sqrt(xp.multiply(c2, xp.divide(gain, r))))
        none = xp.zeros_like(plain)
        return xp.where(settled, rooted, none), xp.where(settled, none, plain)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step along the mean, by the step that is not 0."""
        mean = average(xp, memory[0], g, self.beta1)
        square = average(xp, memory[1], xp.square(g), self.beta2)
        step = xp.add(xp.divide(scalars[0], xp.add(xp.sqrt(square), self.epsilon)), scalars[1])
        return xp.subtract(p, xp.multiply(mean, step)), mean, square


SETTLED = 5.0
"""How many steps' worth of squares are enough."""

NEAR = 0.1
"""Below this, ``1 - u / expm1(u)`` is taken from its series, which keeps the digits."""


def _effective(xp: Namespace, beta2: float, limit: float, count: Array) -> Array:
    """Return ``limit - 2 count beta2**count / (1 - beta2**count)``, in which all digits would cancel.

    With ``q = -log(beta2)`` and ``u = count q`` it is ``2 / q (1 - u / expm1(u))``, and a constant.
    """
    q = -math.log(beta2)
    u = xp.multiply(count, q)
    direct = xp.subtract(1.0, xp.divide(u, xp.expm1(u)))
    square = xp.square(u)
    series = xp.multiply(square, 1 / 1209600)
    for term in (-1 / 30240, 1 / 720, -1 / 12):
        series = xp.multiply(square, xp.add(series, term))
    series = xp.add(xp.multiply(u, 0.5), series)
    part = xp.where(xp.less(u, NEAR), series, direct)
    return xp.add(xp.multiply(part, 2.0 / q), limit - 2.0 / q)
