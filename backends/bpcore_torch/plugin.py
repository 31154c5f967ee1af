"""PyTorch, spelled as in the standard.

bpcore keeps its own record of what was computed, beside PyTorch's. Data that comes in by `asarray` is
detached. A tensor with ``requires_grad`` that is passed to bpcore's functions directly is computed with
as it is: the values are right, PyTorch writes its own graph along, which costs memory, and the gradients
that bpcore returns are detached from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.library import first_line, import_library
from bpcore.ground.registry import on_host
from bpcore.words.errors import BackendUnusable

__all__ = ["torch"]

INSTALL = 'python -m pip install "bpcore[torch]"'


@dataclass(frozen=True, eq=False)
class _Door:
    """The way in and out of one device."""

    torch: Any
    place: Any

    def asarray(self, data: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
        """Take data in."""
        target = self.place if device is None else device
        if isinstance(data, self.torch.Tensor):
            return data.detach().to(device=target, dtype=dtype)
        return self.torch.asarray(_fit_for_torch(on_host(data)), dtype=dtype, device=target)

    def to_host(self, x: Any, /) -> Any:
        """Return `x` as a NumPy array; bfloat16, which NumPy has not, as float32."""
        x = x.detach().cpu().resolve_conj().resolve_neg()  # PyTorch conjugates in name first
        return (x.float() if x.dtype is self.torch.bfloat16 else x).numpy()

    def synchronize(self) -> None:
        """Wait for CUDA, if anything runs there."""
        if self.torch.cuda.is_initialized():
            self.torch.cuda.synchronize(self.place)


def _fit_for_torch(data: Any) -> Any:
    """Copy a host array that PyTorch does not take: read-only, steps backwards, foreign bytes."""
    if not isinstance(data, np.ndarray | np.generic):
        return data
    data = np.asarray(data, dtype=data.dtype.newbyteorder("="))
    return data if data.flags.writeable and min(data.strides, default=0) >= 0 else data.copy()


def _prove(torch: Any, name: str, place: Any) -> None:
    """Run one kernel and one product on the device."""
    try:
        ones = torch.ones((2, 2), device=place)
        right = bool(torch.equal(torch.matmul(ones + ones, ones).cpu(), torch.full((2, 2), 4.0)))
    except Exception as error:  # PyTorch's CUDA errors share no class
        raise BackendUnusable(
            name, f"{place} is there and cannot compute ({first_line(error)})", CHECK
        ) from error
    if not right:
        raise BackendUnusable(name, f"{place} computed a wrong product", CHECK)


CHECK = "Check that the driver fits this PyTorch, with nvidia-smi."


def _no_device(torch: Any, name: str, device: str, devices: tuple[str, ...]) -> BackendUnusable:
    if not device.startswith("cuda"):
        why, do = f"PyTorch's devices here are {', '.join(devices)}", "Name one of them."
    elif not torch.backends.cuda.is_built():
        why = f"PyTorch {torch.__version__} was built without CUDA"
        do = "Install a build with CUDA, from its own index, or name torch:cpu."
    elif len(devices) == 1:
        why, do = f"PyTorch {torch.__version__} finds no CUDA device", "Name torch:cpu to compute on the CPU."
    else:
        why, do = f"PyTorch finds no {device}", f"It has {', '.join(devices)}."
    return BackendUnusable(name, why, do)


def _open(device: str | None) -> Backend:
    name = f"torch:{device}" if device else "torch"
    library = import_library("torch", "PyTorch", given=name, install=INSTALL)
    from array_api_compat import torch as namespace

    from bpcore_torch.compiling import compile_program
    from bpcore_torch.kernels import kernels
    from bpcore_torch.precisions import PRECISIONS

    devices = ("cpu", *(f"cuda:{i}" for i in range(library.cuda.device_count())))
    device = "cuda:0" if device == "cuda" else device
    if device is not None and device not in devices:
        raise _no_device(library, name, device, devices)
    place = library.device(device) if device else None
    if place is not None and place.type == "cuda":
        _prove(library, name, place)
    door = _Door(library, place)
    return Backend(
        name=name,
        version=str(library.__version__),
        namespace=namespace,
        devices=devices,
        device=place,
        asarray=door.asarray,
        to_host=door.to_host,
        synchronize=door.synchronize,
        compile=compile_program,
        kernels=kernels(),
        precisions=PRECISIONS,
    )


torch = Plugin(name="torch", install=INSTALL, open=_open)
