"""NumPy's own functions, bound once; those that NumPy wraps in Python, in their cheaper spelling."""

from __future__ import annotations

from typing import Any

import numpy as np

from bpcore.ground.backend import Backend, Plugin
from bpcore.ground.registry import on_host
from bpcore.words.errors import BackendUnusable
from bpcore_numpy.algebra import ALGEBRA
from bpcore_numpy.cheaper import CHEAPER
from bpcore_numpy.halves import loop_halves, lower_halves
from bpcore_numpy.kernels import KERNELS
from bpcore_numpy.precisions import PRECISIONS
from bpcore_numpy.special import KERNELS as SPECIAL
from bpcore_numpy.standard import STANDARD
from bpcore_numpy.standing_in import abstract

__all__ = ["numpy"]


def _asarray(data: Any, /, *, dtype: Any = None, device: object = None) -> Any:
    return np.asarray(on_host(data), dtype=dtype)


def _open(device: str | None) -> Backend:
    if device not in (None, "cpu"):
        raise BackendUnusable(f"numpy:{device}", "NumPy has one device, cpu", 'Write backend="numpy".')
    return Backend(
        name=f"numpy:{device}" if device else "numpy",
        version=np.__version__,
        namespace=np,
        devices=("cpu",),
        asarray=_asarray,
        to_host=np.asarray,
        compile=lower_halves,
        loop=loop_halves,
        abstract=abstract,
        kernels={**CHEAPER, **ALGEBRA, **STANDARD, **SPECIAL, **KERNELS},
        precisions=PRECISIONS,
    )


numpy = Plugin(name="numpy", install="python -m pip install numpy", open=_open)
