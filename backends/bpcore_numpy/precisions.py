"""The precisions of NumPy, which computes on the CPU: float32, and float16 to try out what that does.

Compiled steps multiply float16 by way of float32: see halves.py. NumPy has no bfloat16: that of ml_dtypes is
no dtype to ``numpy.isdtype``, and its product comes out in float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bpcore.ground.precision import Precision

__all__ = ["PRECISIONS"]


def _quiet() -> Any:
    """Return the scope in which overflow is said by the step, which skips it, and not by NumPy too."""
    return np.errstate(over="ignore", invalid="ignore")


PRECISIONS = {
    "float16": Precision(dtype=np.dtype("float16"), scope=_quiet),
    "tf32": Precision(plain=lambda device: True),
}
