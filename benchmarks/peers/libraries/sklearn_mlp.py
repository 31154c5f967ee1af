"""scikit-learn's own perceptron, a batch for each `partial_fit`.

Its regression ends in the identity and halves the squares, so that on W1 it trains another network than
the others: its time is shown, its loss not compared. Its Adam adds epsilon before the correction
of the square and not after: where a gradient is nearly 0 it steps differently, and its losses by a percent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers.training import Training, cycled
from benchmarks.peers.workloads import Data, Workload

__all__ = ["prepare"]


def prepare(workload: Workload, data: Data) -> Training:
    """Return a training in scikit-learn."""
    classes = np.arange(max(workload.sizes[-1], 2))
    options: dict[str, Any] = {
        "hidden_layer_sizes": workload.sizes[1:-1],
        "activation": {"sigmoid": "logistic"}.get(workload.activation, workload.activation),
        "solver": "adam" if workload.optimizer == "adam" else "sgd",
        "alpha": 0.0,
        "batch_size": workload.batch,
        "learning_rate_init": workload.rate,
        "momentum": 0.9 if workload.optimizer == "momentum" else 0.0,
        "nesterovs_momentum": False,
        "shuffle": False,
        "random_state": 0,
    }
    if workload.loss == "squared":
        model: Any = MLPRegressor(**options)
        first: Any = model.partial_fit
        ys = list(data.ys)
    else:
        model = MLPClassifier(**options)
        ys = [y.reshape(-1).astype(np.int64) for y in data.ys]

        def first(x: Any, y: Any) -> Any:
            return model.partial_fit(x, y, classes=classes)

    _started(model, first, data, ys[0])

    def step(x: Any, y: Any) -> float:
        model.partial_fit(x, y)
        return float(model.loss_)

    def weights() -> Any:
        return list(zip(model.coefs_, model.intercepts_, strict=True))

    return Training(cycled(step, list(data.xs), ys), weights)


def _started(model: Any, first: Any, data: Data, y: Any) -> None:
    """Let it make its arrays, which takes a step, then give it our weights and a new optimizer."""
    first(data.xs[0], y)
    for index, (weight, bias) in enumerate(data.weights):
        model.coefs_[index][...] = weight
        model.intercepts_[index][...] = bias
    del model._optimizer  # noqa: SLF001 -- there is no public way to give initial weights
