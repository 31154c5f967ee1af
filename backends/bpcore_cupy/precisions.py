"""The precisions of CuPy: what its products compute in is a switch of its own, set for a step and put back.

bfloat16 is that of ml_dtypes, where it is installed: see brain.py. What is lowered finds the word in what its
Programs share, under ``precision``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from bpcore.ground.precision import Precision

__all__ = ["precisions"]

AMPERE = 80
"""The first compute capability whose tensor cores have TF32."""


def precisions(cp: Any, place: Any, brain: Any = None) -> dict[str, Precision]:
    """Return them for a device; products of 16 bits are summed in float32.

    Parameters
    ----------
    cp : module ``cupy``
    place : cupy.cuda.Device
    brain : dtype or None
        bfloat16, where CuPy has it; devices before Ampere multiply none.
    """

    def plain(device: Any) -> bool:
        return int((place if device is None else device).compute_capability) < AMPERE

    @contextmanager
    def computing(dtype: Any, how: str) -> Iterator[None]:
        switch = cp._core._routines_linalg  # noqa: SLF001 - CuPy has no other door to it
        before = switch.get_compute_type(dtype)
        switch.set_compute_type(dtype, getattr(switch, how))
        try:
            yield
        finally:
            switch.set_compute_type(dtype, before)

    def summed(dtype: Any) -> Callable[[], AbstractContextManager[None]]:
        return lambda: computing(dtype, "COMPUTE_TYPE_FP32")

    narrow = {} if brain is None or plain(None) else {"bfloat16": Precision(dtype=brain, scope=summed(brain))}
    return narrow | {
        "tf32": Precision(scope=lambda: computing("float32", "COMPUTE_TYPE_TF32"), plain=plain),
        "float16": Precision(dtype=np.dtype("float16"), scope=summed("float16")),
    }
