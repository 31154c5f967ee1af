"""A product that only has to be enqueued."""

from __future__ import annotations

from typing import final

from bpcore_cupy.products.algorithm import Algorithm
from bpcore_cupy.products.plan import Plan

__all__ = ["Prepared"]


@final
class Prepared:
    """A plan with its descriptors and its algorithm; made by `Handle.prepare`."""

    plan: Plan
    algorithm: Algorithm

    def __call__(self, stream: int, a: int, b: int, c: int, /, *, bias: int = 0, aux: int = 0) -> None:
        """Enqueue the product; allocates nothing once the stream has its workspace.

        Parameters
        ----------
        stream : int
            ``cupy.cuda.Stream.ptr``; it may be capturing.
        a, b, c : int
            Addresses on the device of our arrays, in our order.
        bias, aux : int
            Addresses of what the epilogue reads or writes: `Plan.vector` and `Plan.aux` say their sizes.

        Raises
        ------
        ProductFailed
            An address is not aligned as the plan says, or is missing, or the library refuses.
        """
        raise NotImplementedError
