"""The precisions of CuPy: what its products compute in is a switch of its own, set for a step and put back.

CuPy has no bfloat16 that the standard's functions take. What is lowered finds the word in what its Programs
share, under ``precision``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bpcore.ground.precision import Precision

__all__ = ["precisions"]

AMPERE = 80
"""The first compute capability whose tensor cores have TF32."""


def precisions(cp: Any, place: Any) -> dict[str, Precision]:
    """Return them for a device; products of float16 are summed in float32.

    Parameters
    ----------
    cp : module ``cupy``
    place : cupy.cuda.Device
    """

    def plain(device: Any) -> bool:
        return int((place if device is None else device).compute_capability) < AMPERE

    @contextmanager
    def computing(dtype: str, how: str) -> Iterator[None]:
        switch = cp._core._routines_linalg  # noqa: SLF001 - CuPy has no other door to it
        before = switch.get_compute_type(dtype)
        switch.set_compute_type(dtype, getattr(switch, how))
        try:
            yield
        finally:
            switch.set_compute_type(dtype, before)

    return {
        "tf32": Precision(scope=lambda: computing("float32", "COMPUTE_TYPE_TF32"), plain=plain),
        "float16": Precision(
            dtype=np.dtype("float16"), scope=lambda: computing("float16", "COMPUTE_TYPE_FP32")
        ),
    }
