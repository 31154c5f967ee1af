"""The referee: array-api-strict's own functions, and its devices by the names it gives them."""

from __future__ import annotations

from functools import partial
from typing import Any

from bpcore.ground.backend import Backend, Plugin
from bpcore.words.errors import BackendUnusable

__all__ = ["strict"]

INSTALL = 'python -m pip install "bpcore[strict]"'


def _asarray(xp: Any, place: Any, data: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Take in numbers, a host array, or an array of any of the library's devices."""
    if _is_own(data):
        y = data if dtype is None else xp.astype(data, dtype, copy=False)
        return y if device is None else y.to_device(device)
    device = device or place
    data = _host(data)
    if dtype is None and hasattr(data, "dtype") and not _lives_on(xp, data.dtype, device):
        dtype = xp.__array_namespace_info__().default_dtypes(device=device)["real floating"]
    return xp.asarray(data, dtype=dtype, device=device)


def _is_own(x: Any) -> bool:
    return type(x).__module__.partition(".")[0] == "array_api_strict"  # its class has no public name


def _host(data: Any) -> Any:
    if type(data).__module__.partition(".")[0] == "torch":
        return data.detach().cpu().numpy()
    return data


def _lives_on(xp: Any, dtype: Any, device: Any) -> bool:
    """Return whether the device has that float dtype; others are left to the library to refuse."""
    return str(dtype) != "float64" or "float64" in xp.__array_namespace_info__().dtypes(device=device)


def _to_host(xp: Any, x: Any) -> Any:
    """Return `x` as a NumPy array: only the library's first device lets NumPy read it."""
    import numpy as np

    return np.asarray(x.to_device(xp.Device("CPU_DEVICE")) if _is_own(x) else x)


def _open(device: str | None) -> Backend:
    try:
        import array_api_strict as xp
    except ImportError as error:
        name = f"strict:{device}" if device else "strict"
        raise BackendUnusable(name, "array-api-strict is not installed", f"Install it: {INSTALL}") from error
    info = xp.__array_namespace_info__()
    places = {repr(place).split("'")[1]: place for place in info.devices()}  # it has no public name
    if device is not None and device not in places:
        raise BackendUnusable(
            f"strict:{device}", "array-api-strict has no such device", f"It has {', '.join(places)}."
        )
    place = places[device] if device else xp.Device("CPU_DEVICE")
    return Backend(
        name=f"strict:{device}" if device else "strict",
        version=xp.__version__,
        namespace=xp,
        devices=tuple(places),
        device=places[device] if device else None,
        asarray=partial(_asarray, xp, place),
        to_host=partial(_to_host, xp),
        float64="float64" in info.dtypes(device=place),
    )


strict = Plugin(name="strict", install=INSTALL, open=_open)
