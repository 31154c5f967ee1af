"""JAX with optax: a jitted step with donated buffers, and as many steps as there are batches in one scan."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import optax
from jax import numpy as jnp

from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data, Workload

__all__ = ["jitted", "scanned"]

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid, "identity": lambda x: x}
LOSSES: dict[str, Any] = {
    "squared": lambda y, target: jnp.mean((y - target) ** 2),
    "binary": lambda z, target: optax.sigmoid_binary_cross_entropy(z, target).mean(),
    "classes": lambda z, labels: optax.softmax_cross_entropy_with_integer_labels(z, labels).mean(),
}


def _parts(workload: Workload, data: Data) -> tuple[Any, Any, Any]:
    """Return the step, and the first parameters and state."""
    jax.config.update("jax_enable_x64", workload.dtype == "float64")
    kinds = [workload.activation] * (len(data.weights) - 1) + [workload.last]
    loss_of = LOSSES[workload.loss]
    optimizers: dict[str, Any] = {
        "sgd": optax.sgd,
        "momentum": lambda rate: optax.sgd(rate, momentum=0.9),
        "adam": optax.adam,
    }
    optimizer = optimizers[workload.optimizer](workload.rate)

    def objective(params: Any, x: Any, y: Any) -> Any:
        for (weight, bias), kind in zip(params, kinds, strict=True):
            x = ACTIVATIONS[kind](x @ weight + bias)
        return loss_of(x, y)

    def step(params: Any, state: Any, x: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(objective)(params, x, y)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state, loss

    params = jax.tree.map(jnp.array, data.weights)
    return step, params, optimizer.init(params)


def jitted(workload: Workload, data: Data) -> Training:
    """Return a training with one call for each step."""
    pure, params, state = _parts(workload, data)
    step = jax.jit(pure, donate_argnums=(0, 1))
    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in zip(data.xs, data.ys, strict=True)]
    position = 0

    def advance(steps: int) -> float:
        nonlocal params, state, position
        loss: Any = float("nan")
        for number in range(position, position + steps):
            x, y = batches[number % len(batches)]
            params, state, loss = step(params, state, x, y)
        position = (position + steps) % len(batches)
        jax.block_until_ready(params)
        return float(loss)

    return Training(advance, lambda: [(np.asarray(w), np.asarray(b)) for w, b in params])


def scanned(workload: Workload, data: Data) -> Training:
    """Return a training with one call for all batches; steps are rounded up to whole calls."""
    pure, params, state = _parts(workload, data)

    def body(carried: Any, batch: Any) -> Any:
        params, state, loss = pure(*carried, *batch)
        return (params, state), loss

    def epoch(params: Any, state: Any, xs: Any, ys: Any) -> Any:
        (params, state), losses = jax.lax.scan(body, (params, state), (xs, ys))
        return params, state, losses

    run = jax.jit(epoch, donate_argnums=(0, 1))
    xs, ys = jnp.asarray(data.xs), jnp.asarray(data.ys)

    def advance(steps: int) -> float:
        nonlocal params, state
        losses: Any = [float("nan")]
        for _ in range(-(-steps // len(data.xs))):
            params, state, losses = run(params, state, xs, ys)
        jax.block_until_ready(params)
        return float(losses[-1])

    return Training(advance, lambda: [(np.asarray(w), np.asarray(b)) for w, b in params], least=len(data.xs))
