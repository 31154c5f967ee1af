"""Functions of the extensions ``linalg`` and ``fft`` that NumPy has with other dtypes or defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["ALGEBRA"]

Kernel = Callable[..., Any]


def _as_complex(x: Any) -> Any:
    return x if x.dtype.kind == "c" else x.astype(np.result_type(x.dtype, np.complex64))


def eig(x: Any, /) -> Any:
    """Return eigenvalues and eigenvectors, complex also where all of them are real."""
    y = np.linalg.eig(x)
    return type(y)(*map(_as_complex, y))


def eigvals(x: Any, /) -> Any:
    """Return eigenvalues, complex also where all of them are real."""
    return _as_complex(np.linalg.eigvals(x))


def pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """Return the pseudo-inverse; None stands for the standard's tolerance, not for NumPy's older one."""
    return np.linalg.pinv(x, rtol=rtol)


def _with_dtype(frequencies: Kernel) -> Kernel:
    def call(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
        y = frequencies(n, d, device=device)
        return y if dtype is None else y.astype(dtype, copy=False)

    return call


ALGEBRA: dict[str, Kernel] = {
    "fft.fftfreq": _with_dtype(np.fft.fftfreq),
    "fft.rfftfreq": _with_dtype(np.fft.rfftfreq),
    "linalg.eig": eig,
    "linalg.eigvals": eigvals,
    "linalg.pinv": pinv,
}
