"""cuBLASLt, opened on one device: products are prepared here, and their workspace lives here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from bpcore_cupy.products.algorithm import Algorithm
from bpcore_cupy.products.plan import Plan
from bpcore_cupy.products.prepared import Prepared

__all__ = ["WORKSPACE", "Handle"]

WORKSPACE = 32 << 20
"""Bytes of workspace for each stream: what NVIDIA advises for Hopper."""


class Handle(AbstractContextManager["Handle"]):
    """cuBLASLt on the device that is current when it is made; for one owner thread.

    Parameters
    ----------
    allocate : callable
        ``allocate(nbytes)`` returns memory of the device: an object whose ``ptr`` is the address, and which
        frees it when it is dropped. ``cupy.cuda.alloc``, or the ``malloc`` of a private pool.
    workspace_bytes : int
        For each stream that products run on.
    deterministic : bool
        Leave out algorithms that split the sum over k and join the parts.
    library : Library or None
        The library, for tests; found and loaded if left out.
    """

    def __init__(
        self,
        allocate: Callable[[int], Any],
        *,
        workspace_bytes: int = WORKSPACE,
        deterministic: bool = True,
        library: Any = None,
    ) -> None:
        raise NotImplementedError

    def prepare(self, plan: Plan, *, algorithm: Algorithm | None = None) -> Prepared | None:
        """Choose an algorithm for a plan, before any capture; equal plans get the same `Prepared`.

        Returns None if the library has no algorithm for the plan's epilogue: make the product without it,
        and what follows in a kernel. `refused` says why. Given an `algorithm` that was kept, that one is
        checked and taken.
        """
        raise NotImplementedError

    def algorithms(self, plan: Plan, *, limit: int = 8) -> list[Algorithm]:
        """Return what the heuristic offers for a plan, best guess first: for timing them."""
        raise NotImplementedError

    def reserve(self, stream: int) -> None:
        """Allocate a stream's workspace now, so that a capture on it allocates nothing."""
        raise NotImplementedError

    def close(self) -> None:
        """Free everything; what was prepared cannot be called any more. Graphs must be gone before."""
        raise NotImplementedError

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()
