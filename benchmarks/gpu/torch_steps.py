"""PyTorch on a GPU: eager, compiled with its own graphs, and captured whole by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch.nn import functional

from benchmarks.gpu.workloads import Run
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data

__all__ = ["captured", "compiled", "compiled_fused", "eager"]

LAYERS: dict[str, Any] = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}
LOSSES: dict[str, Any] = {
    "binary": functional.binary_cross_entropy_with_logits,
    "classes": functional.cross_entropy,
}
WARM = 5
"""Steps before the capture, on a stream of their own, as PyTorch's notes on CUDA graphs ask for."""


class _Begun:
    """A network on the device, its optimizer, its batches, and one step of it."""

    def __init__(
        self, run: Run, data: Data, device: str, *, compile_it: bool = False, fused: bool = True
    ) -> None:
        workload = run.workload
        torch.set_float32_matmul_precision("high" if run.precision == "tf32" else "highest")
        torch.backends.cuda.matmul.allow_tf32 = run.precision == "tf32"
        kinds = [workload.activation] * (len(workload.sizes) - 2) + [workload.last]
        layers: list[Any] = []
        for (inputs, outputs), kind, (weight, bias) in zip(
            pairwise(workload.sizes), kinds, data.weights, strict=True
        ):
            linear = torch.nn.Linear(inputs, outputs)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight.T.astype("float32")))
                linear.bias.copy_(torch.from_numpy(bias.astype("float32")))
            layers += [linear] if kind == "identity" else [linear, LAYERS[kind]()]
        self.device = device
        self.net: Any = torch.nn.Sequential(*layers).to(device)
        self.optimizer = _adam(self.net, workload.rate, device, fused=fused)
        self.loss_of = LOSSES[workload.loss]
        self.half = run.precision == "bfloat16"
        self.forward: Any = self._objective
        if compile_it:
            self.forward = torch.compile(self._objective, mode="reduce-overhead", fullgraph=True)
        xs, ys = (torch.from_numpy(part.copy()).to(device) for part in (data.xs, data.ys))
        ys = ys.to(torch.int64) if workload.loss == "classes" else ys.to(torch.float32)
        self.batches = list(zip(xs.to(torch.float32), ys, strict=True))

    def _objective(self, x: Any, y: Any) -> Any:
        with torch.autocast(self.device.partition(":")[0], torch.bfloat16, enabled=self.half):
            output = self.net(x)
        return self.loss_of(output.float(), y)

    def step(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.forward(x, y)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def training(self, step: Any) -> Training:
        position = 0

        def advance(steps: int) -> float:
            nonlocal position
            loss: Any = float("nan")
            for number in range(position, position + steps):
                loss = step(*self.batches[number % len(self.batches)])
            position = (position + steps) % len(self.batches)
            if self.device.startswith("cuda"):
                torch.cuda.synchronize()
            return float(loss)

        return Training(advance, self._weights)

    def _weights(self) -> Any:
        linears = [layer for layer in self.net if isinstance(layer, torch.nn.Linear)]
        pairs = [(a.weight.detach().cpu().numpy(), a.bias.detach().cpu().numpy()) for a in linears]
        return [(weight.T.copy(), bias.copy()) for weight, bias in pairs]


def _adam(net: Any, rate: float, device: str, *, fused: bool) -> Any:
    """Return PyTorch's Adam: its fused one, or the one that torch.compile can trace."""
    on_gpu = device.startswith("cuda")
    if fused:
        return torch.optim.Adam(net.parameters(), lr=rate, fused=True, capturable=on_gpu)
    lr: Any = torch.tensor(rate, device=device) if on_gpu else rate
    return torch.optim.Adam(net.parameters(), lr=lr, foreach=True, capturable=on_gpu)


def eager(run: Run, data: Data, device: str) -> Training:
    """Return a training in eager PyTorch, with its fused optimizer."""
    begun = _Begun(run, data, device)
    return begun.training(begun.step)


def compiled(run: Run, data: Data, device: str) -> Training:
    """Return a training through ``torch.compile(mode="reduce-overhead", fullgraph=True)``, optimizer too.

    Adam is the one with tensors for the rate and the count: PyTorch leaves its fused one out of what it
    compiles.
    """
    begun = _Begun(run, data, device, compile_it=True, fused=False)
    return begun.training(_marked(begun, torch.compile(begun.optimizer.step, mode="reduce-overhead")))


def compiled_fused(run: Run, data: Data, device: str) -> Training:
    """Return a training with forward and backward compiled as above, and PyTorch's fused Adam as it is."""
    begun = _Begun(run, data, device, compile_it=True)
    return begun.training(_marked(begun, begun.optimizer.step))


def _marked(begun: _Begun, update: Any) -> Any:
    """Return the step, which says where each begins, as PyTorch's graph trees ask for."""

    def step(x: Any, y: Any) -> Any:
        torch.compiler.cudagraph_mark_step_begin()
        begun.optimizer.zero_grad(set_to_none=True)
        loss = begun.forward(x, y)
        loss.backward()
        update()
        return loss.detach()

    return step


def captured(run: Run, data: Data, device: str) -> Training:
    """Return a training whose whole step is one CUDA graph, captured by hand: the strongest there is."""
    if not device.startswith("cuda"):
        raise SystemExit("a CUDA graph wants a CUDA device")
    begun = _Begun(run, data, device)
    x, y = (part.clone() for part in begun.batches[0])
    kept = [p.detach().clone() for p in begun.net.parameters()]
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM):
            begun.step(x, y)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    begun.optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        loss = begun.step(x, y)
    with torch.no_grad():  # what the warm-up learnt is forgotten
        for p, first in zip(begun.net.parameters(), kept, strict=True):
            p.copy_(first)
        for state in begun.optimizer.state.values():
            for part in state.values():
                part.zero_()

    def step(next_x: Any, next_y: Any) -> Any:
        x.copy_(next_x)
        y.copy_(next_y)
        graph.replay()
        return loss

    return begun.training(step)
