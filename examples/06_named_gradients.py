"""The course's sigmoid network, updated from gradients with names, and by the wrong line of its notebook.

The notebook changes w3 by the gradient of w2. With that line every number that it prints comes out; with the
right one none does.
"""

import numpy as np

import bpcore as bp

xp = bp.namespace("numpy")
X1, X2, TARGET, RATE = 1.0, 2.0, 1.0, 10.0


def predict(w):
    """Return y_hat."""
    h1 = xp.expit(w["w1"] * X1 + w["w2"] * X2)
    return xp.expit(w["w3"] * h1)


def loss(w):
    """Return half the squared error."""
    return (predict(w) - TARGET) ** 2 / 2


def right(w, g):
    """Return the weights after one update."""
    return {"w1": w["w1"] - RATE * g["w1"], "w2": w["w2"] - RATE * g["w2"], "w3": w["w3"] - RATE * g["w3"]}


def as_in_the_notebook(w, g):
    """Return the weights after its update."""
    return {"w1": w["w1"] - RATE * g["w1"], "w2": w["w2"] - RATE * g["w2"], "w3": w["w3"] - RATE * g["w2"]}


ends = {}
for update in (right, as_in_the_notebook):
    step = bp.compile(lambda w, update=update: update(w, bp.grad(loss)(w)))
    w = {name: np.asarray(value) for name, value in {"w1": 0.1, "w2": -0.3, "w3": 0.5}.items()}
    print(f"{update.__name__}\nepoch      w1       w2       w3    y_hat     loss")
    for epoch in range(1000):
        if epoch in (0, 1, 10, 100, 999):
            numbers = [*w.values(), predict(w), loss(w)]
            print(f"{epoch:5}", *(f"{float(number):8.5f}" for number in numbers))
        w = step(w)
    ends[update.__name__] = [f"{float(w[name]):.5f}" for name in ("w1", "w2", "w3")]
print("the notebook ends with", *ends["as_in_the_notebook"])
assert ends["as_in_the_notebook"] == ["1.41254", "2.32509", "3.12509"]
