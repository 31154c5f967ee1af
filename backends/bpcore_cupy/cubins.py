"""Kernels compiled by NVRTC and loaded; compiled code is kept from one process to the next.

Not through ``cupy.RawKernel``: CuPy tells the compiler of all its kernels to flush subnormal float32 numbers
to zero, and float32 here is that of IEEE 754.
"""

from __future__ import annotations

import hashlib
from typing import Any

from bpcore_cupy.elements import Kernel
from bpcore_numba.store import keep, kept

__all__ = ["OPTIONS", "loaded"]

OPTIONS = ("--std=c++17", "--fmad=false")
"""Of NVRTC: a product and a sum are rounded one after the other, as NumPy does."""

COMMON = 48 * 1024
"""Bytes of shared memory that a kernel may have without asking."""


def loaded(cp: Any, kernel: Kernel) -> Any:
    """Return a kernel's function on CuPy's current device, ready to be launched.

    Parameters
    ----------
    cp : module
        CuPy.
    kernel : Kernel
    """
    module = cp.cuda.Module()
    module.load(_compiled(cp, kernel.source))
    function = module.get_function(kernel.name)
    if kernel.shared_bytes > COMMON:
        driver = cp.cuda.driver
        attribute = driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        driver.funcSetAttribute(function.ptr, attribute, kernel.shared_bytes)
    return function


def _compiled(cp: Any, source: str) -> bytes:
    """Return the machine code of a source for the current device."""
    known = (cp.__version__, cp.cuda.nvrtc.getVersion(), cp.cuda.Device().compute_capability, OPTIONS, source)
    name = f"cuda-{hashlib.sha256(repr(known).encode()).hexdigest()}"
    code = kept(name)
    if code is None:
        made, _ = cp.cuda.compiler.compile_using_nvrtc(source, OPTIONS, cache_in_memory=True)
        code = bytes(made)
        keep(name, code)
    return code
