"""CuPy arrays, on CUDA devices."""

from bpcore_cupy.plugin import cupy

__all__ = ["cupy"]
