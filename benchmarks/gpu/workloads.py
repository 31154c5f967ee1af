"""What is trained on a GPU: three networks, and the precisions in which each is."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.peers.workloads import Workload

__all__ = ["RUNS", "SIZES", "Run", "products_of"]


class Run(NamedTuple):
    """A network in a precision.

    Attributes
    ----------
    workload : Workload
    precision : str
        ``float32``, ``tf32`` or ``bfloat16``: the same for everybody.
    """

    workload: Workload
    precision: str

    @property
    def name(self) -> str:
        """The name in tables and records."""
        return f"{self.workload.name} {self.precision}"


def _classes(name: str, sizes: tuple[int, ...], batch: int) -> Workload:
    title = f"{'-'.join(map(str, sizes))} relu, cross-entropy, Adam, batch {batch}"
    return Workload(
        name, title, sizes, "relu", "identity", "classes", "adam", rate=1e-3, batch=batch, dtype="float32",
        batches=4, steps=16, tolerance=2e-3,
    )  # fmt: skip


SIZES = {
    "a": _classes("a", (784, 512, 512, 10), 128),
    "b": _classes("b", (1024, 2048, 2048, 2048, 10), 4096),
    "c": Workload(
        "c", "2-16-8-1 tanh, binary cross-entropy, Adam, batch 200", (2, 16, 8, 1), "tanh", "identity",
        "binary", "adam", rate=0.02, batch=200, dtype="float32", batches=20, steps=40, tolerance=2e-3,
    ),
}  # fmt: skip

RUNS = (
    Run(SIZES["a"], "float32"),
    Run(SIZES["b"], "tf32"),
    Run(SIZES["b"], "bfloat16"),
    Run(SIZES["c"], "float32"),
)
"""In the order in which they are measured: what matters most first."""


def products_of(workload: Workload) -> list[tuple[str, int, int, int]]:
    """Return the products of a step: what each is for, and its rows, terms and columns."""
    found = []
    for number, (inputs, outputs) in enumerate(zip(workload.sizes, workload.sizes[1:], strict=False)):
        found.append((f"forward {number}", workload.batch, inputs, outputs))
        found.append((f"weight {number}", inputs, workload.batch, outputs))
        if number:
            found.append((f"slope {number}", workload.batch, outputs, inputs))
    return found
