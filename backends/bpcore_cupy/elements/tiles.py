"""Matrices that are turned: by tiles in shared memory, so that reading and writing both go along rows."""

from __future__ import annotations

from bpcore.program.equation import Slot
from bpcore_cupy.elements.kernel import NAME, Kernel, named
from bpcore_cupy.elements.kinds import stored
from bpcore_cupy.elements.reading import Name
from bpcore_cupy.elements.views import View, fits

__all__ = ["is_turned", "turned_kernel"]

TILE, DOWN = 32, 8
WORTH = 2**14
"""Elements from which on it is worth a barrier."""


def is_turned(view: View) -> bool:
    """Tell whether neighbours in memory are neighbours along the last axis but one."""
    flat = view.collapsed()
    if len(flat.shape) < 2 or view.count < WORTH:  # noqa: PLR2004
        return False
    return flat.strides[-2] == 1 and min(flat.shape[-2:]) >= DOWN and fits([view])


def turned_kernel(source: Name, output: Slot, kind: str, view: View) -> Kernel:
    """Return the kernel that copies such a view, in C order."""
    flat = view.collapsed()
    rows, columns = flat.shape[-2:]
    across, down = -(-columns // TILE), -(-rows // TILE)
    front = View(flat.shape[:-2], flat.strides[:-2], flat.offset)
    each = across * down
    text = f"""typedef unsigned int bp_index;
typedef int bp_offset;
extern "C" __global__ void __launch_bounds__({TILE * DOWN})
{NAME}(const {stored(kind)}* a, {stored(kind)}* b) {{
  __shared__ {stored(kind)} tile[{TILE}][{TILE + 1}];
  const bp_index stack = blockIdx.x / {each}u, left = blockIdx.x % {across}u * {TILE}u;
  const bp_index top = blockIdx.x / {across}u % {down}u * {TILE}u;
  const bp_index x = threadIdx.x % {TILE}u, y = threadIdx.x / {TILE}u;
  const bp_offset from = {front.text("stack")};
  for (bp_index j = y; j < {TILE}u; j += {DOWN}u)
    if (left + j < {columns}u && top + x < {rows}u)
      tile[j][x] = a[from + (bp_offset)(left + j) * ({flat.strides[-1]}) + (bp_offset)(top + x)];
  __syncthreads();
  for (bp_index j = y; j < {TILE}u; j += {DOWN}u)
    if (top + j < {rows}u && left + x < {columns}u)
      b[(stack * {rows}u + top + j) * {columns}u + left + x] = tile[x][j];
}}
"""
    name, text = named(text)
    return Kernel(name, text, (source, output), front.count * each, TILE * DOWN)
