"""NumPy, on the CPU: the backend that is always there."""

from bpcore_numpy.plugin import numpy

__all__ = ["numpy"]
