"""Kernels compiled by NVRTC and loaded; compiled code is kept from one process to the next.

Not through ``cupy.RawKernel``: CuPy tells the compiler of all its kernels to flush subnormal float32 numbers
to zero, and float32 here is that of IEEE 754.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bpcore_cupy.elements import Kernel
from bpcore_numba.store import keep, kept

__all__ = ["OPTIONS", "loaded"]

OPTIONS = ("--std=c++17", "--fmad=false")
"""Of NVRTC: a product and a sum are rounded one after the other, as NumPy does."""

MOST = 8
"""Sources that are compiled at a time: NVRTC takes a fifth of a second for each."""

COMMON = 48 * 1024
"""Bytes of shared memory that a kernel may have without asking."""


def loaded(cp: Any, kernels: Iterable[Kernel]) -> dict[str, Any]:
    """Return the functions of kernels on CuPy's current device, by name, ready to be launched.

    Parameters
    ----------
    cp : module
        CuPy.
    kernels : iterable of Kernel
        They are compiled several at a time.
    """
    kernels = list(kernels)
    return {
        kernel.name: _function(cp, kernel, code)
        for kernel, code in zip(kernels, _compiled(cp, [kernel.source for kernel in kernels]), strict=True)
    }


def _function(cp: Any, kernel: Kernel, code: bytes) -> Any:
    module = cp.cuda.Module()
    module.load(code)
    function = module.get_function(kernel.name)
    if kernel.shared_bytes > COMMON:
        driver = cp.cuda.driver
        attribute = driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        driver.funcSetAttribute(function.ptr, attribute, kernel.shared_bytes)
    return function


def _compiled(cp: Any, sources: Sequence[str]) -> list[bytes]:
    """Return the machine code of sources for the current device."""
    architecture = str(cp.cuda.Device().compute_capability)
    about = (cp.__version__, cp.cuda.nvrtc.getVersion(), architecture, OPTIONS)

    def compiled(source: str) -> bytes:  # in a thread, where the current device is another
        name = f"cuda-{hashlib.sha256(repr((*about, source)).encode()).hexdigest()}"
        code = kept(name)
        if code is None:
            made, _ = cp.cuda.compiler.compile_using_nvrtc(
                source, OPTIONS, architecture, cache_in_memory=True
            )
            code = made.encode() if isinstance(made, str) else bytes(made)  # CuPy gives PTX as a text
            keep(name, code)
        return code

    with ThreadPoolExecutor(min(len(sources), os.cpu_count() or 1, MOST) or 1) as pool:
        return list(pool.map(compiled, sources))
