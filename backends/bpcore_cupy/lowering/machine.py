"""What a lowered Program needs of the library that runs it: views of memory, and ways to enqueue work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from bpcore.program.equation import Equation
from bpcore_cupy.elements import Kernel
from bpcore_cupy.lowering.steps import Launch, Multiply

__all__ = ["Enqueue", "Machine"]

Enqueue = Callable[[int], object]
"""What hands work to the stream with the pointer that it is called with."""


class Machine(Protocol):
    """A library on a device, or what stands in for one."""

    def address(self, array: Any, /) -> int:
        """Return where an array begins."""

    def view(
        self, array: Any, dtype: str, shape: Sequence[int], strides: Sequence[int], start: int, /
    ) -> Any:
        """Return another array on the memory of one: strides and `start` are in bytes, from its begin."""

    def ordered(self, array: Any, /) -> Any:
        """Return an array, or a copy of it, that lies in C order at an aligned place."""

    def ready(self, kernels: Iterable[Kernel], /) -> None:
        """Make kernels ready, several at a time; `launch` wants them after that."""

    def launch(self, step: Launch, addresses: Sequence[int], /) -> Enqueue:
        """Return what launches a kernel and its later stages; addresses are in the order of `step.pointers`.

        The last address is of scratch memory, 0 where there is none.
        """

    def multiply(self, step: Multiply, addresses: Sequence[int], /) -> Enqueue:
        """Return what enqueues a product; addresses are of a, b, c, bias and aux, 0 for what there is not."""

    def call(self, equation: Equation, operands: Sequence[Any], outputs: Sequence[Any], /) -> Enqueue:
        """Return what calls the library's own function and copies the results to `outputs`."""
