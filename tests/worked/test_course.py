"""The course's two networks and its calculus.

Linear: ``y_hat = x w1 w2``. Sigmoid: ``h1 = s(x1 w1 + x2 w2)``, ``y_hat = s(h1 w3)``. Both without biases,
with half the squared error. In our layout a sample is a row, w1 and w2 of the second network the column
``[[w1], [w2]]``, and every other weight a matrix of one number.
"""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp

pytestmark = pytest.mark.needs_float64

LOSS = bp.SquaredError(half=True)
LINEAR = bp.Chain(bp.Linear(1, bias=False), bp.Identity(), bp.Linear(1, bias=False))
SIGMOID = bp.Chain(bp.Linear(1, bias=False), bp.Sigmoid(), bp.Linear(1, bias=False), bp.Sigmoid())


def linear_start(backend: Any, known: Any) -> Any:
    first = known["initial"]
    params = [{"weight": backend.array([[first["w1"]]])}, {}, {"weight": backend.array([[first["w2"]]])}]
    return params, backend.array([[known["x"]]]), backend.array([[known["y"]]])


def sigmoid_start(backend: Any, known: Any) -> Any:
    first = known["initial"]
    lower = {"weight": backend.array([[first["w1"]], [first["w2"]]])}
    params = [lower, {}, {"weight": backend.array([[first["w3"]]])}, {}]
    return params, backend.array([known["x"]]), backend.array([[known["y"]]])


def test_linear_network_first_step(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_linear")
    params, x, y = linear_start(backend, known)
    state = known["states"]["0"]
    gradient = bp.value_and_grad(lambda params, x: LOSS(LINEAR(params, x), y), argnums=(0, 1))
    value, (grads, into_x) = backend.run(gradient, params, x)
    same(value, state["loss"])
    same(LINEAR(params, x), [[state["y_hat"]]])
    same(grads[0]["weight"], [[state["dL_dw1"]]])
    same(grads[2]["weight"], [[state["dL_dw2"]]])
    same(into_x, [[state["dL_dx"]]])


@pytest.mark.parametrize("n", ["0", "1", "10"])
def test_linear_network_by_name(backend: Any, numbers: Any, same: Any, n: str) -> None:
    """The same from numbers with names, and each factor of the chain rule by itself."""
    known = numbers("course_linear")
    x, y, state = known["x"], known["y"], known["states"][n]
    w1, w2, h, y_hat = (backend.array(state[name]) for name in ("w1", "w2", "h", "y_hat"))
    exact = 1e-14 if n != "10" else 1e-11  # y_hat - y has lost six digits by then
    value, grads = bp.value_and_grad(lambda w1, w2: (x * w1 * w2 - y) ** 2 / 2, argnums=(0, 1))(w1, w2)
    same(value, state["loss"], 2 * exact)
    for given, name in zip(grads, ("dL_dw1", "dL_dw2"), strict=True):
        same(given, state[name], exact)
    same(bp.grad(lambda y_hat: (y_hat - y) ** 2 / 2)(y_hat), state["dL_dyhat"], exact)
    same(bp.grad(lambda w2: w2 * h)(w2), state["dyhat_dw2"])
    same(bp.grad(lambda w1: x * w1 * w2)(w1), state["dyhat_dw1"])
    same(bp.grad(lambda h: (h * w2 - y) ** 2 / 2)(h), state["dL_dh"], exact)


def test_linear_network_ten_epochs(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_linear")
    params, x, y = linear_start(backend, known)
    with backend.reading():
        run = bp.fit(
            LINEAR, (x, y), loss=LOSS, optimizer=bp.SGD(0.01), epochs=10, params=params, progress=None
        )
    wanted = [known["states"][str(n)]["loss"] for n in range(10)]
    assert run.history["loss"] == pytest.approx(wanted, rel=1e-11, abs=0)
    same(run.params[0]["weight"], [[known["states"]["10"]["w1"]]])
    same(run.params[2]["weight"], [[known["states"]["10"]["w2"]]])
    assert round(float(wanted[1]), 2) == 107.76  # where the course prints 107.88


def test_linear_network_finite_step(numbers: Any) -> None:
    """A step of 0.1 in w2, predicted by the derivative and done."""
    known = numbers("course_linear")["extra"]["w2_plus_0_1"]

    def loss(w2: Any) -> Any:
        return (2.0 * 2.0 * w2 - 20.0) ** 2 / 2

    before, slope = bp.value_and_grad(loss)(0.5)
    assert float(slope) * 0.1 == pytest.approx(known["first_order_prediction"], rel=1e-14)
    assert loss(0.6) == pytest.approx(known["loss"], rel=1e-14)
    assert float(before) - loss(0.6) == pytest.approx(known["loss_drop"], rel=1e-12)


def test_sigmoid_network_first_step(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_sigmoid")
    params, x, y = sigmoid_start(backend, known)
    state = known["runs"]["lr_0.1"]["0"]
    gradient = bp.value_and_grad(lambda params, x: LOSS(SIGMOID(params, x), y), argnums=(0, 1))
    value, (grads, into_x) = backend.run(gradient, params, x)
    same(value, state["loss"])
    same(grads[0]["weight"], [[state["dL_dw1"]], [state["dL_dw2"]]])
    same(grads[2]["weight"], [[state["dL_dw3"]]])
    same(into_x, [[state["dL_dx1"], state["dL_dx2"]]])


def test_sigmoid_network_every_factor(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_sigmoid")
    params, x, y = sigmoid_start(backend, known)
    state = known["runs"]["lr_0.1"]["0"]
    first, second = bp.Chain(*SIGMOID.layers[:2]), bp.Chain(*SIGMOID.layers[2:])
    h1 = first(params[:2], x)
    z1, z2 = SIGMOID.layers[0](params[0], x), SIGMOID.layers[2](params[2], h1)
    y_hat = second(params[2:], h1)
    for given, name in ((z1, "z1"), (h1, "h1"), (z2, "z2"), (y_hat, "y_hat")):
        same(given, [[state[name]]])
    same(bp.grad(lambda y_hat: LOSS(y_hat, y))(y_hat), [[state["dL_dyhat"]]])
    same(bp.grad(lambda z: backend.xp.sum(bp.Sigmoid()({}, z)))(z2), [[state["dyhat_dz2"]]])
    same(bp.grad(lambda z: LOSS(bp.Sigmoid()({}, z), y))(z2), [[state["dL_dz2"]]])
    same(bp.grad(lambda h: backend.xp.sum(SIGMOID.layers[2](params[2], h)))(h1), [[state["dz2_dh1"]]])
    same(bp.grad(lambda h: LOSS(second(params[2:], h), y))(h1), [[state["dL_dh1"]]])
    same(bp.grad(lambda z: backend.xp.sum(bp.Sigmoid()({}, z)))(z1), [[state["dh1_dz1"]]])
    above = bp.Chain(bp.Sigmoid(), *second.layers)
    same(bp.grad(lambda z: LOSS(above([{}, *params[2:]], z), y))(z1), [[state["dL_dz1"]]])


def test_sigmoid_network_ten_epochs(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_sigmoid")
    params, x, y = sigmoid_start(backend, known)
    states = known["runs"]["lr_0.1"]
    with backend.reading():
        run = bp.fit(
            SIGMOID, (x, y), loss=LOSS, optimizer=bp.SGD(0.1), epochs=10, params=params, progress=None
        )
    wanted = [states[str(n)]["loss"] for n in range(10)]
    assert run.history["loss"] == pytest.approx(wanted, rel=1e-13, abs=0)
    same(run.params[0]["weight"], [[states["10"]["w1"]], [states["10"]["w2"]]])
    same(run.params[2]["weight"], [[states["10"]["w3"]]])


@pytest.mark.parametrize("line_for_w3", ["right", "as in the course's notebook"])
def test_sigmoid_network_with_ones_own_update(
    backend: Any, numbers: Any, same: Any, line_for_w3: str
) -> None:
    """A loop over named gradients; the notebook changes w3 by dL/dw2, and prints what comes of it."""
    known = numbers("course_sigmoid")
    xp, (x1, x2), y, rate = backend.xp, known["x"], known["y"], 10.0

    def loss(weights: Any) -> Any:
        h1 = xp.expit(weights["w1"] * x1 + weights["w2"] * x2)
        return (xp.expit(weights["w3"] * h1) - y) ** 2 / 2

    @bp.compile
    def update(weights: Any) -> Any:
        value, g = bp.value_and_grad(loss)(weights)
        taken = g if line_for_w3 == "right" else {**g, "w3": g["w2"]}
        return value, {name: weights[name] - rate * taken[name] for name in weights}

    run = known["runs"]["lr_10_correct" if line_for_w3 == "right" else "lr_10_w3_updated_with_dL_dw2"]
    weights = {name: backend.array(value) for name, value in known["initial"].items()}
    for n in range(1000 if backend.name in ("numpy", "jax:jit") else 10):
        value, weights = update(weights)
        if str(n) in run:
            same(value, run[str(n)]["loss"], 1e-12)
        if str(n + 1) in run:
            for name in weights:
                same(weights[name], run[str(n + 1)][name], 1e-13)


def test_derivative_of_a_cubic(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_calculus")["cubic"]

    def f(x: Any) -> Any:
        return x**3 - 3 * x**2 + 2 * x + 1

    value, slope = backend.run(bp.value_and_grad(f), backend.array(known["x"]))
    same(value, known["f_x"])
    same(slope, known["fprime_x"])
    same(f(backend.array(known["x"] + known["dx"])), known["f_x_plus_dx"], 1e-13)
    same(slope * known["dx"], known["linear_prediction"])
    same(backend.run(bp.grad(bp.grad(f)), backend.array(known["x"])), 6 * known["x"] - 6)


def test_gradient_of_a_paraboloid(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_calculus")["paraboloid"]
    x, y = (backend.array(number) for number in known["at"])
    value, gradient = backend.run(bp.value_and_grad(lambda x, y: x**2 + y**2, argnums=(0, 1)), x, y)
    same(value, known["f0"])
    for given, wanted in zip(gradient, known["gradient"], strict=True):
        same(given, wanted)
    moved = sum(g * step for g, step in zip(gradient, known["step"], strict=True))
    same(moved, known["linear_prediction"])


def test_chain_rule_and_two_steps(backend: Any, numbers: Any, same: Any) -> None:
    known = numbers("course_calculus")
    same(backend.run(bp.grad(lambda x: (2 * x + 3) ** 2), backend.array(1.0)), known["chain"]["at_x_1"])
    toy = known["descent_toy"]
    for gradient, name in ((2.0, "after_gradient_plus_2"), (-3.0, "after_gradient_minus_3")):
        sgd, w = bp.SGD(toy["lr"]), backend.array(toy["w"])
        moved, _ = sgd.update(w, backend.array(gradient), sgd.init(w))
        same(moved, toy[name])
