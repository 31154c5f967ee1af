"""Small kernels that follow one another as one launch of one block, which waits between them.

A launch costs about as much as a few thousand elements do, so what is smaller than that is cheaper on one
multiprocessor than behind a launch of its own. The blocks of a kernel become turns of a loop; where a kernel
waits for the threads of its block, the common block has as many. What one part wrote the next one may read: a
barrier makes it visible within a block.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from functools import lru_cache

from bpcore.program.equation import Slot
from bpcore_cupy.elements.kernel import NAME, SCRATCH, Argument, Kernel, named

__all__ = ["is_small", "mergeable", "merged"]

THREADS = 8192
"""Threads of a kernel up to which it is small: eight turns of a block."""
BLOCK = 1024
MOST_POINTERS = 256
SHARED = 32768
"""Bytes of shared memory that the parts of a launch may have together."""
WIDEST = 16
"""Bytes of what lies in shared memory, at most."""
WAITS = "__syncthreads()"
POINTER = """struct bp_pointer {
  char* at;
  template <class T> __device__ operator T*() const { return (T*)at; }
};"""
HEAD = re.compile(r'extern "C" __global__ void(?:\s+__launch_bounds__\(\d+\))?\s+(\w+)\(')
ARRAY = re.compile(r"__shared__[^;]*?((?:\[\d+\])+);")


def is_small(kernel: Kernel) -> bool:
    """Tell whether a kernel is small enough to be a part of another."""
    return all(
        0 < stage.grid * stage.block <= THREADS and stage.block % 32 == 0 and not stage.shared_bytes
        for stage in kernel.stages
    )


@lru_cache(maxsize=4096)
def _shared(source: str) -> int:
    """Return a bound on the shared memory that a text asks for."""
    sizes = [re.findall(r"\d+", found) for found in ARRAY.findall(source)]
    total = 0
    for axes in sizes:
        size = WIDEST
        for axis in axes:
            size *= int(axis)
        total += size
    return total


@lru_cache(maxsize=4096)
def _waits(source: str) -> bool:
    return WAITS in source


def mergeable(kernels: Sequence[Kernel]) -> int:
    """Return how many kernels, from the first on, can be one launch."""
    blocks: set[int] = set()
    most, shared, pointers = 0, 0, 0
    for number, kernel in enumerate(kernels):
        for stage in kernel.stages:
            most, shared = max(most, stage.block), shared + _shared(stage.source)
            pointers += len(stage.arguments)
            blocks |= {stage.block} if _waits(stage.source) else set()
        wanted = len(blocks) < 2 and all(block >= most for block in blocks)  # noqa: PLR2004
        if not (is_small(kernel) and wanted and shared <= SHARED and pointers <= MOST_POINTERS):
            return number
    return len(kernels)


def merged(
    kernels: Sequence[Kernel], names: Sequence[Sequence[Hashable]]
) -> tuple[Kernel, tuple[Hashable, ...]]:
    """Return kernels that are `mergeable` as one.

    Parameters
    ----------
    kernels : sequence of Kernel
        In their order.
    names : sequence of sequences
        For each kernel what the arguments of its stages, one stage after the other, point to; equal names
        are one pointer. `SCRATCH` in the place of scratch memory is memory that all parts take in turns;
        another name is memory of that part's own.

    Returns
    -------
    Kernel
        Its arguments are the slots 0, 1, ..., and `SCRATCH` at the end where a part was named so.
    tuple
        What those slots point to.
    """
    stages = [stage for kernel in kernels for stage in kernel.stages]
    given = [name for each in names for name in each]
    places = dict.fromkeys(name for name in given if name is not SCRATCH)
    number = {name: i for i, name in enumerate(places)}
    texts = ["scratch" if name is SCRATCH else f"p{number[name]}" for name in given]
    shared = [kernel for kernel, each in zip(kernels, names, strict=True) if SCRATCH in each]
    scratch = max((kernel.scratch_bytes for kernel in shared), default=0)
    block = _block(stages)
    lines, start = [], 0
    for i, stage in enumerate(stages):
        count = len(stage.arguments)
        lines += _turns(i, stage, block, texts[start : start + count])
        start += count
    parameters = [f"bp_pointer p{i}" for i in range(len(places))] + (
        ["bp_pointer scratch"] if scratch else []
    )
    text = [
        *(f"namespace part{i} {{\n{_as_part(stage)}}}" for i, stage in enumerate(stages)),
        POINTER,
        f'extern "C" __global__ void __launch_bounds__({block}) {NAME}({", ".join(parameters)}) {{',
        *(f"  {line}" for line in lines),
        "}",
    ]
    name, source = named("\n".join(text) + "\n")
    arguments: tuple[Argument, ...] = tuple(Slot(i) for i in range(len(places)))
    kernel = Kernel(
        name, source, (*arguments, *([SCRATCH] if scratch else [])), 1, block, scratch_bytes=scratch
    )
    return kernel, tuple(places)


def _block(stages: Sequence[Kernel]) -> int:
    """Return how many threads the common block has."""
    waiting = [stage.block for stage in stages if WAITS in stage.source]
    if waiting:
        return waiting[0]
    return min(max(stage.grid * stage.block for stage in stages), BLOCK)


def _as_part(stage: Kernel) -> str:
    """Return a kernel's text as that of a function of a block and a thread."""
    text, count = HEAD.subn(
        "static __device__ void part(const unsigned int block, const unsigned int thread, ", stage.source
    )
    if count != 1:
        raise ValueError(stage.source)
    text = text.replace("__restrict__", "")  # parts read what other parts wrote
    return text.replace("blockIdx.x", "block").replace("threadIdx.x", "thread")


def _turns(number: int, stage: Kernel, block: int, arguments: list[str]) -> list[str]:
    """Return the lines that run a part, block after block, and wait for it."""
    call = f"part{number}::part(turn, {{}}, {', '.join(arguments)});"
    if WAITS in stage.source:
        loop = f"for (unsigned int turn = 0; turn < {stage.grid}u; ++turn) {{"
        return [loop, f"  {call.format('threadIdx.x')}", "  __syncthreads();", "}"]
    at_once = block // stage.block
    return [
        f"if (threadIdx.x < {at_once * stage.block}u)",
        f"  for (unsigned int turn = threadIdx.x / {stage.block}u; turn < {stage.grid}u; turn += {at_once}u)",
        f"    {call.format(f'threadIdx.x % {stage.block}u')}",
        "__syncthreads();",
    ]
