"""What a loss is: a call with outputs and targets, one number back, and what it refuses."""

from __future__ import annotations

from abc import ABC, abstractmethod

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.words.errors import DataError, ShapeError, choose
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = [
    "FLOOR",
    "BinaryLoss",
    "ClassLoss",
    "Loss",
    "QuantityLoss",
    "floored_log",
    "share_within",
    "shares_of",
    "sums_to_one",
]

FLOOR = 1e-15
"""Probabilities below this are taken as this in logarithms: the loss at 0 and 1 stays finite."""


class Loss(ABC):
    """A function of outputs and targets."""

    reduction: str

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
        """
        xp = array_namespace(output)
        self.check_shapes(tuple(output.shape), tuple(target.shape))
        if target.ndim == output.ndim and target.dtype != output.dtype:
            target = xp.astype(target, output.dtype)
        each = self.each(xp, output, target)
        if weights is not None:
            return _weighted(self, xp, each, weights)
        return xp.mean(each) if self.reduction == "mean" else xp.sum(each)

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

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want labels from 0 to classes - 1, or numbers from 0 to 1 that sum to 1."""
        if target.ndim == len(output):
            share_within(self, target)
            sums_to_one(self, target, ": give labels of shape (samples,), or take BinaryCrossEntropy for "
                        "classes that do not exclude each other")  # fmt: skip
            return
        xp, outputs, name = array_namespace(target), output[-1], type(self).__name__
        if not xp.isdtype(target.dtype, "integral"):
            kind = str(target.dtype).rpartition(".")[2]
            raise DataError(
                f"{name} wants labels that are whole numbers, was given {kind}: cast them, as "
                "y.astype(int), or give probabilities of shape (samples, classes)."
            )
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
    if target.ndim == output.ndim:
        return target
    classes = xp.arange(output.shape[-1], dtype=target.dtype, device=device_of(target))
    return xp.astype(xp.equal(xp.expand_dims(target, axis=-1), classes), output.dtype)


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
