"""What a loss is: a call with outputs and targets, one number back, and what it refuses."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from typing import ClassVar, Self

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.words.errors import DataError, ShapeError, choose
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = [
    "FLOOR",
    "BinaryLoss",
    "ClassLoss",
    "Loss",
    "QuantityLoss",
    "expected",
    "floored_log",
    "share_within",
    "shares_of",
    "sums_to_one",
    "wanted_only",
    "whole_numbers",
]

FLOOR = 1e-15
"""Probabilities below this are taken as this in logarithms: the loss at 0 and 1 stays finite."""


class Loss(ABC):
    """A function of outputs and targets."""

    reduction: str
    trusted: ClassVar[bool] = False
    """Whether labels were looked at: see `trusting`."""

    def __post_init__(self) -> None:
        choose(f"reduction of {type(self).__name__}", self.reduction, ("mean", "sum"))

    def __call__(self, output: Array, target: Array, weights: Array | None = None, /) -> Array:
        """Return the loss, an array of shape ().

        Parameters
        ----------
        output : array, real floating
        target : array
            Of the output's shape, and taken in its dtype; or whole-number labels of shape (batch,) for
            `CrossEntropy` and `Focal`.
        weights : array of shape (batch,), or None
            How much each sample counts. A mean is then the weighted one, ``sum(w l) / sum(w)``, which is 0
            where all weights are 0; a sum is ``sum(w l)``.

        Raises
        ------
        ShapeError
            When the shapes differ, even where they would broadcast.
        DataError
            When labels are no whole numbers. Which they are is not read, which would cost a step its speed: a
            label below 0, or of no output, makes the loss and its gradient NaN. `bpcore.fit` reads them once.
        """
        xp = array_namespace(output)
        self.check_shapes(tuple(output.shape), tuple(target.shape))
        known = self.known(xp, output, target)
        if known is not None and not self.spreads:
            output = xp.multiply(output, xp.expand_dims(known, axis=-1))
        if target.ndim == output.ndim and target.dtype != output.dtype:
            target = xp.astype(target, output.dtype)
        each = self.each(xp, output, target)
        if known is not None:
            each = xp.multiply(each, known)
        if weights is not None:
            return _weighted(self, xp, each, weights)
        return xp.mean(each) if self.reduction == "mean" else xp.sum(each)

    def known(self, xp: Namespace, output: Array, target: Array) -> Array | None:
        """Return 1 for each sample and NaN where its label is of no class; None where there are no labels."""
        return None

    @property
    def spreads(self) -> bool:
        """Whether the gradient by each output of a sample is NaN as soon as its term's is."""
        return False

    def trusting(self) -> Self:
        """Return the same loss for labels that were looked at before, and need no second look."""
        its = copy.copy(self)
        object.__setattr__(its, "trusted", True)
        return its

    @abstractmethod
    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the terms that are averaged or summed."""

    @abstractmethod
    def check_shapes(self, output: Shape, target: Shape) -> None:
        """Raise `ShapeError` when outputs and targets of these shapes do not belong together."""

    @abstractmethod
    def check_targets(self, target: Array, output: Shape) -> None:
        """Raise `DataError` when a target's value is none that the loss can take, for outputs of a shape."""

    @property
    @abstractmethod
    def labels(self) -> bool:
        """Whether targets are whole-number labels rather than numbers to come close to."""


def _weighted(loss: Loss, xp: Namespace, each: Array, weights: Array) -> Array:
    if tuple(weights.shape) != tuple(each.shape[:1]):
        wanted = f"weights of shape {tuple(each.shape[:1])}, one a sample"
        raise ShapeError(type(loss).__name__, wanted, tuple(weights.shape))
    mean = loss.reduction == "mean"
    if each.ndim > 1:
        axes = tuple(range(1, each.ndim))
        each = xp.mean(each, axis=axes) if mean else xp.sum(each, axis=axes)
    if weights.dtype != each.dtype:
        weights = xp.astype(weights, each.dtype)
    total = xp.sum(xp.multiply(weights, each))
    if not mean:
        return total
    whole = xp.sum(weights)
    return xp.divide(total, xp.where(xp.equal(whole, 0.0), xp.ones_like(whole), whole))


class QuantityLoss(Loss):
    """A loss of numbers to come close to: targets of the output's shape."""

    def check_shapes(self, output: Shape, target: Shape) -> None:
        """Want equal shapes."""
        if output != target:
            do = "Reshape one of them: they would broadcast, and every pair would be compared."
            raise ShapeError(type(self).__name__, f"targets of the output's shape {output}", target, do)

    def check_targets(self, target: Array, output: Shape) -> None:
        """Take any number."""

    @property
    def labels(self) -> bool:
        """No labels."""
        return False


class BinaryLoss(QuantityLoss):
    """A loss of shares, each of its own: for each output the probability that something is so."""

    from_logits: bool

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want numbers from 0 to 1."""
        share_within(self, target)

    @property
    def labels(self) -> bool:
        """No labels: 0 and 1 are numbers, and so is what lies between."""
        return False


class ClassLoss(Loss):
    """A loss of classes that exclude each other: outputs (batch, classes), labels (batch,) or shares."""

    from_logits: bool

    def check_shapes(self, output: Shape, target: Shape) -> None:
        """Want labels of the output's shape without the classes, or shares of its whole shape."""
        if target not in (output, output[:-1]) or not output:
            wanted = f"labels of shape {output[:-1]}, or probabilities of shape {output}"
            raise ShapeError(type(self).__name__, wanted, target)

    def known(self, xp: Namespace, output: Array, target: Array) -> Array | None:
        """Return 1 for each sample and NaN where its label is of no class; None for shares.

        None also where that was looked at before.
        """
        if self.trusted or target.ndim == output.ndim:
            return None
        whole_numbers(self, target)
        there = xp.logical_and(xp.greater_equal(target, 0), xp.less(target, output.shape[-1]))
        known = xp.astype(there, output.dtype)
        return xp.where(there, known, xp.full_like(known, math.nan))

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want labels from 0 to classes - 1, or numbers from 0 to 1 that sum to 1."""
        if target.ndim == len(output):
            share_within(self, target)
            sums_to_one(self, target, ": give labels of shape (samples,), or take BinaryCrossEntropy for "
                        "classes that do not exclude each other")  # fmt: skip
            return
        xp, outputs, name = array_namespace(target), output[-1], type(self).__name__
        whole_numbers(self, target)
        low, high = int(xp.min(target)), int(xp.max(target))
        if low < 0 or high >= outputs:
            more = f", or give the last layer {high + 1} outputs" if high >= outputs else ""
            raise DataError(
                f"{name} wants labels from 0 to {outputs - 1} for a network of {outputs} outputs, "
                f"was given {low} to {high}: number the classes from 0{more}."
            )

    @property
    def labels(self) -> bool:
        """Labels."""
        return True


def shares_of(xp: Namespace, target: Array, output: Array) -> Array:
    """Return the target as a share for each class: labels as ones and zeros, shares as they are."""
    return target if target.ndim == output.ndim else xp.astype(_is_class(xp, target, output), output.dtype)


def expected(xp: Namespace, target: Array, terms: Array) -> Array:
    """Return the sum over the classes of each term times its share, or the term of the label's class."""
    if target.ndim == terms.ndim:
        return xp.sum(xp.multiply(target, wanted_only(xp, target, terms)), axis=-1)
    return xp.sum(wanted_only(xp, target, terms), axis=-1)


def wanted_only(xp: Namespace, target: Array, terms: Array) -> Array:
    """Return terms with 0 for the classes that are not the label's; of shares, for infinite terms of share 0.

    So the logit of a class that is ruled out may be -inf, as a mask makes it.
    """
    if target.ndim == terms.ndim:
        wanted = xp.logical_or(xp.not_equal(target, 0.0), xp.isfinite(terms))
    else:
        wanted = _is_class(xp, target, terms)
    return xp.where(wanted, terms, xp.zeros_like(terms))


def _is_class(xp: Namespace, target: Array, output: Array) -> Array:
    classes = xp.arange(output.shape[-1], dtype=target.dtype, device=device_of(target))
    return xp.equal(xp.expand_dims(target, axis=-1), classes)


def whole_numbers(loss: Loss, target: Array) -> None:
    """Refuse labels that are no whole numbers, by their dtype."""
    if not array_namespace(target).isdtype(target.dtype, "integral"):
        kind = str(target.dtype).rpartition(".")[2]
        raise DataError(
            f"{type(loss).__name__} wants labels that are whole numbers, was given {kind}: cast them, as "
            "y.astype(int), or give probabilities of shape (samples, classes)."
        )


def floored_log(xp: Namespace, p: Array) -> Array:
    """Return ``log(max(p, FLOOR))``; below the floor its slope is that at the floor, not 0.

    So a share of 0 that should be more is told to grow.
    """
    missing = xp.stop_gradient(xp.subtract(xp.maximum(p, FLOOR), p))
    return xp.log(xp.add(p, missing))


def share_within(loss: Loss, target: Array) -> None:
    """Refuse targets outside [0, 1]."""
    xp = array_namespace(target)
    if bool(xp.any(xp.logical_or(xp.less(target, 0), xp.greater(target, 1)))):
        low, high = float(xp.min(target)), float(xp.max(target))
        raise DataError(f"{type(loss).__name__} wants targets from 0 to 1, was given {low:g} to {high:g}.")


def sums_to_one(loss: Loss, target: Array, do: str = "") -> None:
    """Refuse rows that are no distribution: the loss would have no lower bound."""
    xp = array_namespace(target)
    total = xp.astype(xp.sum(target, axis=-1), xp.float32)
    if bool(xp.any(xp.greater(xp.abs(xp.subtract(total, 1.0)), 1e-3))):
        raise DataError(f"{type(loss).__name__} wants probabilities that sum to 1 in each row{do}.")
