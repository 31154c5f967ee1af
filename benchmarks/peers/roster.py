"""Who takes part: by name, where it is made and what is said of it."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from benchmarks.peers.training import Prepare

__all__ = ["BAR", "NUMPY", "OURS", "PACKAGES", "ROSTER", "Entry", "preparation"]

PACKAGES = (
    "bpcore", "numpy", "numba", "llvmlite", "torch", "jax", "jaxlib", "optax", "scikit-learn", "scipy",
    "autograd", "mygrad", "advect", "array-api-compat",
)  # fmt: skip


class Entry(NamedTuple):
    """A contender.

    Attributes
    ----------
    place : str
        ``module:function`` under benchmarks.peers.
    ours : bool
    only : tuple of str
        The workloads that it does; all of them if empty.
    apart : tuple of str
        The workloads on which it trains another network, so that its loss is not compared.
    tolerance : float
        By how much its loss may differ where that is more than the workload's tolerance.
    """

    place: str
    ours: bool = False
    only: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    tolerance: float = 0.0


BAR, NUMPY = "tuned NumPy", "bpcore numpy"
"""What ratios are formed to; and our backend that needs nothing more installed."""

ROSTER = {
    BAR: Entry("preallocated:prepare"),
    NUMPY: Entry("ours:numpy", ours=True),
    "bpcore numba": Entry("ours:numba", ours=True),
    "bpcore torch": Entry("ours:torch", ours=True),
    "bpcore jax": Entry("ours:jax", ours=True),
    "bpcore numpy scan": Entry("ours:numpy_scan", ours=True),
    "bpcore numba scan": Entry("ours:numba_scan", ours=True),
    "bpcore jax scan": Entry("ours:jax_scan", ours=True),
    "bpcore eager": Entry("ours:eager", ours=True),
    "plain NumPy": Entry("plain:prepare"),
    "relaid NumPy": Entry("tuned:prepare"),
    "torch": Entry("libraries.pytorch:eager"),
    "torch.compile": Entry("libraries.pytorch:compiled"),
    "JAX jit": Entry("libraries.jax_optax:jitted"),
    "JAX scan": Entry("libraries.jax_optax:scanned"),
    "scikit-learn": Entry("libraries.sklearn_mlp:prepare", apart=("W1",), tolerance=0.05),
    "autograd": Entry("libraries.autograd_numpy:prepare"),
    "MyGrad": Entry("libraries.mygrad_tensors:prepare"),
    "advect": Entry("libraries.advect_numpy:prepare"),
    "products NumPy": Entry("products:prepare", apart=("W1", "W2", "W3", "W4", "W5", "W6")),
    "products torch": Entry("libraries.products_torch:prepare", apart=("W1", "W2", "W3", "W4", "W5", "W6")),
    "C loop": Entry("c_loop:prepare", only=("W1", "W2")),
}

OURS = tuple(name for name, entry in ROSTER.items() if entry.ours)


def preparation(name: str) -> Prepare:
    """Return the function that makes a contender's training; it brings in the contender's library."""
    module, _, function = ROSTER[name].place.partition(":")
    found: Prepare = getattr(import_module(f"benchmarks.peers.{module}"), function)
    return found
