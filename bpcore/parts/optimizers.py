"""Optimizers: from parameters and gradients to better parameters.

An optimizer is a configuration with two pure functions: ``init(params)`` makes its state, and
``update(params, grads, state)`` returns new parameters and a new state. The state is a dict of arrays; the
rate and the count of steps are among them, so that a compiled step holds for every value of theirs, and
a schedule only has to put another number into ``state["rate"]``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from numbers import Real
from typing import ClassVar

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Namespace, Tree
from bpcore.words.trees import flatten, leaves, tree_map, unflatten

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Momentum", "Nesterov", "Optimizer", "RMSprop"]


@dataclass(frozen=True)
class Optimizer(ABC):
    """The part that all optimizers share: the trees, the rate, the count.

    Attributes
    ----------
    rate : float >= 0
        The learning rate.
    memories : tuple of str
        The names of the trees like the parameters that the optimizer remembers; they start at zero.
    shares : tuple of str
        The names of the options that say how much of a memory is kept from step to step.
    """

    rate: float
    memories: ClassVar[tuple[str, ...]] = ()
    shares: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        self._check("rate", math.inf, "a number, 0 or more")
        for name in self.shares:
            self._check(name, 1.0, "a number from 0 to below 1")
        for name in {"epsilon", "decay"} & {field.name for field in fields(self)} - set(self.shares):
            self._check(name, math.inf, "a number, 0 or more")

    def _check(self, name: str, end: float, wanted: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, Real) or not 0 <= float(value) < end:
            raise OptionError(f"{name} of {type(self).__name__}", value, wanted)

    def init(self, params: Tree, /) -> Tree:
        """Return the state to start from.

        Parameters
        ----------
        params : tree of arrays

        Returns
        -------
        dict
            ``rate`` and ``count``, arrays of shape (), and a tree like `params` for each memory.
        """
        first = leaves(params)[0] if leaves(params) else None
        if first is None:
            raise ShapeError(type(self).__name__, "parameters with at least one array", "an empty tree")
        xp = array_namespace(first)
        place = {"dtype": first.dtype, "device": device_of(first)}
        rate = xp.full((), float(self.rate), **place)
        state: dict[str, Tree] = {"rate": rate, "count": xp.zeros((), **place)}
        for name in self.memories:
            state[name] = tree_map(xp.zeros_like, params)
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
        xp = array_namespace(ps[0])
        count = xp.add(state["count"], 1.0)
        scalars = self.scalars(xp, state["rate"], count)
        columns = [leaves(state[name]) for name in self.memories]
        rows = zip(*columns, strict=True) if columns else [()] * len(ps)
        stepped = [
            self.leaf(xp, p, g, _as(xp, scalars, p), *row) for p, g, row in zip(ps, gs, rows, strict=True)
        ]
        trees = [unflatten(structure, column) for column in zip(*stepped, strict=True)]
        return trees[0], {**state, "count": count, **dict(zip(self.memories, trees[1:], strict=True))}

    @abstractmethod
    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return what is the same for all arrays in one step; arrays of shape ()."""

    @abstractmethod
    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Return the next parameter, and the next of each memory."""


def _as(xp: Namespace, scalars: tuple[Array, ...], p: Array) -> tuple[Array, ...]:
    """Return the scalars in the dtype of `p`, which they must not widen."""
    return tuple(x if x.dtype == p.dtype else xp.astype(x, p.dtype) for x in scalars)


@dataclass(frozen=True)
class _OfRate(Optimizer):
    """The part that is shared by optimizers whose steps need the rate and no other number."""

    def scalars(self, xp: Namespace, rate: Array, count: Array) -> tuple[Array, ...]:
        """Return the rate."""
        return (rate,)


@dataclass(frozen=True)
class SGD(_OfRate):
    """Gradient descent: ``p - rate g``."""

    rate: float = 0.01

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step down the gradient."""
        return (xp.subtract(p, xp.multiply(scalars[0], g)),)


@dataclass(frozen=True)
class Momentum(_OfRate):
    """Heavy ball: ``v = momentum v + g``, ``p - rate v``.

    References
    ----------
    B. T. Polyak (1964), "Some methods of speeding up the convergence of iteration methods".
    """

    rate: float = 0.01
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
class Nesterov(_OfRate):
    """Momentum that looks ahead: ``v = momentum v + g``, ``p - rate (g + momentum v)``.

    References
    ----------
    Y. Nesterov (1983); in the form of I. Sutskever, J. Martens, G. Dahl, G. Hinton (2013), "On the importance
    of initialization and momentum in deep learning".
    """

    rate: float = 0.01
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


@dataclass(frozen=True)
class Adagrad(_OfRate):
    """``s = s + g**2``, ``p - rate g / (sqrt(s) + epsilon)``.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer (2011), "Adaptive subgradient methods for online learning and stochastic
    optimization".
    """

    rate: float = 0.01
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
class RMSprop(_OfRate):
    """``s = decay s + (1 - decay) g**2``, ``p - rate g / (sqrt(s) + epsilon)``.

    References
    ----------
    T. Tieleman, G. Hinton (2012), "Lecture 6.5: RMSprop", Neural Networks for Machine Learning.
    """

    rate: float = 0.01
    decay: float = 0.99
    epsilon: float = 1e-8
    memories = ("square",)
    shares = ("decay",)

    def leaf(
        self, xp: Namespace, p: Array, g: Array, scalars: tuple[Array, ...], *memory: Array
    ) -> tuple[Array, ...]:
        """Step by the gradient over its root mean square."""
        square = _average(xp, memory[0], xp.square(g), self.decay)
        change = xp.divide(g, xp.add(xp.sqrt(square), self.epsilon))
        return xp.subtract(p, xp.multiply(scalars[0], change)), square


def _average(xp: Namespace, old: Array, new: Array, keep: float) -> Array:
    """Return the exponential moving average."""
    return xp.add(xp.multiply(old, keep), xp.multiply(new, 1 - keep))


@dataclass(frozen=True)
class Adam(Optimizer):
    """Means of the gradient and of its square, both corrected for their start at zero.

    ``m = beta1 m + (1 - beta1) g``, ``v = beta2 v + (1 - beta2) g**2``,
    ``p - rate (m / c1) / (sqrt(v / c2) + epsilon)`` with ``c = 1 - beta**count``.

    References
    ----------
    D. P. Kingma, J. Ba (2015), "Adam: a method for stochastic optimization".
    """

    rate: float = 1e-3
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

    rate: float = 1e-3
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


def _corrected(xp: Namespace, adam: Adam | AdamW, rate: Array, count: Array) -> tuple[Array, Array]:
    logs = [math.log(beta) if beta else -math.inf for beta in (adam.beta1, adam.beta2)]
    c1, c2 = (xp.negative(xp.expm1(xp.multiply(count, log))) for log in logs)
    root = xp.sqrt(c2)
    return xp.multiply(rate, xp.divide(root, c1)), xp.multiply(root, adam.epsilon)


def _adam_change(
    xp: Namespace, adam: Adam | AdamW, g: Array, scalars: tuple[Array, ...], mean: Array, square: Array
) -> tuple[Array, Array, Array]:
    mean = _average(xp, mean, g, adam.beta1)
    square = _average(xp, square, xp.square(g), adam.beta2)
    change = xp.divide(xp.multiply(mean, scalars[0]), xp.add(xp.sqrt(square), scalars[1]))
    return change, mean, square
