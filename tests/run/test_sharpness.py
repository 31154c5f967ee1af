"""Sharpness: the largest eigenvalue of the Hessian, against eigenvalues that were computed whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.run.trouble.sharpness import sharpness
from bpcore.words.trees import flatten, unflatten


def test_of_a_linear_network_it_is_that_of_its_data(backend: Any) -> None:
    """The loss is quadratic: its Hessian is 2 / n X^T X, whatever the parameters."""
    x = np.asarray([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [3.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    wanted = np.linalg.eigvalsh(2 / 4 * x.T @ x)[-1]
    net = bp.Linear(1, bias=False)
    params = {"weight": backend.array(np.ones((3, 1)))}
    with backend.reading():
        found = sharpness(net, params, backend.array(x), backend.array(np.zeros((4, 1))), bp.SquaredError())
    assert found == pytest.approx(wanted, rel=1e-4)


def eigenvalues(net: Any, params: Any, x: Any, y: Any, loss: Any) -> Any:
    """Return all eigenvalues, from the Hessian written out column by column."""
    arrays, structure = flatten(params)
    sizes = [array.size for array in arrays]
    columns = []
    for unit in np.eye(sum(sizes)):
        parts = np.split(unit, np.cumsum(sizes)[:-1])
        vector = unflatten(structure, [p.reshape(a.shape) for p, a in zip(parts, arrays, strict=True)])
        (image,) = bp.hvp(lambda params: loss(net(params, x), y), (params,), (vector,))
        columns.append(np.concatenate([part.ravel() for part in flatten(image)[0]]))
    return np.linalg.eigvalsh(np.stack(columns))


def test_also_where_a_negative_eigenvalue_is_larger_in_size() -> None:
    """On targets that are turned round, a network that is sure of itself bends mostly downwards."""
    net, loss = bp.MLP([2, 5, 1], activation="tanh"), bp.BinaryCrossEntropy()
    x = np.asarray([[1.0, 0.5], [-1.0, 0.3], [0.4, -1.2], [0.8, 0.9]])
    y = np.asarray([[1.0], [0.0], [1.0], [0.0]])
    run = bp.fit(net, (x, y), loss=loss, optimizer=bp.SGD(0.5), epochs=300, seed=1)
    for target, negative in ((y, False), (1 - y, True)):
        every = eigenvalues(net, run.params, x, target, loss)
        assert (-every[0] > every[-1] > 0) == negative  # so the case is the one that is meant
        assert sharpness(net, run.params, x, target, loss) == pytest.approx(every[-1], rel=1e-3)


def test_a_flat_loss_has_none() -> None:
    """Where the outputs do nothing, the Hessian is zero."""
    params = {"weight": np.zeros((1, 1))}
    x, y = np.zeros((2, 1)), np.zeros((2, 1))
    assert sharpness(bp.Linear(1, bias=False), params, x, y, bp.SquaredError()) == 0.0
