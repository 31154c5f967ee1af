"""JAX on a GPU: the jitted step with donated buffers, and all batches in one scan."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np
import optax
from jax import numpy as jnp

from benchmarks.gpu.workloads import Run
from benchmarks.peers.libraries.jax_optax import ACTIVATIONS, LOSSES
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data

__all__ = ["jitted", "scanned"]

PRECISIONS = {"float32": "highest", "tf32": "default", "bfloat16": "default"}
"""JAX's default is TF32 for float32 on a GPU, and says nothing of 16 bits; a word leaves Triton out."""


def _begun(run: Run, data: Data) -> tuple[Any, Any, Any, Any, Any]:
    workload, half = run.workload, run.precision == "bfloat16"
    kinds = [workload.activation] * (len(data.weights) - 1) + [workload.last]
    optimizer = optax.adam(workload.rate)

    def objective(params: Any, x: Any, y: Any) -> Any:
        if half:
            params, x = jax.tree.map(lambda p: p.astype(jnp.bfloat16), (params, x))
        for (weight, bias), kind in zip(params, kinds, strict=True):
            x = ACTIVATIONS[kind](jnp.matmul(x, weight) + bias)
        return LOSSES[workload.loss](x.astype(jnp.float32), y)

    def step(params: Any, state: Any, x: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(objective)(params, x, y)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state, loss

    params = jax.tree.map(lambda p: jnp.array(p, jnp.float32), data.weights)
    ys = data.ys.astype("int32" if workload.loss == "classes" else "float32")
    return step, params, optimizer.init(params), jnp.asarray(data.xs, jnp.float32), jnp.asarray(ys)


def _precision(run: Run) -> AbstractContextManager[Any]:
    found: AbstractContextManager[Any] = jax.default_matmul_precision(PRECISIONS[run.precision])
    return found


def jitted(run: Run, data: Data, device: str) -> Training:
    """Return a training with one call for each step."""
    pure, params, state, xs, ys = _begun(run, data)
    step = jax.jit(pure, donate_argnums=(0, 1))
    batches = list(zip(xs, ys, strict=True))
    position = 0

    def advance(steps: int) -> float:
        nonlocal params, state, position
        loss: Any = float("nan")
        with _precision(run):
            for number in range(position, position + steps):
                params, state, loss = step(params, state, *batches[number % len(batches)])
        position = (position + steps) % len(batches)
        jax.block_until_ready(params)
        return float(loss)

    return Training(advance, lambda: [(np.asarray(w), np.asarray(b)) for w, b in params])


def scanned(run: Run, data: Data, device: str) -> Training:
    """Return a training with one call for all batches."""
    pure, params, state, xs, ys = _begun(run, data)
    count = len(data.xs)

    def body(carried: Any, batch: Any) -> Any:
        params, state, loss = pure(*carried, *batch)
        return (params, state), loss

    def epoch(params: Any, state: Any) -> Any:
        (params, state), losses = jax.lax.scan(body, (params, state), (xs, ys))
        return params, state, losses

    call = jax.jit(epoch, donate_argnums=(0, 1))

    def advance(steps: int) -> float:
        nonlocal params, state
        losses: Any = None
        with _precision(run):
            for _ in range(-(-steps // count)):
                params, state, losses = call(params, state)
        jax.block_until_ready(params)
        return float(losses[-1])

    return Training(advance, lambda: [(np.asarray(w), np.asarray(b)) for w, b in params], least=count)
