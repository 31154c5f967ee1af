"""CuPy as what a lowered Program runs on: kernels by NVRTC, products by cuBLASLt, the rest its own."""

from __future__ import annotations

import functools
import math
import weakref
from collections.abc import Iterable, Sequence
from typing import Any

from bpcore.derivatives.namespaces.plain import bound
from bpcore_cupy.cubins import loaded
from bpcore_cupy.elements import SCRATCH, Kernel
from bpcore_cupy.lowering.machine import Enqueue
from bpcore_cupy.lowering.places import ALIGNMENT
from bpcore_cupy.lowering.steps import Launch, Multiply
from bpcore_cupy.products import Handle, Plan, Prepared
from bpcore_cupy.trial import wrong
from bpcore_cupy.tuning import Tuning, tuning

__all__ = ["CudaMachine"]


class CudaMachine:
    """One CUDA device, as `bpcore_cupy.lowering` wants it; for one owner thread.

    Parameters
    ----------
    cp : module
        CuPy; the device is its current one whenever something here is called.
    functions : module-like
        The backend's plain functions.
    deterministic : bool
        Whether products leave out algorithms that add up in no fixed order.
    """

    def __init__(self, cp: Any, functions: Any, *, deterministic: bool = True) -> None:
        self.cp, self.functions, self.deterministic = cp, functions, deterministic
        self._kernels: dict[str, Any] = {}
        self._handle: Handle | None = None
        self._tuning: Tuning | None = None

    @property
    def handle(self) -> Handle:
        """CuBLASLt, opened when it is first asked for; closed with this."""
        if self._handle is None:
            pool, fixed = self.cp.cuda.MemoryPool(), self.deterministic
            check = functools.partial(wrong, self.cp)
            self._handle = Handle(pool.malloc, deterministic=fixed, check=check)
            end = weakref.finalize(self, _closed, self._handle, pool, self.cp.cuda.Device())
            end.atexit = False  # CUDA may be gone by then
            self._tuning = tuning(self.cp, self._handle, deterministic=fixed)
        return self._handle

    def offers(self, plan: Plan) -> bool:
        """Return whether cuBLASLt has an algorithm for a product with its end.

        Raises
        ------
        ProductFailed
            It has none for the product itself, and this is why.
        """
        return self._prepared(plan) is not None

    def _prepared(self, plan: Plan) -> Prepared | None:
        handle = self.handle
        if self._tuning is not None:
            self._tuning.choose(plan)
        return handle.prepare(plan)

    def address(self, array: Any, /) -> int:
        """Return where an array begins."""
        return int(array.data.ptr)

    def view(
        self, array: Any, dtype: str, shape: Sequence[int], strides: Sequence[int], start: int, /
    ) -> Any:
        """Return another array on the memory of one."""
        return self.cp.ndarray(tuple(shape), dtype, array.data + start, tuple(strides))

    def ordered(self, array: Any, /) -> Any:
        """Return an array, or a copy of it, that lies in C order at an aligned place of this device."""
        if array.device.id != self.cp.cuda.Device().id:
            array = self.cp.array(
                array
            )  # CuPy's way: an array of another device is copied to the current one
        if array.flags.c_contiguous and array.data.ptr % ALIGNMENT == 0:
            return array
        return array.copy(order="C")

    def ready(self, kernels: Iterable[Kernel], /) -> None:
        """Compile and load kernels, so that nothing is left for the capture."""
        missing = {x.name: x for kernel in kernels for x in kernel.stages if x.name not in self._kernels}
        if missing:
            self._kernels |= loaded(self.cp, missing.values())

    def launch(self, step: Launch, addresses: Sequence[int], /) -> Enqueue:
        """Return what launches a kernel and its later stages."""
        *pointers, scratch = addresses
        known: dict[Any, int] = {SCRATCH: scratch}
        known |= dict(zip(step.places, pointers, strict=True))
        self.ready([step.kernel])
        stages = [(self._kernels[stage.name], stage) for stage in step.kernel.stages]
        calls = [
            (
                function,
                (stage.grid,),
                (stage.block,),
                tuple(known[x] for x in stage.arguments),
                stage.shared_bytes,
            )
            for function, stage in stages
        ]

        def enqueue(stream: int) -> None:
            for function, grid, block, arguments, shared in calls:
                function(grid, block, arguments, shared_mem=shared)

        return enqueue

    def multiply(self, step: Multiply, addresses: Sequence[int], /) -> Enqueue:
        """Return what enqueues a product."""
        prepared = self._prepared(step.plan)
        assert prepared is not None  # noqa: S101 - it was asked for when the step was made
        product = prepared
        a, b, c, bias, aux = addresses
        return lambda stream: product(stream, a, b, c, bias=bias, aux=aux)

    def call(self, equation: Any, operands: Sequence[Any], outputs: Sequence[Any], /) -> Enqueue:
        """Return what calls CuPy's own function and copies the results to `outputs`."""
        function, static = bound(equation.function, self.functions), dict(equation.static)
        given = (list(operands),) if equation.function.takes_list else tuple(operands)
        several = equation.function.several

        def enqueue(stream: int) -> None:
            found = function(*given, **static)
            for target, part in zip(outputs, found if several else (found,), strict=True):
                if math.prod(target.shape):
                    target[...] = part

        return enqueue


def _closed(handle: Handle, pool: Any, place: Any) -> None:
    """Free all, on the device where it is: another one may be current in the thread that finalises."""
    with place:
        try:
            handle.close()
        finally:
            pool.free_all_blocks()
