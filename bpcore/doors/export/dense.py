"""A dense network as a list of stages, plain numbers in each: what C and Python files are written from."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bpcore.doors.export import table
from bpcore.doors.export.subject import hosted, subject_of
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.activations import Gelu, Identity, Relu, Sigmoid, Softmax, Tanh
from bpcore.parts.dropout import Dropout
from bpcore.parts.keys import key, normal
from bpcore.parts.layers import Chain, Layer, Linear, computes_as
from bpcore.parts.normalization import BatchNorm, LayerNorm
from bpcore.parts.wiring import Flatten, Reshape
from bpcore.run.result import Run, check_run
from bpcore.run.tables.preparation import Preparation
from bpcore.words.errors import ExportError
from bpcore.words.protocols import Shape, Tree
from bpcore.words.trees import leaves

__all__ = ["Network", "Stage", "Vectors", "network_of"]

WORDS: Mapping[type[Layer], str] = {
    Gelu: "gelu", Relu: "relu", Sigmoid: "sigmoid", Softmax: "softmax", Tanh: "tanh",
}  # fmt: skip
SAMPLES = 8
STRANGE = (math.nan, math.inf, -math.inf)
"""What the first feature of more samples is: a sensor that fails must not become an answer."""
CLOSE = {"float32": 1e-5, "float64": 1e-10}
"""How near a test vector must be, as a share of the largest output."""
Numbers = list[float]


@dataclass(frozen=True)
class Stage:
    """One step from numbers to numbers.

    Attributes
    ----------
    kind : str
        ``dense`` (weight, row by row from inputs to outputs, and bias), ``affine`` (scale, shift),
        ``layer_norm`` (weight, bias), or an activation.
    outputs : int
    numbers : mapping of str to list of float
    epsilon : float
        Of a layer norm.
    """

    kind: str
    outputs: int
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    epsilon: float = 0.0


@dataclass(frozen=True)
class Vectors:
    """Inputs with the outputs that bpcore gives, and how near others must come."""

    inputs: list[Numbers]
    outputs: list[Numbers]
    tolerance: float


@dataclass(frozen=True)
class Network:
    """What a file holds.

    Attributes
    ----------
    title : str
    dtype : str
        "float32" or "float64": of the weights.
    inputs : int
    stages : tuple of Stage
    preparation : mapping of str to list of float
        ``fill``, ``mean`` and ``scale`` of the inputs, ``target_mean`` and ``target_scale`` of the outputs;
        those that there are.
    notes : tuple of str
        What the numbers do not say, a line each.
    vectors : Vectors
    """

    title: str
    dtype: str
    inputs: int
    stages: tuple[Stage, ...]
    preparation: Mapping[str, Numbers]
    notes: tuple[str, ...]
    vectors: Vectors

    @property
    def outputs(self) -> int:
        """How many outputs there are."""
        return self.stages[-1].outputs if self.stages else self.inputs

    @property
    def widest(self) -> int:
        """The most numbers that stand between two stages."""
        return max(self.inputs, *(stage.outputs for stage in self.stages), 1)


def network_of(run: Run, *, prepared: bool) -> Network:
    """Return a run as stages.

    Raises
    ------
    ExportError
        When a layer is none of a dense network, or a weight is not finite.
    """
    check_run(run, "run to export")
    preparation = table.preparation_of(run, wanted=prepared)
    walk = _Walk(hosted(run, run.params), hosted(run, run.state), tuple(run.features))
    stages = [*walk.stages(run.net), *_meaning(preparation, run)]
    numbers = {} if preparation is None else table.arrays_of(preparation)
    found = Network(
        title=str(run.net),
        dtype=_dtype(walk.params),
        inputs=math.prod(run.features),
        stages=tuple(stages),
        preparation={name: array.tolist() for name, array in numbers.items()},
        notes=table.notes(preparation),
        vectors=_vectors(run, preparation),
    )
    given = [number for stage in stages for row in stage.numbers.values() for number in row]
    if not all(map(math.isfinite, given)):
        raise ExportError("a weight is infinite or not a number", "Train again, with a lower learning rate.")
    return found


def _dtype(params: Tree) -> str:
    names = {str(array.dtype) for array in leaves(params)}
    return "float64" if "float64" in names else "float32"


def _meaning(preparation: Preparation | None, run: Run) -> Iterator[Stage]:
    """Yield the stage that makes probabilities of logits."""
    if preparation is not None and preparation.task != "regression":
        kind = "softmax" if preparation.task == "multiclass" else "sigmoid"
        yield Stage(kind, math.prod(run.net.output_shape(run.features)))


@dataclass
class _Walk:
    """Parameters and state of a network, and the shape of a sample on its way through."""

    params: Tree
    state: Tree
    shape: Shape

    def stages(self, net: Layer) -> Iterator[Stage]:
        yield from self._layer(net, self.params, self.state)

    def _layer(self, layer: Layer, params: Any, state: Any) -> Iterator[Stage]:
        if computes_as(layer, Chain):
            for index, inner in enumerate(layer.layers):
                yield from self._layer(inner, params[index], None if state is None else state[index])
            return
        outputs = math.prod(layer.output_shape(self.shape))
        yield from self._stage(layer, params, state, outputs)
        self.shape = layer.output_shape(self.shape)

    def _stage(self, layer: Layer, params: Any, state: Any, outputs: int) -> Iterator[Stage]:
        rows = len(self.shape) > 1
        if computes_as(layer, Identity, Dropout, Flatten, Reshape):
            return
        if type(layer) in WORDS and not (rows and isinstance(layer, Softmax)):
            yield Stage(WORDS[type(layer)], outputs)
        elif computes_as(layer, Linear) and not rows:
            bias = params["bias"].tolist() if layer.bias else [0.0] * outputs
            weight = [number for row in params["weight"].tolist() for number in row]
            yield Stage("dense", outputs, {"weight": weight, "bias": bias})
        elif computes_as(layer, LayerNorm) and not rows:
            numbers = {name: params[name].tolist() for name in ("weight", "bias")}
            yield Stage("layer_norm", outputs, numbers, layer.epsilon)
        elif computes_as(layer, BatchNorm) and not rows:
            yield Stage("affine", outputs, _folded(layer, params, state))
        else:
            case = " on more than one axis" if rows else ""
            raise ExportError(
                f"{layer}{case} is no layer of a dense network, which a C or Python file holds",
                "Export it to ONNX: bpcore.export_onnx.",
            )


def _folded(layer: BatchNorm, params: Any, state: Any) -> dict[str, Numbers]:
    """Return a batch norm that has learnt as one factor and one summand for each feature."""
    columns = (params["weight"], params["bias"], state["running_mean"], state["running_var"])
    scale, shift = [], []
    for weight, bias, mean, variance in zip(*(column.tolist() for column in columns), strict=True):
        factor = weight / math.sqrt(variance + layer.epsilon)
        scale.append(factor)
        shift.append(bias - mean * factor)
    return {"scale": scale, "shift": shift}


def _vectors(run: Run, preparation: Preparation | None) -> Vectors:
    """Return random inputs, in the unit of the features, and strange ones, with bpcore's own outputs."""
    host = find_backend("numpy")
    subject = subject_of(run, (), prepared=preparation is not None)
    x = normal(key(0), (SAMPLES, *run.features))
    if preparation is not None:
        numbers = table.arrays_of(preparation)
        x = host.asarray(x, dtype=host.dtype("float64")) * numbers["scale"] + numbers["mean"]
    strange = [x[:1, ...] + 0.0 for _ in STRANGE]
    for row, number in zip(strange, STRANGE, strict=True):
        row[(0,) * row.ndim] = number
    x = host.asarray(host.namespace.concat([x, *strange]), dtype=subject.args[-1].dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of inf - inf
        y = subject.f(*subject.args[:-1], x)
    xp = host.namespace
    rows = [xp.reshape(part, (x.shape[0], -1)).tolist() for part in (x, y)]
    sizes = [abs(number) for row in rows[1] for number in row if math.isfinite(number)]
    largest = max(sizes, default=0.0) or 1.0
    return Vectors(rows[0], rows[1], CLOSE[_dtype(run.params)] * largest)
