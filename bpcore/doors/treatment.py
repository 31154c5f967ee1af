"""Treatments: the change that an advice asks for, made to a network, its data or its optimizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.ground.registry import backend_of
from bpcore.machine.step import Batch
from bpcore.parts.activations import Gelu, Relu, Sigmoid, Tanh
from bpcore.parts.initializers import Glorot, He, Zeros
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.losses import Loss, MeanAbsoluteError, SquaredError
from bpcore.parts.optimizers import Optimizer
from bpcore.run.advice import Advice
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
    changes : tuple of str
    unit : float
        By which a loss of this training is brought to the unit of the first one.
    """

    net: Layer
    data: Batch
    loss: Loss
    optimizer: Optimizer
    changes: tuple[str, ...] = ()
    unit: float = 1.0

    def told(self, change: str, **new: object) -> Treatment:
        """Return it with one more change."""
        changes = self.changes if change in self.changes else (*self.changes, change)
        return replace(self, changes=changes, **new)  # type: ignore[arg-type]


def treated(case: Treatment, advice: Sequence[Advice]) -> Treatment:
    """Return the training with the changes that are advised; as it is where there is none to make."""
    for one in advice:
        if one.option != "columns":
            case = _CHANGES[one.option](case, one)
    columns = sorted({column for one in advice if one.option == "columns" for column in one.columns})
    return _without(case, columns) if columns else case


def _rate(case: Treatment, advice: Advice) -> Treatment:
    rate = case.optimizer.rate
    if not isinstance(rate, int | float):
        return case
    lower = float(f"{rate / LOWER:.2g}")
    return case.told(f"rate {rate:g} to {lower:g}", optimizer=replace(case.optimizer, rate=lower))


def _weights(case: Treatment, advice: Advice) -> Treatment:
    kinds = {type(layer) for layer in _layers(case.net)}
    init = He() if kinds & {Relu, Gelu} else Glorot()

    def anew(layer: Layer) -> Layer:
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
    x, y = case.data
    x, _ = _standard(x)
    return case.told("features of mean 0 and standard deviation 1", data=(x, y))


def _targets(case: Treatment, advice: Advice) -> Treatment:
    if not isinstance(case.loss, SquaredError | MeanAbsoluteError):
        return case
    x, y = case.data
    y, size = _standard(y, whole=True)
    unit = size**2 if isinstance(case.loss, SquaredError) else size
    told = "targets of mean 0 and standard deviation 1"
    return case.told(told, data=(x, y), unit=case.unit * unit)


def _without(case: Treatment, columns: list[int]) -> Treatment:
    x, y = case.data
    kept = [i for i in range(x.shape[1]) if i not in columns]
    if not kept or x.ndim != 2:  # noqa: PLR2004 -- (samples, features)
        return case
    xp = array_namespace(x)
    chosen = xp.asarray(kept, dtype=xp.int32, device=device_of(x))
    net = _mapped(case.net, lambda layer: _of_any(layer) if layer is _layers(case.net)[0] else layer)
    told = f"without column {', '.join(map(str, columns))}"
    return case.told(told, net=net, data=(xp.take(x, chosen, axis=1), y))


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


def _standard(x: Array, *, whole: bool = False) -> tuple[Array, float]:
    """Return columns of mean 0 and deviation 1, or all of it together; and the deviation of all."""
    xp = array_namespace(x)
    axis = None if whole else 0
    deviation = xp.std(x, axis=axis, keepdims=True)
    deviation = xp.where(xp.greater(deviation, 0.0), deviation, 1.0)
    x = xp.divide(xp.subtract(x, xp.mean(x, axis=axis, keepdims=True)), deviation)
    return x, float(backend_of(deviation).to_host(xp.max(deviation)))


def _layers(layer: Layer) -> list[Layer]:
    return [one for part in layer.layers for one in _layers(part)] if isinstance(layer, Chain) else [layer]


def _mapped(layer: Layer, change: Callable[[Layer], Layer]) -> Layer:
    if isinstance(layer, Chain):
        return Chain(*(_mapped(part, change) for part in layer.layers))
    return change(layer)
