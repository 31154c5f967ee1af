"""NumPy with bfloat16, as CuPy has it through ml_dtypes: what steps in 16 bits are recorded on here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.namespaces import namespace as namespaces
from bpcore.derivatives.namespaces.plain import plain_functions
from bpcore.ground.precision import Precision
from bpcore_cupy.brain import brain_kernels

__all__ = ["SHORT", "numpy_with_bfloat16"]

ml_dtypes = pytest.importorskip("ml_dtypes")
SHORT = np.dtype(ml_dtypes.bfloat16)


@contextmanager
def numpy_with_bfloat16() -> Iterator[Any]:
    """Make NumPy's arrays belong to a backend that has it; yield its two namespaces."""
    plain = bp.backend("numpy")
    names = vars(plain_functions(plain))

    def matmul(a: Any, b: Any, /) -> Any:
        if a.dtype.itemsize > SHORT.itemsize:
            return np.matmul(a, b)
        return np.matmul(a.astype("f4"), b.astype("f4")).astype(a.dtype)

    table = dict(plain.kernels) | brain_kernels(names, SHORT) | {"matmul": matmul}
    words = dict(plain.precisions) | {"bfloat16": Precision(dtype=SHORT)}
    space = namespaces._space(replace(plain, kernels=table, precisions=words))
    before = namespaces._spaces.get(np.ndarray)
    namespaces._spaces[np.ndarray] = space
    try:
        yield space
    finally:
        namespaces._spaces.pop(np.ndarray)
        if before is not None:
            namespaces._spaces[np.ndarray] = before
