"""Mazur's step-by-step example: 2-2-2, logistic, half squared errors summed over the outputs.

The lesson writes ``net = W x + b`` with W[out][in] and x a column. Ours: x a row, the weight transposed.
Its biases stay as they are, in the text and in the author's script.
"""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from bpcore.derivatives.namespaces.namespace import array_namespace

pytestmark = pytest.mark.needs_float64

NET = bp.Chain(bp.Linear(2), bp.Sigmoid(), bp.Linear(2), bp.Sigmoid())
LOSS = bp.SquaredError(half=True, reduction="sum")
RATE = 0.5


def turned(matrix: Any) -> list[list[float]]:
    """Return the lesson's matrix in our layout, or ours in the lesson's."""
    return [list(row) for row in zip(*matrix, strict=True)]


def start(backend: Any, numbers: Any) -> tuple[Any, Any, Any]:
    known = numbers("mazur")
    first = known["initial"]
    params = [
        {"weight": backend.array(turned(first["W1"])), "bias": backend.array(first["b1"])},
        {},
        {"weight": backend.array(turned(first["W2"])), "bias": backend.array(first["b2"])},
        {},
    ]
    return params, backend.array([known["x"]]), backend.array([known["y"]])


def objective(params: Any, x: Any, y: Any) -> Any:
    return LOSS(NET(params, x), y)


def test_forward_pass(backend: Any, numbers: Any, same: Any) -> None:
    params, x, y = start(backend, numbers)
    forward = numbers("mazur")["step0"]["forward"]
    for layer, its_params, name in zip(NET.layers, params, ("net_h", "out_h", "net_o", "out_o"), strict=True):
        x = layer(its_params, x)
        same(x, [forward[name]])
    same(LOSS(x, y), forward["E_total"])
    for output, error in enumerate(forward["E_o"]):  # the error of each output by itself
        same(LOSS(x[:, output], y[:, output]), error)


def test_gradients_of_the_first_step(backend: Any, numbers: Any, same: Any) -> None:
    params, x, y = start(backend, numbers)
    value, (grads, into_x) = backend.run(bp.value_and_grad(objective, argnums=(0, 1)), params, x, y)
    wanted = numbers("mazur")["step0"]["backward"]
    same(value, numbers("mazur")["step0"]["forward"]["E_total"])
    same(grads[0]["weight"], turned(wanted["dE_dW1"]))
    same(grads[0]["bias"], wanted["dE_db1"])
    same(grads[2]["weight"], turned(wanted["dE_dW2"]))
    same(grads[2]["bias"], wanted["dE_db2"])
    same(into_x, [wanted["dE_dx"]])


def test_gradients_on_the_way(backend: Any, numbers: Any, same: Any) -> None:
    params, _, y = start(backend, numbers)
    step = numbers("mazur")["step0"]
    wanted = step["backward"]
    out_h, net_o, out_o = (backend.array([step["forward"][name]]) for name in ("out_h", "net_o", "out_o"))
    tail = bp.Chain(*NET.layers[2:])
    same(backend.run(bp.grad(lambda out: LOSS(out, y)), out_o), [wanted["dE_dout_o"]])
    same(backend.run(bp.grad(lambda net: LOSS(bp.Sigmoid()({}, net), y)), net_o), [wanted["delta_o"]])
    same(backend.run(bp.grad(lambda out: LOSS(tail(params[2:], out), y)), out_h), [wanted["dE_dout_h"]])

    def errors(out: Any) -> Any:
        return LOSS.each(array_namespace(out), tail(params[2:], out), y)

    apart = backend.run(bp.jacobian(errors), out_h)  # of each output's error: (1, outputs, 1, hidden)
    same(apart[0, :, 0, :], wanted["dEo_douth"])


def test_one_bias_shared_by_a_layer(backend: Any, numbers: Any, same: Any) -> None:
    params, x, y = start(backend, numbers)

    def shared(b1: Any, b2: Any) -> Any:
        xp = array_namespace(b1)
        first, _, second, _ = params
        layers = [
            {"weight": layer["weight"], "bias": xp.broadcast_to(b, (2,))}
            for layer, b in ((first, b1), (second, b2))
        ]
        return objective([layers[0], {}, layers[1], {}], x, y)

    known = numbers("mazur")
    b1, b2 = backend.array(known["initial"]["b1"][0]), backend.array(known["initial"]["b2"][0])
    _, (d1, d2) = backend.run(bp.value_and_grad(shared, argnums=(0, 1)), b1, b2)
    same(d1, known["step0"]["shared_bias_gradients"]["dE_db1_shared"])
    same(d2, known["step0"]["shared_bias_gradients"]["dE_db2_shared"])


def simultaneous(params: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the error, and the parameters with all weights changed by gradients at the old ones."""
    xp = array_namespace(x)
    error, grads = bp.value_and_grad(objective)(params, x, y)
    changed = [
        {**layer, "weight": xp.subtract(layer["weight"], xp.multiply(g["weight"], RATE))} if layer else {}
        for layer, g in zip(params, grads, strict=True)
    ]
    return error, changed


def sequential(params: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """Return the same with the upper weights changed first, and the lower ones by what comes through them."""
    xp, params = array_namespace(x), list(params)
    walk = bp.layer_gradients(NET, params, x, y, loss=LOSS)
    for index, g in walk:
        weight = xp.subtract(params[index]["weight"], xp.multiply(g["weight"], RATE))
        params[index] = {**params[index], "weight": weight}
    return walk.loss, params


@pytest.mark.parametrize("order", [simultaneous, sequential])
def test_one_update(backend: Any, numbers: Any, same: Any, order: Any) -> None:
    params, x, y = start(backend, numbers)
    error, params = backend.run(order, params, x, y)
    run = numbers("mazur")["runs"][f"biases_frozen__{order.__name__}"]
    same(error, run["E_total"]["0"])
    same(objective(params, x, y), run["E_total"]["1"])
    same(NET(params, x), [run["after_1"]["forward"]["out_o"]])
    if order is simultaneous:
        same(params[0]["weight"], turned(run["after_1"]["params"]["W1"]))
        same(params[2]["weight"], turned(run["after_1"]["params"]["W2"]))


@pytest.mark.parametrize("order", [simultaneous, sequential])
def test_many_updates(backend: Any, numbers: Any, same: Any, order: Any) -> None:
    params, x, y = start(backend, numbers)
    run = numbers("mazur")["runs"][f"biases_frozen__{order.__name__}"]
    step = bp.compile(order)
    last = 10_000 if backend.name in ("numpy", "jax:jit") else 10
    for n in range(last):
        error, params = step(params, x, y)
        if str(n) in run["E_total"]:
            same(error, run["E_total"][str(n)], 1e-12)
    same(objective(params, x, y), run["E_total"][str(last)], 1e-12)
    if last == 10_000:
        same(NET(params, x), [run["after_10000"]["forward"]["out_o"]], 1e-12)
    if last == 10_000 and order is simultaneous:
        same(params[2]["weight"], turned(run["after_10000"]["params"]["W2"]), 1e-12)


def test_the_biases_learn_in_fit(backend: Any, numbers: Any, same: Any) -> None:
    params, x, y = start(backend, numbers)
    run = numbers("mazur")["runs"]["biases_per_neuron__simultaneous"]
    with backend.reading():
        found = bp.fit(
            NET, (x, y), loss=LOSS, optimizer=bp.SGD(RATE), epochs=11, params=params, progress=None
        )
    for n in (0, 1, 2, 3, 5, 10):
        assert found.history["loss"][n] == pytest.approx(run["E_total"][str(n)], rel=1e-13, abs=0)
