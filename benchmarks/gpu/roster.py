"""Who trains on the GPU."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from benchmarks.gpu.workloads import Run
from benchmarks.peers.training import Training
from benchmarks.peers.workloads import Data

__all__ = ["CAPTURED", "ROSTER", "USUAL", "preparation"]

CAPTURED = "bpcore captured"
"""What the others' times are divided by."""

ROSTER = {
    "bpcore eager": "ours:eager",
    CAPTURED: "ours:captured",
    "bpcore captured, many steps": "ours:scanned",
    "bpcore captured, cuBLASLt only": "ours:captured_by_library",
    "bpcore captured, tuned": "ours:captured_and_tuned",
    "torch eager": "torch_steps:eager",
    "torch.compile": "torch_steps:compiled",
    "torch.compile, fused Adam": "torch_steps:compiled_fused",
    "torch, captured by hand": "torch_steps:captured",
    "JAX jit": "jax_steps:jitted",
    "JAX scan": "jax_steps:scanned",
}

USUAL = tuple(
    name for name in ROSTER if name not in ("bpcore captured, cuBLASLt only", "bpcore captured, tuned")
)
"""Who takes part unless told."""


def preparation(name: str) -> Callable[[Run, Data, str], Training]:
    """Return the function that makes a contender's training; it brings in the contender's library."""
    module, _, function = ROSTER[name].partition(":")
    found: Callable[[Run, Data, str], Training] = getattr(import_module(f"benchmarks.gpu.{module}"), function)
    return found
