"""Both paths against each other: one seed, one data set, one network, every library, step by step.

NumPy is the one path; the axis's library is the other. Both draw their own start and their own batches from
the seed. After every step the loss and each parameter are compared.

Tolerances, as a share of the largest number in the array: float64 1e-13, float32 1e-5. The random bits are
the same to the last, so what differs is the rounding of sums, logarithms and exponentials; over these twenty
steps PyTorch and JAX were seen to differ from NumPy by 1e-15 and 4e-7 at most, and array-api-strict not at
all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import make_step
from bpcore.run.feeding.batches import batches
from bpcore.words.trees import named_leaves

STEPS = 20
TOLERANCE = {"float64": 1e-13, "float32": 1e-5}
FIRST = {"float64": 1e-14, "float32": 1e-6}
"""Of the first step's loss: rounding alone."""

PROBLEMS = {
    "binary": (
        bp.MLP([2, 8, 4, 1], activation="tanh"),
        bp.BinaryCrossEntropy(),
        bp.Adam(0.02),
    ),
    "classes": (
        bp.MLP([2, 8, 3], activation="relu"),
        bp.CrossEntropy(),
        bp.Nesterov(0.1),
    ),
    "squares": (
        bp.MLP([2, 6, 2], activation="gelu", weight_init=bp.LeCun()),
        bp.SquaredError(half=True),
        bp.RMSprop(0.01),
    ),
    "shares": (
        bp.MLP([2, 6, 3], activation="sigmoid", output="softmax", weight_init=bp.Glorot("normal")),
        bp.CrossEntropy(from_logits=False),
        bp.AdamW(0.02),
    ),
}


def samples(problem: str) -> tuple[Any, Any]:
    """Return 24 points on circles, as lists, and their targets."""
    angles = [2.4 * i for i in range(24)]
    x = [[(0.3 + i % 3) * np.cos(a), (0.3 + i % 3) * np.sin(a)] for i, a in enumerate(angles)]
    if problem == "binary":
        return x, [[float(i % 3 == 1)] for i in range(24)]
    if problem == "squares":
        return x, [[a * b, a - b] for a, b in x]
    return x, [i % 3 for i in range(24)]


def path(place: Any, problem: str, dtype: str) -> Iterator[tuple[float, dict[str, np.ndarray]]]:
    """Yield the loss and the parameters after each step, on the host, as `fit` would come to them."""
    net, loss, optimizer = PROBLEMS[problem]
    start_key, _, order_key = bp.split(bp.key(42, backend=place), 3)
    x, y = samples(problem)
    kind = place.dtype(dtype)
    data = (
        place.asarray(x, dtype=kind),
        place.asarray(y, dtype=place.dtype("int32") if loss.labels else kind),
    )
    params = net.init(start_key, (2,), dtype=kind)
    state = optimizer.init(params)
    step = bp.compile(make_step(net, loss, optimizer))
    for epoch in range(1, STEPS):
        for batch in batches(data, 12, order_key, epoch):
            params, state, report = step(params, state, batch)
            found = {name: np.asarray(place.to_host(array)) for name, array in named_leaves(params)}
            yield float(place.to_host(report["loss"])), found


@cache
def on_numpy(problem: str, dtype: str) -> list[tuple[float, dict[str, np.ndarray]]]:
    return list(islice(path(bp.backend("numpy"), problem, dtype), STEPS))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_step_by_step(backend: Any, problem: str, dtype: str) -> None:
    if dtype == "float64" and not backend.backend.float64:
        dtype = "float32"  # all that is there
    there = islice(path(backend.backend, problem, dtype), STEPS)
    pairs = zip(on_numpy(problem, dtype), there, strict=True)
    for number, ((loss, params), (its_loss, its_params)) in enumerate(pairs, start=1):
        tolerance = FIRST[dtype] if number == 1 else TOLERANCE[dtype]
        assert abs(loss - its_loss) <= tolerance * abs(loss), number
        assert list(params) == list(its_params)
        for name, array in params.items():
            assert its_params[name].dtype == array.dtype == dtype
            error = np.max(np.abs(its_params[name] - array))
            assert error <= TOLERANCE[dtype] * np.max(np.abs(array)), f"step {number}, {name}: {error:.3g}"
    assert number == STEPS


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_whole_runs(backend: Any, dtype: str) -> None:
    """The same through `fit`: start, split, order and steps are its own."""
    if dtype == "float64" and not backend.backend.float64:
        dtype = "float32"
    net, loss, optimizer = PROBLEMS["classes"]
    options: dict[str, Any] = {"epochs": 7, "batch_size": 7, "validation": 0.25, "seed": 9, "dtype": dtype}
    options |= {"loss": loss, "optimizer": optimizer, "progress": None}
    with backend.reading():
        here = bp.fit(net, samples("classes"), backend="numpy", **options)
        there = bp.fit(net, samples("classes"), backend=backend.backend, **options)
    assert list(here.history) == list(there.history)
    assert there.first_loss == pytest.approx(here.first_loss, rel=FIRST[dtype])
    for name, values in here.history.items():
        assert there.history[name] == pytest.approx(values, rel=TOLERANCE[dtype]), name
