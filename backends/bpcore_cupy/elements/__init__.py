"""Kernels as text: equations of a Program as CUDA C++; imports no CuPy, and needs no GPU."""

from bpcore_cupy.elements.grouping import grouped, is_written_out
from bpcore_cupy.elements.kernel import SCRATCH, Kernel, Layout
from bpcore_cupy.elements.making import kernel_of, refusal_of, types_of
from bpcore_cupy.elements.merging import is_small, mergeable, merged
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.viewing import viewed

__all__ = [
    "SCRATCH",
    "Kernel",
    "Layout",
    "Refused",
    "grouped",
    "is_small",
    "is_written_out",
    "kernel_of",
    "mergeable",
    "merged",
    "refusal_of",
    "types_of",
    "viewed",
]
