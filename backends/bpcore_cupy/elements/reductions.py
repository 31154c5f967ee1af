"""Which kernel takes a group that ends in reductions, or a reduction that stands alone."""

from __future__ import annotations

from math import prod

from bpcore_cupy.elements.accumulating import REDUCTIONS, accumulator_of
from bpcore_cupy.elements.chains import stored_as
from bpcore_cupy.elements.kernel import NAME, Kernel, named
from bpcore_cupy.elements.kinds import stored
from bpcore_cupy.elements.reading import Body
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.row_kernels import row_kernel
from bpcore_cupy.elements.rows import LONGEST, rows_of
from bpcore_cupy.elements.splits import split_kernel
from bpcore_cupy.elements.writing import Code

__all__ = ["reduces", "reduction_kernel"]


def reduces(body: Body) -> bool:
    """Tell whether there is a reduction among the equations."""
    return any(x.function.name in REDUCTIONS for x in body.equations)


def reduction_kernel(body: Body) -> Kernel:
    """Return the kernel of a body with reductions."""
    sizes = {prod(body.shapes[x]) for x in (*body.inputs, *body.kinds)}
    if 0 in sizes:
        return _of_nothing(body)
    try:
        rows = rows_of(body)
    except Refused:
        return split_kernel(body)
    several = max(rows.phase.values()) > 1 or "all" in rows.level.values()
    goes_on = any(level == "row" and y not in rows.accumulators for y, level in rows.level.items())
    if rows.length <= LONGEST or several or goes_on:
        return row_kernel(rows)
    return split_kernel(body)


def _of_nothing(body: Body) -> Kernel:
    """Return a kernel that writes what a reduction of no elements is."""
    if len(body.equations) > 1:
        raise Refused("a group of arrays without elements")
    (equation,) = body.equations
    y, count = equation.output, prod(body.shapes[equation.output])
    code = Code()
    each = accumulator_of(body, equation, 0)
    value = each.finished(code, each.start)
    text = stored_as(code, body.kinds[y], value.text)
    lines = [*code.lines, f"b[{body.view(y).text('i')}] = {text};"]
    block = 128
    name, source = named(
        f"{code.prelude}\ntypedef long long bp_offset;\n"
        f'extern "C" __global__ void {NAME}({stored(body.kinds[y])}* b) {{\n'
        f"  const unsigned long long i = blockIdx.x * {block}ull + threadIdx.x;\n"
        f"  if (i >= {count}u) return;\n  " + "\n  ".join(lines) + "\n}\n"
    )
    return Kernel(name, source, (y,), -(-count // block), block)
