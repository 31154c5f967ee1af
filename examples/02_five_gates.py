"""Five logic functions by svpino's network of under 20 lines: 2-4-1, logistic, no biases, sum of squares.

His form of 2021, at rate 1, changes the upper weights first, and the lower ones by what comes through the new
ones. His form of 2022 changes all at once, at rate 0.1: ``python 02_five_gates.py 2022``.
"""

import sys

import numpy as np

import bpcore as bp

at_once, rate = (True, 0.1) if "2022" in sys.argv else (False, 1.0)
net = bp.MLP([2, 4, 1], activation="sigmoid", output="sigmoid", bias=False, weight_init=bp.Uniform())
x = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@bp.compile
def step(old, y):
    """Return the weights after one update, and the output before it."""
    new = list(old)
    walk = bp.layer_gradients(net, old if at_once else new, x, y, loss=bp.SquaredError(reduction="sum"))
    for index, gradient in walk:
        new[index] = {"weight": old[index]["weight"] - rate * gradient["weight"]}
    return new, walk.output


for name, row in {"OR": "0111", "AND": "0001", "XOR": "0110", "NAND": "1110", "NOR": "1000"}.items():
    weights, y = net.init(bp.key(0), (2,), dtype=np.float64), np.asarray([[float(bit)] for bit in row])
    for _ in range(10_000):
        weights, output = step(weights, y)
    print(f"{name:>4}: {np.round(output).astype(int).flatten()}")
    assert np.array_equal(np.round(output), y)
