"""Treatments: the change that an advice asks for, made to a network, its data or its optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.ground.registry import backend_of
from bpcore.machine.step import Batch
from bpcore.parts.activations import Gelu, Relu, Sigmoid, Tanh
from bpcore.parts.embedding import Embedding
from bpcore.parts.initializers import Glorot, He, Zeros
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.losses import Huber, Loss, MeanAbsoluteError, SquaredError
from bpcore.parts.optimizers import Optimizer
from bpcore.parts.penalties import Penalty
from bpcore.parts.schedules import Cosine, Warmup
from bpcore.parts.wiring import Reshape, Residual
from bpcore.run.trouble.advice import Advice
from bpcore.words.protocols import Array

__all__ = ["LOWER", "Treatment", "treated"]

LOWER = 3.0
"""By how much a rate is lowered at a time."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Treatment:
    """A training, and what was changed of it.

    Attributes
    ----------
    net : Layer
    data : pair (x, y)
    loss : Loss
    optimizer : Optimizer
    held : tuple of arrays, or None
        Held-out samples, which are changed as the data are.
    penalty : Penalty or None
        In the unit of the loss.
    changes : tuple of str
    unit, scale : float
        By which a loss of this training, and a target, is brought to the unit of the first one.
    """

    net: Layer
    data: Batch
    loss: Loss
    optimizer: Optimizer
    held: Batch | None = None
    penalty: Penalty | None = None
    changes: tuple[str, ...] = ()
    unit: float = 1.0
    scale: float = 1.0

    def told(self, change: str, **new: object) -> Treatment:
        """Return it with one more change."""
        changes = self.changes if change in self.changes else (*self.changes, change)
        return replace(self, changes=changes, **new)  # type: ignore[arg-type]

    def mapped(self, part: int, change: Callable[[Array], Array]) -> dict[str, Batch | None]:
        """Return data and held-out samples with x, part 0, or y, part 1, changed."""

        def of(data: Batch) -> Batch:
            return tuple(change(array) if i == part else array for i, array in enumerate(data))

        return {"data": of(self.data), "held": None if self.held is None else of(self.held)}


def treated(case: Treatment, advice: Sequence[Advice]) -> Treatment:
    """Return the training with the changes that are advised; as it is where there is none to make."""
    for one in advice:
        if one.option != "columns":
            case = _CHANGES[one.option](case, one)
    columns = sorted({column for one in advice if one.option == "columns" for column in one.columns})
    return _without(case, columns) if columns else case


def _rate(case: Treatment, advice: Advice) -> Treatment:
    old, rate = case.optimizer.rate, _lower(case.optimizer.rate)
    words = [f"{one:g}" if isinstance(one, int | float) else str(one) for one in (old, rate)]
    return case.told(f"rate {words[0]} to {words[1]}", optimizer=replace(case.optimizer, rate=rate))


def _lower(rate: Any) -> Any:
    """Return a rate, or a schedule, that is lower throughout."""
    if isinstance(rate, int | float):
        return float(f"{rate / LOWER:.2g}")
    if isinstance(rate, Warmup):
        return replace(rate, then=_lower(rate.then), start=_lower(rate.start))
    own = {name: _lower(getattr(rate, name)) for name in ("rate", "least") if hasattr(rate, name)}
    if isinstance(rate, Cosine):
        own["end"] = _lower(rate.end)
    return replace(rate, **own) if own else rate


def _weights(case: Treatment, advice: Advice) -> Treatment:
    kinds = {type(layer) for layer in _layers(case.net)}
    init = He() if kinds & {Relu, Gelu} else Glorot()

    def anew(layer: Layer) -> Layer:
        if isinstance(layer, Embedding):
            return layer
        new = {"weight_init": init, "bias_init": Zeros()}
        return replace(layer, **{k: v for k, v in new.items() if hasattr(layer, k)})  # type: ignore[type-var]

    return case.told(f"weights from {type(init).__name__}()", net=_mapped(case.net, anew))


def _activation(case: Treatment, advice: Advice) -> Treatment:
    old: tuple[type[Layer], ...] = (Relu,) if advice.kind == "dead_relu" else (Sigmoid, Tanh)
    new = Gelu() if advice.kind == "dead_relu" else Relu()
    last = _layers(case.net)[-1]
    net = _mapped(case.net, lambda layer: new if isinstance(layer, old) and layer is not last else layer)
    names = " and ".join(kind.__name__ for kind in old)
    return _weights(case.told(f"{new} in place of {names}", net=net), advice)


def _inputs(case: Treatment, advice: Advice) -> Treatment:
    change, _ = _standard(case.data[0])
    return case.told("features of mean 0 and standard deviation 1", **case.mapped(0, change))


def _targets(case: Treatment, advice: Advice) -> Treatment:
    loss, penalty = case.loss, case.penalty
    if not isinstance(loss, SquaredError | MeanAbsoluteError | Huber):
        return case
    change, size = _standard(case.data[1], whole=True)
    unit = size if isinstance(loss, MeanAbsoluteError) else size**2
    if isinstance(loss, Huber):
        loss = replace(loss, delta=loss.delta / size)
    if penalty is not None:  # it weighs as much beside the loss as before
        penalty = replace(penalty, **{name: getattr(penalty, name) / unit for name in penalty.amounts})
    new = {"loss": loss, "penalty": penalty, "unit": case.unit * unit, "scale": case.scale * size}
    return case.told("targets of mean 0 and standard deviation 1", **new, **case.mapped(1, change))


def _without(case: Treatment, columns: list[int]) -> Treatment:
    x = case.data[0]
    kept = [i for i in range(x.shape[1]) if i not in columns]
    places = x.ndim != 2 or isinstance(_layers(case.net)[0], Reshape)  # noqa: PLR2004 -- (samples, features)
    if not kept or places:
        return case
    xp = array_namespace(x)
    chosen = xp.asarray(kept, dtype=xp.int32, device=device_of(x))
    net = _mapped(case.net, lambda layer: _of_any(layer) if layer is _layers(case.net)[0] else layer)
    told = f"column{'s' * (len(columns) > 1)} {', '.join(map(str, columns))} left out"
    return case.told(told, net=net, **case.mapped(0, lambda x: xp.take(x, chosen, axis=1)))


def _of_any(layer: Layer) -> Layer:
    """Return the layer, for any number of inputs."""
    return replace(layer, inputs=None) if hasattr(layer, "inputs") else layer  # type: ignore[type-var]


_CHANGES: dict[str, Callable[[Treatment, Advice], Treatment]] = {
    "activation": _activation,
    "inputs": _inputs,
    "rate": _rate,
    "targets": _targets,
    "weight_init": _weights,
}


def _standard(x: Array, *, whole: bool = False) -> tuple[Callable[[Array], Array], float]:
    """Return what brings columns, or all of it together, to mean 0 and deviation 1; and the deviation."""
    xp = array_namespace(x)
    axis = None if whole else 0
    deviation = xp.std(x, axis=axis, keepdims=True)
    deviation = xp.where(xp.greater(deviation, 0.0), deviation, 1.0)
    mean = xp.mean(x, axis=axis, keepdims=True)
    size = float(backend_of(deviation).to_host(xp.max(deviation)))
    return lambda x: xp.divide(xp.subtract(x, mean), deviation), size


def _layers(layer: Layer) -> list[Layer]:
    if (
        type(layer) is Chain or type(layer) is Residual
    ):  # what a subclass makes of its layers is its own affair
        return [one for part in layer.layers for one in _layers(part)]
    return [layer]


def _mapped(layer: Layer, change: Callable[[Layer], Layer]) -> Layer:
    if type(layer) is Chain or type(layer) is Residual:
        return type(layer)(*(_mapped(part, change) for part in layer.layers))
    return change(layer)
