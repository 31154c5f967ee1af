"""The referee: array-api-strict's own functions, and its devices by the names that it gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.library import import_library
from bpcore.ground.narrow import check_dtype, narrowed
from bpcore.ground.registry import on_host
from bpcore.words.errors import BackendUnusable
from bpcore_strict.kernels import kernels

__all__ = ["strict"]

INSTALL = 'python -m pip install "bpcore[strict]"'


@dataclass(frozen=True, eq=False)
class _Door:
    """The way in and out of one device."""

    name: str
    xp: Any
    place: Any  # None is the library's first device, for what is on none yet

    def asarray(self, data: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
        """Take data in."""
        own = _is_own(data)
        first = data.device if own else self.xp.Device("CPU_DEVICE")
        target = next(place for place in (device, self.place, first) if place is not None)
        lacking = self.lacking(target)
        if dtype is not None:
            check_dtype(_short(dtype), lacking, self.name)
        if own:
            data = data if dtype is None else self.xp.astype(data, dtype, copy=False)
            return data.to_device(target)
        data = on_host(data)
        if dtype is None and isinstance(data, np.ndarray):
            data = narrowed(data, lacking, self.name)
        return self.xp.asarray(data, dtype=dtype, device=target)

    def lacking(self, device: Any) -> set[str]:
        """Return the dtypes of the standard that the device has not."""
        info = self.xp.__array_namespace_info__()
        return set(info.dtypes()) - set(info.dtypes(device=device))

    def to_host(self, x: Any, /) -> Any:
        """Return `x` as a NumPy array: the library lets NumPy read its first device only."""
        return np.asarray(x.to_device(self.xp.Device("CPU_DEVICE")) if _is_own(x) else x)

    def own(self, x: Any, /) -> Any:
        """Return a copy: whether an array of the library shares memory cannot be seen from outside."""
        return self.xp.asarray(x, copy=True)


def _is_own(x: Any) -> bool:
    return type(x).__module__.partition(".")[0] == "array_api_strict"  # its class has no public name


def _short(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def _open(device: str | None) -> Backend:
    name = f"strict:{device}" if device else "strict"
    xp = import_library("array_api_strict", "array-api-strict", given=name, install=INSTALL)
    places = {repr(place).split("'")[1]: place for place in xp.__array_namespace_info__().devices()}
    if device is not None and device not in places:
        raise BackendUnusable(name, "array-api-strict has no such device", f"It has {', '.join(places)}.")
    table = kernels(xp, places["no_x64"]) if "no_x64" in places else {}
    door = _Door(name, xp, places[device] if device else None)
    return Backend(
        name=name,
        version=xp.__version__,
        namespace=xp,
        devices=tuple(places),
        device=door.place,
        asarray=door.asarray,
        to_host=door.to_host,
        wide=lambda: "float64" not in door.lacking(door.place),
        kernels=table | {"own": door.own},
    )


strict = Plugin(name="strict", install=INSTALL, open=_open)
