"""CuPy, on a CUDA device that was seen to compute.

That CuPy imports says nothing: it imports on machines without a GPU. A backend is opened only after a
device was counted, one kernel compiled and one product done on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.library import import_library
from bpcore.ground.registry import on_host
from bpcore_cupy.algebra import algebra
from bpcore_cupy.brain import brain, brain_kernels
from bpcore_cupy.capture.feeding import fed
from bpcore_cupy.compiling import Compiler
from bpcore_cupy.cuda_device import CudaDevice
from bpcore_cupy.cuda_machine import CudaMachine
from bpcore_cupy.devices import chosen, count, following, prove
from bpcore_cupy.installing import INSTALL, install
from bpcore_cupy.kernels import kernels
from bpcore_cupy.precisions import precisions

__all__ = ["cupy"]

DUNDER = ("__array_api_version__", "__array_namespace_info__")
"""What the standard asks of a namespace beside its functions."""


@dataclass(frozen=True, eq=False)
class _Door:
    """The way in and out of one device; `place` is None for CuPy's current one."""

    cp: Any
    place: Any

    def asarray(
        self, data: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Any:
        """Take data in."""
        cp = self.cp
        target = self.place if device is None else device
        if isinstance(data, cp.ndarray):
            target = data.device if target is None else target
        else:
            data = on_host(data)
        if target is None:
            return cp.asarray(data, dtype=dtype, copy=copy)
        with target:
            return cp.asarray(data, dtype=dtype, copy=copy)

    def to_host(self, x: Any, /) -> Any:
        """Return `x` as a NumPy array; waits until it is computed."""
        return x.get() if isinstance(x, self.cp.ndarray) else np.asarray(x)

    def synchronize(self) -> None:
        """Wait until the device has done all it was given."""
        (self.cp.cuda.Device() if self.place is None else self.place).synchronize()


def _functions(cp: Any, compat: Any, table: dict[str, Any], *, several: bool) -> tuple[Any, dict[str, Any]]:
    """Return namespace and kernels, following their arrays' devices where there are several."""
    names = {name: getattr(compat, name) for name in dir(compat) if name in DUNDER or name[0] != "_"}
    if several:
        follow = {name: f for name, f in names.items() if callable(f) and not isinstance(f, type)}
        names |= {name: following(cp, f) for name, f in follow.items()}
        table = {name: following(cp, f) for name, f in table.items()}
    return SimpleNamespace(__name__="cupy", **names), table


def _finder(cp: Any, place: Any) -> Callable[..., CudaDevice]:
    """Return what tells the device that arrays are on; of none it is `place`, or CuPy's current one."""
    known: dict[int, CudaDevice] = {}

    def device(arrays: Sequence[Any] = ()) -> CudaDevice:
        here = next((x.device for x in arrays if isinstance(x, cp.ndarray)), place)
        index = int((cp.cuda.Device() if here is None else here).id)
        if index not in known:
            known[index] = CudaDevice(cp, index)
        return known[index]

    return device


def _open(device: str | None) -> Backend:
    given = f"cupy:{device}" if device else "cupy"
    cp = import_library("cupy", "CuPy", given=given, install=install())
    found = count(cp, given)
    index = chosen(given, device, found)
    here = cp.cuda.Device() if index is None else cp.cuda.Device(index)
    prove(cp, given, here)
    import cupyx
    import cupyx.scipy.special
    from array_api_compat import cupy as compat

    # with one device there is nothing to enter, and entering costs host time in every call
    door = _Door(cp, here if index is not None and found > 1 else None)
    table = kernels(cp, compat, cupyx.scipy.special, cupyx.scatter_add)
    table |= algebra(cp) | {"asarray": door.asarray}
    short = brain(cp)
    if short is not None:
        table |= brain_kernels(vars(compat) | table, short)
    namespace, table = _functions(cp, compat, table, several=found > 1)
    device_now = _finder(cp, door.place)
    compiler = Compiler(
        device_now,
        lambda functions, fixed: CudaMachine(cp, functions, deterministic=fixed),
        several=found > 1,
    )
    return Backend(
        name=given,
        version=cp.__version__,
        namespace=namespace,
        devices=tuple(map(str, range(found))),
        device=door.place,
        asarray=door.asarray,
        to_host=door.to_host,
        synchronize=door.synchronize,
        kernels=table,
        precisions=precisions(cp, here, short),
        compile=compiler.compile,
        loop=compiler.loop,
        gathers=lambda size: size < device_now().free_bytes()[0] // 2,  # a step may have to copy them
        stage=lambda batches: fed(device_now(), batches),
    )


cupy = Plugin(name="cupy", install=INSTALL, open=_open)
