"""Threads that bring their accumulators together, in an order that is always the same.

Within a warp by exchanging, first with the thread that is farthest away; among warps through shared memory,
read in the order of the warps. All threads have the result. No atomics.
"""

from __future__ import annotations

from collections.abc import Sequence

from bpcore_cupy.elements.accumulating import Accumulator
from bpcore_cupy.elements.writing import Code

__all__ = ["WARP", "brought_together"]

WARP = 32


def brought_together(
    code: Code, accumulators: Sequence[tuple[str, Accumulator]], lanes: int, tag: str
) -> list[str]:
    """Return the lines that leave in each thread the accumulator of its `lanes` threads together.

    Parameters
    ----------
    code : Code
    accumulators : sequence of pairs of the name of a variable and an Accumulator
    lanes : int
        A power of two; more than a warp means the whole block.
    tag : str
        What tells the shared memory of this place from that of others.
    """
    lines: list[str] = []
    step = min(lanes, WARP) // 2
    while step:
        for name, each in accumulators:
            lines.append(f"{name} = {each.combined(code, name, each.across(code, name, step))};")
        step //= 2
    if lanes <= WARP:
        return lines
    warps = lanes // WARP
    for name, each in accumulators:
        lines.append(f"__shared__ {each.type} s{tag}_{name}[{warps}];")
    lines.append("__syncthreads();")  # what was there before has been read by all
    for name, _ in accumulators:
        lines.append(f"if (threadIdx.x % {WARP}u == 0u) s{tag}_{name}[threadIdx.x / {WARP}u] = {name};")
    lines.append("__syncthreads();")
    for name, each in accumulators:
        lines.append(f"{name} = s{tag}_{name}[0];")
        whole = each.combined(code, name, f"s{tag}_{name}[w]")
        lines.append(f"for (int w = 1; w < {warps}; ++w) {name} = {whole};")
    return lines
