"""A small product as a kernel of ours: text, with the sums in one fixed order.

For matrices of a few thousand elements the library's call costs more than the arithmetic. This kernel reads
the same `Plan`, so that one can stand for the other: same memory, same epilogues (but GELU's), same mask.

An element of D is computed by L neighbouring threads, L a power of two that depends on k alone (and on
whether a mask is written): thread l adds the products k = l, l + L, l + 2 L ... with one rounding each, and
the L sums are added in pairs, a fixed tree. For ``drelu_bgrad`` a warp takes one row of D, so that it has the
row's sum as well. float32 is multiplied as IEEE float32, whatever precision was asked for.
"""

from __future__ import annotations

from bpcore_cupy.elements.kernel import NAME, Argument, Kernel, named
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.products.abi import EPILOGUE
from bpcore_cupy.products.plan import Plan

__all__ = ["ELEMENTS", "is_small", "small_kernel"]

ELEMENTS = 4096
"""Elements of a result that is small. Where this kernel is faster than the library is not measured."""

LONGEST, WIDEST = 1024, 64
"""The longest sum of a small product; and the widest layer whose mask may be this kernel's."""

BLOCK, WARP = 128, 32
TYPES = {"float32": "float", "float64": "double"}
RELU, BIAS, DRELU, BGRAD, AUX, BGRADA, BGRADB = 2, 4, 8, 16, 128, 256, 512
GELU = 32 | 64

FMA = """#ifdef __CUDACC__
#define bp_fma fma
#else
static inline float bp_fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
static inline double bp_fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
#endif
"""


def is_small(plan: Plan) -> bool:
    """Return whether a product is one for this kernel.

    Of products with a mask it looks at the mask's own lengths only, so that the product which writes it and
    the one which reads it are both the library's, or both ours: how the library orders bits is its business.
    """
    if plan.result.dtype not in TYPES or plan.first.dtype != plan.result.dtype or len(plan.calls) > 1:
        return False
    if EPILOGUE[plan.follows] & GELU or plan.m * plan.n * plan.result.batch > ELEMENTS:
        return False
    return plan.m <= WIDEST if plan.aux else plan.k <= LONGEST


def small_kernel(
    plan: Plan,
    a: Argument,
    b: Argument,
    c: Argument,
    /,
    *,
    vector: Argument | None = None,
    aux: Argument | None = None,
) -> Kernel:
    """Return the kernel of a product.

    Parameters
    ----------
    plan : Plan
    a, b, c : Slot or Constant
        What the kernel's arguments point to: our operands, and the result.
    vector, aux : Slot or Constant or None
        A bias or the sums, and a mask, where the plan has them.

    Raises
    ------
    Refused
        The dtype is one of 16 bits, the stack takes several calls, or GELU follows.
    """
    follows = EPILOGUE[plan.follows]
    if plan.result.dtype not in TYPES or plan.first.dtype != plan.result.dtype:
        raise Refused(f"a small product of {plan.first.dtype} into {plan.result.dtype}")
    if len(plan.calls) > 1 or follows & GELU:
        raise Refused("a small product in several calls, or with GELU")
    parameters, arguments = _parameters(plan, (a, b, c, vector, aux))
    threads, body = _by_rows(plan) if follows & BGRAD else _by_elements(plan, follows)
    name, source = named(
        f'{FMA}extern "C" __global__ void {NAME}({", ".join(parameters)}) {{\n'
        f"  const unsigned int t = blockIdx.x * {BLOCK}u + threadIdx.x;\n{body}}}\n"
    )
    return Kernel(name, source, tuple(arguments), -(-threads // BLOCK), BLOCK)


def _parameters(plan: Plan, given: tuple[Argument | None, ...]) -> tuple[list[str], list[Argument]]:
    """Return the kernel's parameters and what they point to, inputs before outputs."""
    kind = TYPES[plan.result.dtype]
    a, b, c, vector, aux = given
    first, second = ("second", "first") if plan.swapped else ("first", "second")
    inputs = [(f"const {kind}* __restrict__ {first}", a), (f"const {kind}* __restrict__ {second}", b)]
    outputs = [(f"{kind}* d", c)]
    if plan.vector:
        constant = "" if plan.vector.written else "const "
        (outputs if plan.vector.written else inputs).append((f"{constant}{kind}* vector", vector))
    if plan.aux:
        constant = "" if plan.aux.written else "const "
        (outputs if plan.aux.written else inputs).append((f"{constant}unsigned char* mask", aux))
    found = [(text, argument) for text, argument in (*inputs, *outputs) if argument is not None]
    if len(found) < len(inputs) + len(outputs):
        raise Refused(f"{plan.text} without its vector or its mask")
    return [text for text, _ in found], [argument for _, argument in found]


def _lanes(plan: Plan, most: int) -> int:
    """Return how many threads share a sum: the power of two that leaves each about eight products."""
    return min(1 << max((plan.k // 8).bit_length() - 1, 0), most)


def _read(name: str, row: str, column: str, plan: Plan) -> str:
    """Return the element of op(A), or of op(B), as the library finds it: column by column."""
    layout = plan.first if name == "first" else plan.second
    turned = plan.transposed[name == "second"]
    i, j = (column, row) if turned else (row, column)
    batch = f" + g * {layout.batch_stride}ll" if layout.batch > 1 else ""
    return f"{name}[{i} + {j} * {layout.ld}ll{batch}]"


def _at(plan: Plan) -> str:
    """Return the place of an element of D."""
    batch = f" + g * {plan.result.batch_stride}ll" if plan.result.batch > 1 else ""
    return f"d[i + j * {plan.result.ld}ll{batch}]"


def _bit(plan: Plan) -> str:
    """Return the number of an element's bit in the mask."""
    assert plan.aux is not None  # noqa: S101 - only asked where there is one
    return f"(i + j * {plan.aux.ld}ll + g * {plan.aux.batch_stride}ll)"


def _by_elements(plan: Plan, follows: int) -> tuple[int, str]:
    """Return how many threads there are, and what each does: a few for each element of D."""
    kind, writes_mask = TYPES[plan.result.dtype], bool(follows & AUX and not follows & DRELU)
    lanes = _lanes(plan, 4 if writes_mask else WARP)  # eight elements of a byte of the mask are in one warp
    rows = -(-plan.m // 8) * 8 if writes_mask else plan.m + bool(follows & BGRADB)
    columns = plan.n + bool(follows & BGRADA)
    first, second = _read("first", "i", "k", plan), _read("second", "k", "j", plan)
    if follows & BGRADB:  # one more row of ones: its products are the sums of B
        first = f"(i < {plan.m} ? {first} : {kind}(1))"
    if follows & BGRADA:
        second = f"(j < {plan.n} ? {second} : {kind}(1))"
    count = rows * columns * plan.result.batch
    live = f"e < {count}u" + (f" && e % {rows}u < {plan.m}u" if writes_mask else "")
    lines = [
        f"const unsigned int e = t / {lanes}u, lane = t % {lanes}u;",
        f"const bool live = {live};",
        f"const long long i = live ? e % {rows}u : 0, j = live ? e / {rows}u % {columns}u : 0;",
        f"const long long g = live ? e / {rows * columns}u : 0;",
        f"{kind} x = 0;",
        f"for (long long k = lane; k < {plan.k}; k += {lanes}) x = bp_fma({first}, {second}, x);",
        *_tree("x", lanes),
        *_ends(plan, follows, kind),
    ]
    if writes_mask:
        lines += _mask(plan, lanes, rows)
    lines.append(f"if (live && lane == 0) {_stored(plan, follows)}")
    return count * lanes, _text(lines)


def _ends(plan: Plan, follows: int, kind: str) -> list[str]:
    """Return what is done with a sum."""
    lines = []
    if plan.accumulate:
        inside = f"i < {plan.m} && j < {plan.n}"
        lines.append(f"if (live && {inside}) x += {_at(plan)};")
    if follows & BIAS:
        lines.append("x += vector[i];")
    if follows & RELU:
        lines += ["const bool positive = x > 0;", f"x = positive || x != x ? x : {kind}(0);"]
    if follows & DRELU:
        bit = _bit(plan)
        lines.append(f"x = mask[{bit} >> 3] >> ({bit} & 7) & 1 ? x : {kind}(0);")
    return lines


def _stored(plan: Plan, follows: int) -> str:
    if follows & BGRADA:
        return f"(j < {plan.n} ? {_at(plan)} : vector[i]) = x;"
    if follows & BGRADB:
        return f"(i < {plan.m} ? {_at(plan)} : vector[j]) = x;"
    return f"{_at(plan)} = x;"


def _mask(plan: Plan, lanes: int, rows: int) -> list[str]:
    """Return how the bits of eight elements become a byte: those of the threads beside, joined in pairs."""
    assert plan.aux is not None  # noqa: S101 - the mask is written
    shuffle = "__shfl_xor_sync(0xffffffffu, bits, {})"
    lines = [f"unsigned int bits = live && positive ? 1u << (e % {rows}u & 7u) : 0u;"]
    lines += [f"bits |= {shuffle.format(lanes * step)};" for step in (1, 2, 4)]
    begins = f"live && lane == 0 && (e % {rows}u & 7u) == 0u"
    return [*lines, f"if ({begins}) mask[{_bit(plan)} >> 3] = (unsigned char)bits;"]


def _tree(name: str, lanes: int) -> list[str]:
    """Return the sum over neighbouring threads: half as many sums in each line, the same in every run."""
    steps, step = [], lanes // 2
    while step:
        steps.append(f"{name} += __shfl_xor_sync(0xffffffffu, {name}, {step});")
        step //= 2
    return steps


def _by_rows(plan: Plan) -> tuple[int, str]:
    """Return how many threads there are, and what each does: a warp for each row of D, and its sum."""
    kind = TYPES[plan.result.dtype]
    first, second = _read("first", "i", "k", plan), _read("second", "k", "j", plan)
    bit = _bit(plan)
    inner = [
        f"{kind} x = 0;",
        f"for (long long k = 0; k < {plan.k}; ++k) x = bp_fma({first}, {second}, x);",
        *([f"x += {_at(plan)};"] if plan.accumulate else []),
        f"x = mask[{bit} >> 3] >> ({bit} & 7) & 1 ? x : {kind}(0);",
        f"{_at(plan)} = x;",
        "sum += x;",
    ]
    lines = [
        f"const unsigned int lane = t % {WARP}u;",
        f"const bool live = t / {WARP}u < {plan.m}u;",
        f"const long long i = live ? t / {WARP}u : 0, g = 0;",
        f"{kind} sum = 0;",
        f"if (live) for (long long j = lane; j < {plan.n}; j += {WARP}) {{",
        *(f"  {line}" for line in inner),
        "}",
        *_tree("sum", WARP),
        "if (live && lane == 0) vector[i] = sum;",
    ]
    return plan.m * WARP, _text(lines)


def _text(lines: list[str]) -> str:
    return "".join(f"  {line}\n" for line in lines)
