"""Held-out samples: what the network makes of them after an epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.step import Batch
from bpcore.parts.layers import Layer
from bpcore.parts.losses import ClassLoss, Loss
from bpcore.parts.metrics import predicted
from bpcore.parts.penalties import Penalty
from bpcore.run import metrics
from bpcore.run.feeding.epochs import Done
from bpcore.run.feeding.place import Place
from bpcore.run.feeding.rows import row_of
from bpcore.run.trouble.memory import memory_told
from bpcore.words.errors import DataError, OptionError, choose
from bpcore.words.protocols import Array, Tree

__all__ = ["HeldOut", "Metric", "named_metrics"]

Metric = str | Callable[[Array, Array], Array]
"""The name of a metric, or a function of the targets and the network's outputs."""

Score = Callable[[Loss, Array, Array], Array]
PLANE = 2


class HeldOut:
    """Held-out samples with what is wanted of them.

    Parameters
    ----------
    place : Place
    loss : Loss
    pieces : function
        Returns them, as batches (x, y) or (x, y, weights).
    evaluate : function ``(params, batch, layers) -> report``
        Without the penalty, which belongs to no batch.
    output : function ``(params, x, layers) -> outputs``
    scores : mapping of str to function
        From `named_metrics`.
    penalty : Penalty or None
        What is added to the loss of all.
    """

    def __init__(
        self,
        place: Place,
        loss: Loss,
        pieces: Callable[[], Iterable[Batch]],
        evaluate: Callable[..., Tree],
        output: Callable[..., Array],
        scores: Mapping[str, Score],
        penalty: Penalty | None = None,
    ) -> None:
        self.place, self.loss, self.pieces = place, loss, pieces
        self.evaluate, self.output, self.scores, self.penalty = evaluate, output, scores, penalty

    def row(self, params: Tree, layers: Tree) -> dict[str, float]:
        """Return the columns of the history that are theirs."""
        done, outputs, targets = Done([], []), [], []
        for batch in self.pieces():
            count = batch[0].shape[0]
            with memory_told(count, count, "those that are held out"):
                done.samples.append(count)
                done.reports.append(self.evaluate(params, batch, layers))
                if self.scores:
                    outputs.append(self.output(params, batch[0], layers))
                    targets.append(batch[1])
        if not done.samples:
            raise DataError("the stream of held-out samples is empty: give a function that makes it anew.")
        row, _ = row_of(self.place, done, self.loss)
        if self.penalty is not None:
            row["loss"] += self.place.number(self.penalty(params))
        found = {**row, **self._scored(outputs, targets)}
        return {f"validation_{name}": value for name, value in found.items()}

    def _scored(self, outputs: list[Array], targets: list[Array]) -> dict[str, float]:
        """Return the metrics over all pieces, read in one transfer."""
        if not self.scores:
            return {}
        xp = array_namespace(outputs[0])
        output, y = (
            parts[0] if len(parts) == 1 else xp.concat(parts, axis=0) for parts in (outputs, targets)
        )
        found = [xp.reshape(score(self.loss, output, y), (-1,)) for score in self.scores.values()]
        return dict(zip(self.scores, self.place.backend.to_host(xp.concat(found)).tolist(), strict=True))


def named_metrics(wanted: Sequence[Metric], net: Layer, loss: Loss) -> dict[str, Score]:
    """Return the metrics by their names, as functions of the loss, the outputs and the targets.

    Raises
    ------
    OptionError
        There is no metric of that name, or it is none for this loss.
    """
    if isinstance(wanted, str):
        raise OptionError("metrics", wanted, f'a list, as ["{wanted}"]')
    found: dict[str, Score] = {}
    for metric in wanted:
        if callable(metric):
            name = getattr(metric, "__name__", type(metric).__name__)
            its = {name: _of_outputs(name, metric)}
        else:
            its = _named(metric, loss)
        for name in its.keys() & found.keys():
            told = "Its column is called by it: write each as a function of its own name."
            raise OptionError("metrics", f"two of the name {name}", "metrics of different names", told)
        found |= its
    return found


def _named(name: str, loss: Loss) -> dict[str, Score]:
    choose("a metric", name, metrics.__all__)
    kinds, others = (_CLASSES, _QUANTITIES) if _is_of_classes(loss) else (_QUANTITIES, _CLASSES)
    if name in others:
        what = "classes" if name in _CLASSES else "quantities"
        wanted = f"one of {', '.join(sorted(kinds))} with {type(loss).__name__}"
        raise OptionError("a metric", name, wanted, f"It is one of {what}.")
    return {} if name == "accuracy" else {name: kinds[name]}  # that one is reported in any case


def _is_of_classes(loss: Loss) -> bool:
    return isinstance(loss, ClassLoss) or hasattr(loss, "from_logits") or type(loss).__name__ == "Hinge"


def _of_outputs(name: str, metric: Callable[[Array, Array], Array]) -> Score:
    def score(loss: Loss, output: Array, y: Array) -> Array:
        xp, value = array_namespace(output), metric(y, output)
        number = isinstance(value, int | float) or math.prod(getattr(value, "shape", (0,))) == 1
        if not number:
            shape = getattr(value, "shape", None)
            given = type(value).__name__ if shape is None else f"an array of shape {tuple(shape)}"
            raise OptionError(f"the metric {name}", given, "a function that returns one number")
        return xp.asarray(value, dtype=output.dtype, device=output.device)

    return score


def _of_labels(metric: Callable[..., Array]) -> Score:
    def score(loss: Loss, output: Array, y: Array) -> Array:
        xp = array_namespace(output)
        labels = predicted(loss, output)
        if isinstance(loss, ClassLoss):
            truth = xp.argmax(y, axis=-1) if y.ndim == output.ndim else y
            flat = (xp.reshape(part, (-1,)) for part in (truth, labels))
            return metric(*flat, classes=output.shape[-1])
        pair = [xp.astype(part, xp.int32) for part in (xp.greater(y, 0.5), labels)]
        if y.ndim == PLANE and y.shape[1] == 1:
            pair = [part[:, 0] for part in pair]
        return metric(*pair) if pair[0].ndim == PLANE else metric(*pair, classes=2)

    return score


def _area(loss: Loss, output: Array, y: Array) -> Array:
    xp = array_namespace(output)
    if not isinstance(loss, ClassLoss):
        return metrics.roc_auc(xp.astype(xp.greater(y, 0.5), xp.int32), output)
    shares = xp.softmax(output, axis=-1) if loss.from_logits else output
    shares = xp.reshape(shares, (-1, shares.shape[-1]))
    truth = xp.reshape(xp.argmax(y, axis=-1) if y.ndim == output.ndim else y, (-1,))
    return metrics.roc_auc(truth, shares[:, 1] if shares.shape[1] == PLANE else shares)


def _of_quantities(metric: Callable[..., Array]) -> Score:
    def score(loss: Loss, output: Array, y: Array) -> Array:
        logs = getattr(loss, "log_input", False)
        return metric(y, array_namespace(output).exp(output) if logs else output)

    return score


_CLASSES: Mapping[str, Score] = MappingProxyType(
    {
        "accuracy": _of_labels(metrics.accuracy),
        "f1": _of_labels(metrics.f1),
        "precision": _of_labels(metrics.precision),
        "recall": _of_labels(metrics.recall),
        "roc_auc": _area,
    }
)
_QUANTITIES: Mapping[str, Score] = MappingProxyType(
    {"mae": _of_quantities(metrics.mae), "r2": _of_quantities(metrics.r2)}
)
