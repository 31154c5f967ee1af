"""CuPy's functions as the standard wants them called, in their cheapest spelling, and its own beyond it.

CuPy 14 has most of the standard's functions under its names or NumPy's, without `device=` and in part
without `copy=`; array-api-compat has all of them, each behind a wrapper. Here the functions on a training
step's path go to CuPy at once: its ufuncs, and the methods of its array class, which are compiled. What a
name lacks is taken from array-api-compat, by the plugin.

Not taken from CuPy: ``cupyx.scipy.special.logsumexp``, which reads values on the host; bpcore's own body
does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpcore_cupy.devices import placed
from bpcore_cupy.special import special_kernels

__all__ = ["creation", "kernels"]

Kernel = Callable[..., Any]

CREATION = ("arange", "empty", "eye", "full", "linspace", "ones", "zeros")
LIKE = ("empty_like", "full_like", "ones_like", "zeros_like")


def creation(cp: Any) -> dict[str, Kernel]:
    """Return the creation functions; those named ``..._like`` follow their array's device."""
    table = {name: placed(getattr(cp, name)) for name in CREATION}
    return table | {name: _like(getattr(cp, name)) for name in LIKE}


def _like(create: Kernel) -> Kernel:
    on = placed(create)

    def call(x: Any, /, *args: Any, dtype: Any = None, device: Any = None) -> Any:
        if device is None:
            return create(x, *args, dtype=dtype)
        return on(x, *args, dtype=dtype, device=device)

    return call


def _reductions() -> dict[str, Kernel]:
    """Return CuPy's reductions as methods of the array: compiled, where the functions are Python."""

    def sum_(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return x.sum(axis, dtype, None, keepdims)

    def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return x.mean(axis, None, None, keepdims)

    def max_(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return x.max(axis, None, keepdims)

    def min_(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return x.min(axis, None, keepdims)

    return {"sum": sum_, "mean": mean, "max": max_, "min": min_}


def _shapes(cp: Any, compat: Any) -> dict[str, Kernel]:
    """Return the functions that move no numbers, as methods, and reading and writing a part."""

    def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
        return x.reshape(shape) if copy is None else compat.reshape(x, shape, copy=copy)

    def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
        return x.transpose(axes)

    def matrix_transpose(x: Any, /) -> Any:
        return x.swapaxes(-1, -2)

    def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        y = x.astype(dtype, copy=copy)
        return y if device is None else to_device(y, device)

    def to_device(x: Any, device: Any, /) -> Any:
        with device:
            return cp.asarray(x)  # CuPy's way: an array of another device is copied to the current one

    def slice_scatter(x: Any, /, *, key: Any, shape: tuple[int, ...]) -> Any:
        y = cp.zeros(shape, dtype=x.dtype)
        y[key] = x
        return y

    named = (reshape, permute_dims, matrix_transpose, astype, to_device, slice_scatter)
    return {kernel.__name__: kernel for kernel in named}


def _index_add(scatter_add: Kernel) -> Kernel:
    def index_add(x: Any, indices: Any, source: Any, /, *, axis: int) -> Any:
        """Add the slices of `source` to those of a copy of `x` at `indices`; an index may come twice.

        The additions are atomic and their order is not fixed: in floats, float32 above all, the last
        bits may differ from run to run. An index beyond the axis wraps, as everywhere in CuPy.
        """
        y = x.copy()
        target, added = y, source
        if x.dtype.name == "int64":
            # CUDA adds unsigned words of 64 bits only; modulo 2**64 that is the same sum
            target, added = y.view("uint64"), source.astype("int64").view("uint64")
        scatter_add(target, (slice(None),) * (axis % x.ndim) + (indices,), added)
        return y

    return index_add


def _own(x: Any, /) -> Any:
    """Return `x` if it has its memory for itself, else a copy: CuPy lets a broadcast view be written."""
    return x if x.base is None and x.flags.c_contiguous else x.copy(order="C")


def kernels(cp: Any, compat: Any, special: Any, scatter_add: Kernel) -> dict[str, Kernel]:
    """Return the functions by their names in the standard, or in bpcore's table.

    Parameters
    ----------
    cp, compat, special : modules ``cupy``, ``array_api_compat.cupy`` and ``cupyx.scipy.special``
    scatter_add : ``cupyx.scatter_add``
    """

    def sign(x: Any, /) -> Any:  # CuPy's own takes the sign of the real part
        return compat.sign(x) if x.dtype.kind == "c" else cp.sign(x)

    return {
        **creation(cp),
        **_reductions(),
        **_shapes(cp, compat),
        "matmul": cp.matmul,
        "tensordot": cp.tensordot,
        "sign": sign,
        **special_kernels(cp, special),
        "index_add": _index_add(scatter_add),
        "own": _own,
    }
