"""Native code on the CPU: NumPy's arrays, and compiled functions that LLVM makes machine code of."""

from bpcore_numba.plugin import numba

__all__ = ["numba"]
