"""Losses: one number that says how far the outputs are from the targets.

A loss is called as ``loss(output, target)`` and returns an array of shape (). Shapes that would broadcast
in silence, (N, 1) against (N,), are refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.words.errors import DataError, ShapeError, choose
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["BinaryCrossEntropy", "CrossEntropy", "Loss", "SquaredError"]

FLOOR = 1e-15
"""Probabilities below this are taken as this in logarithms: the loss at 0 and 1 stays finite."""


class Loss(ABC):
    """A function of outputs and targets."""

    reduction: str

    def __post_init__(self) -> None:
        choose(f"reduction of {type(self).__name__}", self.reduction, ("mean", "sum"))

    def __call__(self, output: Array, target: Array, /) -> Array:
        """Return the loss, an array of shape ().

        Parameters
        ----------
        output : array, real floating
        target : array
            Of the output's shape, and taken in its dtype; or whole-number labels of shape (batch,) for
            `CrossEntropy`.

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


def _same_shape(loss: Loss, output: Shape, target: Shape) -> None:
    if output != target:
        do = "Reshape one of them: they would broadcast, and every pair would be compared."
        raise ShapeError(type(loss).__name__, f"targets of the output's shape {output}", target, do)


def _share_within(loss: Loss, target: Array) -> None:
    """Refuse targets outside [0, 1]."""
    xp = array_namespace(target)
    if bool(xp.any(xp.logical_or(xp.less(target, 0), xp.greater(target, 1)))):
        low, high = float(xp.min(target)), float(xp.max(target))
        raise DataError(f"{type(loss).__name__} wants targets from 0 to 1, was given {low:g} to {high:g}.")


def _sums_to_one(target: Array) -> None:
    """Refuse rows that are no distribution: the loss would have no lower bound."""
    xp = array_namespace(target)
    total = xp.astype(xp.sum(target, axis=-1), xp.float32)
    if bool(xp.any(xp.greater(xp.abs(xp.subtract(total, 1.0)), 1e-3))):
        raise DataError(
            "CrossEntropy wants probabilities that sum to 1 in each row: give labels of shape (samples,), or "
            "take BinaryCrossEntropy for classes that do not exclude each other."
        )


@dataclass(frozen=True)
class SquaredError(Loss):
    """The square of the difference, summed or averaged over all elements, with or without the half.

    Parameters
    ----------
    half : bool
        Whether each square is halved, so that its derivative is the difference itself.
    reduction : "mean" or "sum"
    """

    half: bool = False
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the squares."""
        squares = xp.square(xp.subtract(output, target))
        return xp.multiply(squares, 0.5) if self.half else squares

    def check_shapes(self, output: Shape, target: Shape) -> None:
        """Want equal shapes."""
        _same_shape(self, output, target)

    def check_targets(self, target: Array, output: Shape) -> None:
        """Take any number."""

    @property
    def labels(self) -> bool:
        """No labels."""
        return False


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """``-(t log p + (1 - t) log(1 - p))`` for each element.

    Parameters
    ----------
    from_logits : bool
        Whether the output is z with ``p = 1 / (1 + exp(-z))``, which loses nothing at large z; if not,
        the output is p itself, as after `Sigmoid`, and logarithms are floored at 1e-15.
    reduction : "mean" or "sum"
    """

    from_logits: bool = True
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return the terms; for logits ``log(1 + exp(z)) - t z``."""
        if self.from_logits:
            return xp.subtract(xp.softplus(output), xp.multiply(target, output))
        taken = xp.multiply(target, _log(xp, output))
        other = xp.multiply(xp.subtract(1.0, target), _log(xp, xp.subtract(1.0, output)))
        return xp.negative(xp.add(taken, other))

    def check_shapes(self, output: Shape, target: Shape) -> None:
        """Want equal shapes."""
        _same_shape(self, output, target)

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want numbers from 0 to 1."""
        _share_within(self, target)

    @property
    def labels(self) -> bool:
        """No labels: 0 and 1 are numbers, and so is what lies between."""
        return False


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Minus the logarithm of the probability that was given to the right class.

    Parameters
    ----------
    from_logits : bool
        Whether the output is z with ``p = softmax(z)``; if not, the output is p itself, as after
        `Softmax`, and logarithms are floored at 1e-15.
    reduction : "mean" or "sum"

    Notes
    -----
    Outputs (batch, classes); targets whole-number labels (batch,), or probabilities (batch, classes).
    """

    from_logits: bool = True
    reduction: str = "mean"

    def each(self, xp: Namespace, output: Array, target: Array) -> Array:
        """Return a term for each sample; for logits ``log(sum(exp(z))) - z_target``."""
        share = _one_hot(xp, target, output) if target.ndim < output.ndim else target
        if self.from_logits:
            taken = xp.sum(xp.multiply(share, output), axis=-1)
            return xp.subtract(xp.logsumexp(output, axis=-1), taken)
        return xp.negative(xp.sum(xp.multiply(share, _log(xp, output)), axis=-1))

    def check_shapes(self, output: Shape, target: Shape) -> None:
        """Want labels of the output's shape without the classes, or shares of its whole shape."""
        if target not in (output, output[:-1]) or not output:
            wanted = f"labels of shape {output[:-1]}, or probabilities of shape {output}"
            raise ShapeError("CrossEntropy", wanted, target)

    def check_targets(self, target: Array, output: Shape) -> None:
        """Want labels from 0 to classes - 1, or numbers from 0 to 1."""
        if target.ndim == len(output):
            _share_within(self, target)
            _sums_to_one(target)
            return
        xp, outputs = array_namespace(target), output[-1]
        if not xp.isdtype(target.dtype, "integral"):
            kind = str(target.dtype).rpartition(".")[2]
            raise DataError(
                f"CrossEntropy wants labels that are whole numbers, was given {kind}: cast them, as "
                "y.astype(int), or give probabilities of shape (samples, classes)."
            )
        low, high = int(xp.min(target)), int(xp.max(target))
        if low < 0 or high >= outputs:
            more = f", or give the last layer {high + 1} outputs" if high >= outputs else ""
            raise DataError(
                f"CrossEntropy wants labels from 0 to {outputs - 1} for a network of {outputs} outputs, "
                f"was given {low} to {high}: number the classes from 0{more}."
            )

    @property
    def labels(self) -> bool:
        """Labels."""
        return True


def _one_hot(xp: Namespace, labels: Array, output: Array) -> Array:
    classes = xp.arange(output.shape[-1], dtype=labels.dtype, device=device_of(labels))
    return xp.astype(xp.equal(xp.expand_dims(labels, axis=-1), classes), output.dtype)


def _log(xp: Namespace, p: Array) -> Array:
    """Return ``log(max(p, FLOOR))``; below the floor its slope is that at the floor, not 0.

    So a share of 0 that should be more is told to grow.
    """
    missing = xp.stop_gradient(xp.subtract(xp.maximum(p, FLOOR), p))
    return xp.log(xp.add(p, missing))
