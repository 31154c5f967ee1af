"""A product that only has to be enqueued."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_double, c_float, create_string_buffer
from typing import Any, final

from bpcore_cupy.products.abi import ALGORITHM_BYTES, Description
from bpcore_cupy.products.algorithm import Algorithm
from bpcore_cupy.products.descriptors import Described
from bpcore_cupy.products.failures import ProductFailed
from bpcore_cupy.products.plan import Plan

__all__ = ["Prepared"]


@final
class Prepared:
    """A plan with its descriptors and its algorithm; made by `Handle.prepare`, for one thread.

    Attributes
    ----------
    plan : Plan
    algorithm : Algorithm
    """

    def __init__(
        self,
        library: Any,
        handle: int,
        described: Described,
        plan: Plan,
        algorithm: Algorithm,
        workspace: Callable[[int, int], int],
    ) -> None:
        self.plan, self.algorithm = plan, algorithm
        self._library, self._handle, self._described = library, handle, described
        self._workspace = workspace
        self._data = create_string_buffer(algorithm.data, ALGORITHM_BYTES)
        number = c_double if plan.scale == "float64" else c_float
        self._alpha, self._beta = byref(number(1.0)), byref(number(float(plan.accumulate)))
        a, b = (plan.second, plan.first) if plan.swapped else (plan.first, plan.second)
        self._alignments = (a.alignment, b.alignment, plan.result.alignment)
        self._addresses: dict[str, int] = {}

    def __call__(self, stream: int, a: int, b: int, c: int, /, *, bias: int = 0, aux: int = 0) -> None:
        """Enqueue the product; allocates nothing once the stream has its workspace.

        Parameters
        ----------
        stream : int
            ``cupy.cuda.Stream.ptr``; it may be capturing.
        a, b, c : int
            Addresses on the device of our arrays, in our order.
        bias, aux : int
            Addresses of what the epilogue reads or writes: ``plan.vector`` and ``plan.aux`` say what.

        Raises
        ------
        ProductFailed
            An address is missing, or not aligned as the plan says, or the library refuses.
        """
        for name, address, alignment in zip("abc", (a, b, c), self._alignments, strict=True):
            self._look(name, address, alignment)
        plan, operation = self.plan, self._described.operation
        if not operation.pointer:
            raise ProductFailed(plan.text, "it is closed", "Prepare it on a handle that is open.")
        self._point("bias", bias, plan.vector.alignment if plan.vector else 0)
        self._point("aux", aux, plan.aux.alignment if plan.aux else 0)
        size = self.algorithm.workspace_bytes
        workspace = self._workspace(stream, size) if size else 0
        first, second, added, result = self._described.matrices
        for skip_a, skip_b, skip_c in plan.calls:
            ours = (a + skip_a, b + skip_b)
            status = self._library.cublasLtMatmul(
                *(self._handle, operation.pointer, self._alpha),
                *(ours[plan.swapped], first, ours[not plan.swapped], second),
                *(self._beta, c + skip_c, added, c + skip_c, result),
                *(self._data, workspace, size, stream),
            )
            if status:
                raise ProductFailed.of_status(plan.text, "cublasLtMatmul", status)

    def _look(self, name: str, address: int, alignment: int) -> None:
        """Refuse an address that the algorithm was not chosen for: the device would fail."""
        if not address or address % alignment:
            why = f"the address of {name}, {address:#x}, is not a multiple of {alignment}"
            raise ProductFailed(self.plan.text, why, "Describe it with the alignment that it has.")

    def _point(self, name: str, address: int, alignment: int) -> None:
        """Tell the library where the bias, or what is kept, lies; it copies the address."""
        if not alignment:
            if address:
                raise ProductFailed(self.plan.text, f"it was given {name}= and its epilogue takes none")
            return
        if self._addresses.get(name) == address:
            return
        self._look(name, address, alignment)
        attribute = Description.BIAS_POINTER if name == "bias" else Description.AUX_POINTER
        self._described.operation.set(attribute, address)
        self._addresses[name] = address
