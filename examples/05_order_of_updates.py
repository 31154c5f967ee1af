"""Mazur's example, with the output layer's weights changed first: where his published end numbers come from.

The biases stay as they are. His text computes the gradients of the hidden layer with the old weights, and
prints the error 0.291027924; that one comes of the new weights of the output layer, as do the two outputs.
"""

import numpy as np

import bpcore as bp

RATE = 0.5
LOSS = bp.SquaredError(half=True, reduction="sum")
NET = bp.Chain(bp.Linear(2), bp.Sigmoid(), bp.Linear(2), bp.Sigmoid())
START = [
    {"weight": np.asarray([[0.15, 0.25], [0.20, 0.30]]), "bias": np.asarray([0.35, 0.35])},
    {},
    {"weight": np.asarray([[0.40, 0.50], [0.45, 0.55]]), "bias": np.asarray([0.60, 0.60])},
    {},
]
X, TARGET = np.asarray([[0.05, 0.10]]), np.asarray([[0.01, 0.99]])


@bp.compile
def sequential(params):
    """Return the parameters after one update, and the error before it."""
    params = list(params)
    walk = bp.layer_gradients(NET, params, X, TARGET, loss=LOSS)
    for index, gradient in walk:  # written into the list that the walk reads: new weights
        params[index] = params[index] | {"weight": params[index]["weight"] - RATE * gradient["weight"]}
    return params, walk.loss


@bp.compile
def simultaneous(params):
    """Return the same with all gradients from the old weights."""
    new = list(params)
    walk = bp.layer_gradients(NET, params, X, TARGET, loss=LOSS)
    for index, gradient in walk:  # written into a copy: old weights
        new[index] = params[index] | {"weight": params[index]["weight"] - RATE * gradient["weight"]}
    return new, walk.loss


def error(params):
    """Return the error of these parameters."""
    return float(LOSS(NET(params, X), TARGET))


for step in (simultaneous, sequential):
    params, _ = step(START)
    once = error(params)
    for _ in range(9_999):
        params, before = step(params)
    outputs = ", ".join(f"{o:.9f}" for o in NET(params, X)[0])
    print(f"{step.__name__}: {once:.9f} after 1 update, {float(before):.10f} after 9999,")
    print(f"    {error(params):.10f} after 10000, where the outputs are {outputs}")
print("published: 0.291027924 and 0.0000351085, outputs 0.015912196, 0.984065734")
assert f"{once:.9f}, {outputs}" == "0.291027924, 0.015912196, 0.984065734"
