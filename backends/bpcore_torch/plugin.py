"""PyTorch, spelled as in the standard."""

from __future__ import annotations

from functools import partial
from typing import Any

from bpcore.ground.backend import Backend, Plugin
from bpcore.words.errors import BackendUnusable

__all__ = ["torch"]

INSTALL = 'python -m pip install "bpcore[torch]"'


def _asarray(th: Any, place: Any, data: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Take in numbers, a host array, or a tensor, which stays on its device unless one is given."""
    if isinstance(data, th.Tensor):
        return data.detach().to(device=device or data.device, dtype=dtype or data.dtype)
    if hasattr(data, "flags") and not data.flags.writeable:
        data = data.copy()  # a tensor over memory that must not be written would be writable
    return th.asarray(data, dtype=dtype, device=device or place)


def _open(device: str | None) -> Backend:
    name = f"torch:{device}" if device else "torch"
    try:
        import torch as th
    except ImportError as error:
        raise BackendUnusable(name, "PyTorch is not installed", f"Install it: {INSTALL}") from error
    from array_api_compat import torch as xp

    from bpcore_torch.kernels import kernels

    place = th.device(device) if device else None
    return Backend(
        name=name,
        version=th.__version__,
        namespace=xp,
        devices=("cpu", *(f"cuda:{i}" for i in range(th.cuda.device_count()))),
        device=place,
        asarray=partial(_asarray, th, place),
        to_host=lambda x: x.detach().cpu().numpy() if isinstance(x, th.Tensor) else x,
        synchronize=th.cuda.synchronize if th.cuda.is_available() else lambda: None,
        kernels=kernels(th, xp),
    )


torch = Plugin(name="torch", install=INSTALL, open=_open)
