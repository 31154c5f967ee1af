"""svpino's network in under 20 lines: five logic functions, 2-4-1, logistic, no biases, sum of squares.

Its layout is ours: rows are samples, and weights are (inputs, outputs). The form of 2022 changes all weights
at once, at rate 0.1; that of 2021 changes W2 first, at rate 1, and forms the gradient of W1 through the new
W2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp

pytestmark = pytest.mark.needs_float64

NET = bp.Chain(bp.Linear(4, bias=False), bp.Sigmoid(), bp.Linear(1, bias=False), bp.Sigmoid())
LOSS = bp.SquaredError(reduction="sum")
GATES = ("OR", "AND", "XOR", "NAND", "NOR")


def start(backend: Any, known: Any, gate: str) -> tuple[Any, Any, Any]:
    first = known["pinned_initial"]
    params = [{"weight": backend.array(first["W1"])}, {}, {"weight": backend.array(first["W2"])}, {}]
    return params, backend.array(known["X"]), backend.array([[t] for t in known["targets"][gate]])


def column(values: list[float]) -> list[list[float]]:
    return [[value] for value in values]


def objective(params: Any, x: Any, y: Any) -> Any:
    return LOSS(NET(params, x), y)


@pytest.mark.parametrize("gate", GATES)
def test_first_step(backend: Any, numbers: Any, same: Any, gate: str) -> None:
    known = numbers("logic5")
    params, x, y = start(backend, known, gate)
    form = known["functions"][gate]["v2021"]
    value, grads = backend.run(bp.value_and_grad(objective), params, x, y)
    same(value, form["sse"]["0"])
    same(grads[0]["weight"], form["gradient_0"]["dL_dW1"])
    same(grads[2]["weight"], column(form["gradient_0"]["dL_dW2"]))
    layer = bp.Chain(*NET.layers[:2])(params[:2], x)
    same(layer, form["forward_0"]["layer"])
    same(NET(params, x), column(form["forward_0"]["output"]))
    z1, z2 = NET.layers[0](params[0], x), NET.layers[2](params[2], layer)
    above = bp.Chain(*NET.layers[1:])
    same(bp.grad(lambda z: LOSS(above(params[1:], z), y))(z1), form["gradient_0"]["dL_dz1"])
    same(bp.grad(lambda z: LOSS(bp.Sigmoid()({}, z), y))(z2), column(form["gradient_0"]["dL_dz2"]))


def sequential(params: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
    """Return the sum of squares, the output, and the weights: W2 first, W1 through the new W2."""
    params = list(params)
    walk = bp.layer_gradients(NET, params, x, y, loss=LOSS)
    for index, g in walk:
        params[index] = {"weight": params[index]["weight"] - g["weight"]}
    return walk.loss, walk.output, params


@pytest.mark.parametrize("gate", GATES)
def test_form_of_2021(backend: Any, numbers: Any, same: Any, gate: str) -> None:
    known = numbers("logic5")
    form = known["functions"][gate]["v2021"]
    params, x, y = start(backend, known, gate)
    step = bp.compile(sequential)
    last = 10_000 if backend.name == "numpy" else 11
    for n in range(last):
        error, output, params = step(params, x, y)
        if n == 0:
            same(params[0]["weight"], form["after_1"]["W1"])
            same(params[2]["weight"], column(form["after_1"]["W2"]))
        if str(n) in form["sse"]:
            same(error, form["sse"][str(n)], 1e-11)
    if last == 10_000:  # the output of the last forward pass, not that of the weights after it
        same(output, column(form["output_returned"]), 1e-11)
        assert np.round(backend.host(output)).astype(int).flatten().tolist() == form["rounded"]


@pytest.mark.parametrize("gate", GATES)
def test_form_of_2022(backend: Any, numbers: Any, gate: str) -> None:
    known = numbers("logic5")
    form = known["functions"][gate]["v2022"]
    params, x, y = start(backend, known, gate)
    epochs = 10_000 if backend.name == "numpy" else 11
    with backend.reading():
        run = bp.fit(
            NET, (x, y), loss=LOSS, optimizer=bp.SGD(0.1), epochs=epochs, params=params, progress=None
        )
    for n, wanted in form["sse"].items():
        if int(n) < epochs:
            assert run.history["loss"][int(n)] == pytest.approx(wanted, rel=1e-12, abs=0)
    if epochs == 10_000:
        output = backend.host(run.predict(x))
        assert np.round(output).astype(int).flatten().tolist() == form["rounded"] == known["targets"][gate]


def derivative_1(output: Any, y: Any) -> Any:
    return LOSS(output, y)


def factor_kept(output: Any, y: Any) -> Any:
    """Have the gradient of a logistic output where there is none any more."""
    slope = 2 * (output - y) * output * (1 - output)
    return bp.array_namespace(y).sum(bp.stop_gradient(slope) * output)


@pytest.mark.parametrize(
    ("order", "rate", "loss", "right"),
    [
        ("sequential", 1.0, derivative_1, [0, 0, 0, 0, 0]),
        ("sequential", 1.0, factor_kept, [0, 0, 0, 0, 0]),
        ("simultaneous", 0.1, derivative_1, [20, 20, 20, 20, 20]),
        ("simultaneous", 0.1, factor_kept, [0, 0, 5, 0, 0]),
    ],
)
def test_without_the_output_sigmoid(order: str, rate: float, loss: Any, right: list[int]) -> None:
    """20 starts of 5 functions, side by side: those that are right, and no others, stay finite."""
    xp = bp.namespace("numpy")
    streams = [np.random.RandomState(seed) for seed in range(20)]
    drawn = [(stream.rand(2, 4), stream.rand(4, 1)) for stream in streams]
    start = tuple(np.repeat(np.stack(part), len(GATES), axis=0) for part in zip(*drawn, strict=True))
    x = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    bits = [[0, 1, 1, 1], [0, 0, 0, 1], [0, 1, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0]]
    y = np.asarray(bits * 20, dtype=np.float64)[:, :, None]

    @bp.compile
    def step(weights: Any) -> Any:
        w1, w2 = weights
        layer, into_w1 = bp.vjp(lambda w: xp.expit(xp.matmul(x, w)), w1)
        output, into_w2 = bp.vjp(lambda w: xp.matmul(layer, w), w2)
        delta = bp.grad(loss)(output, y)
        new = w2 - rate * into_w2(delta)[0]
        through = new if order == "sequential" else w2
        _, into_layer = bp.vjp(lambda layer: xp.matmul(layer, through), layer)
        return w1 - rate * into_w1(into_layer(delta)[0])[0], new

    with np.errstate(all="ignore"):
        ((_, (w1, w2)),) = bp.states(step, start, counts=(10_000,))
        output = np.matmul(1 / (1 + np.exp(-np.matmul(x, w1))), w2)
    assert np.isfinite(output).all(axis=(1, 2)).reshape(20, 5).sum(axis=0).tolist() == right
    assert (np.round(output) == y).all(axis=(1, 2)).reshape(20, 5).sum(axis=0).tolist() == right
    if min(right):  # with the output's sigmoid it reaches 17
        assert f"{np.max(np.abs(w2)):.1f}" == "5.5"


def test_in_under_20_lines() -> None:
    """What a reader would write: the truth table, random numbers from [0, 1), rate 1."""
    x = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.asarray([[0.0], [1.0], [1.0], [0.0]])
    net = bp.MLP([2, 4, 1], activation="sigmoid", output="sigmoid", bias=False, weight_init=bp.Uniform())
    run = bp.fit(net, (x, y), loss=bp.SquaredError(reduction="sum"), optimizer=bp.SGD(1.0), epochs=4000)
    assert np.round(run.predict(x)).tolist() == y.tolist()
