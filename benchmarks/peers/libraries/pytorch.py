"""PyTorch on the CPU, eager and compiled: modules, its losses, and the fastest form of its optimizers.

That is the fused one, but for gradient descent without a memory, where a plain loop is faster, and compiled
is faster yet; the fused Adam is faster than the compiled one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch.nn import functional

from benchmarks.peers.training import Training, cycled
from benchmarks.peers.workloads import Data, Workload

__all__ = ["compiled", "eager"]

LAYERS = {
    "relu": torch.nn.ReLU,
    "tanh": torch.nn.Tanh,
    "sigmoid": torch.nn.Sigmoid,
    "identity": torch.nn.Identity,
}
LOSSES = {
    "squared": functional.mse_loss,
    "binary": functional.binary_cross_entropy_with_logits,
    "classes": functional.cross_entropy,
}


def eager(workload: Workload, data: Data) -> Training:
    """Return a training in eager PyTorch."""
    return _trained(workload, data, compile_it=False)


def compiled(workload: Workload, data: Data) -> Training:
    """Return a training whose network and loss went through `torch.compile`, and so did their gradient."""
    return _trained(workload, data, compile_it=True)


def _net(workload: Workload, data: Data) -> Any:
    kinds = [workload.activation] * (len(workload.sizes) - 2) + [workload.last]
    layers: list[Any] = []
    for (inputs, outputs), kind, (weight, bias) in zip(
        pairwise(workload.sizes), kinds, data.weights, strict=True
    ):
        linear = torch.nn.Linear(inputs, outputs, dtype=getattr(torch, workload.dtype))
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        layers += [linear] if kind == "identity" else [linear, LAYERS[kind]()]
    return torch.nn.Sequential(*layers)


def _optimizer(workload: Workload, params: Any, *, compile_it: bool) -> Any:
    if workload.optimizer == "adam":
        return torch.optim.Adam(params, lr=workload.rate, fused=True)
    if workload.optimizer == "momentum":
        return torch.optim.SGD(params, lr=workload.rate, momentum=0.9, fused=True)
    return torch.optim.SGD(params, lr=workload.rate, foreach=compile_it)


def _trained(workload: Workload, data: Data, *, compile_it: bool) -> Training:
    net = _net(workload, data)
    optimizer = _optimizer(workload, net.parameters(), compile_it=compile_it)
    loss_of: Any = LOSSES[workload.loss]

    def objective(x: Any, y: Any) -> Any:
        return loss_of(net(x), y)

    update = optimizer.step
    if compile_it:
        objective = torch.compile(objective)
        if workload.optimizer == "sgd":
            update = torch.compile(update)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = objective(x, y)
        loss.backward()
        update()
        return loss.detach()

    def weights() -> Any:
        linears = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
        return [(a.weight.detach().numpy().T.copy(), a.bias.detach().numpy().copy()) for a in linears]

    xs, ys = ([torch.from_numpy(part) for part in parts] for parts in (data.xs, data.ys))
    return Training(cycled(step, xs, ys), weights)
