"""Gradient flow: norms by layer, against the worked spiral, on every backend."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.trouble.flow import gradient_flow
from bpcore.words.errors import ShapeError

KNOWN = json.loads((Path(__file__).parents[1] / "data" / "spiral.json").read_text(encoding="utf-8"))
NET = bp.MLP([2, 16, 8, 1], activation="tanh")


def start(backend: Any) -> tuple[Any, Any, Any]:
    """Return the notebook's start and data, transposed: samples as rows."""
    params: list[Any] = []
    for name in ("W1", "W2", "W3"):
        weight = np.asarray(KNOWN["initial"][name]).T
        params += [{"weight": backend.array(weight), "bias": backend.array(np.zeros(weight.shape[1]))}, {}]
    y = np.repeat([0.0, 1.0], 200)[:, None]
    return params[:-1], backend.array(np.asarray(KNOWN["X"]).T), backend.array(y)


@pytest.mark.needs_float64
def test_the_first_step_of_the_spiral(backend: Any) -> None:
    params, x, y = start(backend)
    flow = gradient_flow(NET, params, x, y, bp.BinaryCrossEntropy())
    assert [layer.name for layer in flow] == ["net[0] Linear(16)", "net[2] Linear(8)", "net[4] Linear(1)"]
    assert [layer.gradient for layer in flow] == pytest.approx(KNOWN["step0"]["frobenius"], rel=1e-13)
    norms = [float(np.linalg.norm(KNOWN["initial"][name])) for name in ("W1", "W2", "W3")]
    assert [layer.weight for layer in flow] == pytest.approx(norms, rel=1e-14)
    for layer in flow:
        assert layer.ratio == layer.gradient / layer.weight
        assert type(layer.ratio) is float


@dataclass(frozen=True)
class Twice(bp.Layer):
    """A layer of a user's, with a tree of its own and a parameter of another name."""

    inner: bp.Linear

    def init(self, key: Any, shape: Any, /, *, dtype: Any = None) -> Any:
        return {"first": self.inner.init(key, shape, dtype=dtype), "scale": bp.uniform(key, (), dtype=dtype)}

    def output_shape(self, shape: Any, /) -> Any:
        return self.inner.output_shape(shape)

    def __call__(self, params: Any, x: Any, /) -> Any:
        return self.inner(params["first"], x) * params["scale"]


def test_names_of_nested_and_of_foreign_layers() -> None:
    net = bp.Chain(bp.Chain(bp.Linear(3), bp.Tanh()), Twice(bp.Linear(1)))
    x, y = np.ones((4, 2)), np.zeros((4, 1))
    params = net.init(bp.key(0), (2,))
    names = [layer.name for layer in gradient_flow(net, params, x.astype("float32"), y, bp.SquaredError())]
    assert names == ["net[0][0] Linear(3)", f"net[1] {net.layers[1]} first"]
    alone = bp.Linear(1)
    flow = gradient_flow(alone, alone.init(bp.key(0), (2,)), x.astype("float32"), y, bp.SquaredError())
    assert [layer.name for layer in flow] == ["net Linear(1)"]


def test_weights_of_zeros_and_no_weights() -> None:
    net = bp.Chain(bp.Linear(1, weight_init=bp.Zeros()))
    x, y = np.ones((4, 2), dtype="float32"), np.ones((4, 1), dtype="float32")
    (layer,) = gradient_flow(net, net.init(bp.key(0), (2,)), x, y, bp.SquaredError())
    assert (layer.weight, layer.ratio) == (0.0, math.inf)
    assert gradient_flow(bp.Chain(bp.Tanh()), [{}], y, y, bp.SquaredError()) == ()


def test_what_does_not_fit_is_said() -> None:
    params = NET.init(bp.key(0), (2,))
    x = np.ones((4, 3), dtype="float32")
    with pytest.raises(ShapeError, match=r"net\[0\] Linear\(16\) wants inputs of shape"):
        gradient_flow(NET, params, x, x[:, :1], bp.BinaryCrossEntropy())
