"""XOR, one sample a step, drawn at random: the second example of Mazur's script, a network of 2-5-1.

Numbers from [0, 1) to start from, half the squared error, rate 0.5. His script leaves the biases as they were
drawn; ``python 07_one_sample_at_a_time.py frozen`` does so, too.
"""

import sys

import numpy as np

import bpcore as bp

STEPS, RATE = 10_000, 0.5
X = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.asarray([[0.0], [1.0], [1.0], [0.0]])
NET = bp.MLP(
    [2, 5, 1], activation="sigmoid", output="sigmoid", weight_init=bp.Uniform(), bias_init=bp.Uniform()
)
LOSS = bp.SquaredError(half=True, reduction="sum")
LEARNED = ("weight",) if "frozen" in sys.argv else ("weight", "bias")


@bp.compile
def step(params, x, y):
    """Return the parameters after one update with one sample."""
    new = list(params)
    for index, gradient in bp.layer_gradients(NET, params, x, y, loss=LOSS):
        moved = {name: params[index][name] - RATE * gradient[name] for name in LEARNED}
        new[index] = params[index] | moved
    return new


def error(params):
    """Return the loss over all four samples."""
    return float(LOSS(NET(params, X), Y))


start, choice = bp.split(bp.key(0), 2)
params = NET.init(start, (2,), dtype=np.float64)
before = error(params)
for n, row in enumerate((4 * bp.uniform(choice, (STEPS,))).astype(int)):
    if n % 1000 == 0:
        print(f"{n:6} steps: error {error(params):.6f}")
    params = step(params, X[row : row + 1], Y[row : row + 1])
output = NET(params, X)
print(f"{STEPS:6} steps: error {error(params):.6f}, output {output.round(3).flatten()}")
assert error(params) < before / 50
assert np.array_equal(output > 0.5, Y == 1)
