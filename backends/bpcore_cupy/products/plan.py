"""One product, described for the library: what is multiplied, in what precision, and what follows.

cuBLASLt counts columns: its matrices lie column after column. Ours lie row after row. Memory in which C lies
by rows is, read by columns, the transpose of C; and the transpose of ``A B`` is ``B^T A^T``. So the library
is given our b as its A and our a as its B, and told to make D = C^T:

====================  ==================================  ==========================
what the library has  if our c lies by rows (`swapped`)   if our c lies by columns
====================  ==================================  ==========================
A (m x k)             b^T: columns of b are its rows      a
B (k x n)             a^T                                 b
m, the rows of D      our columns                         our rows
a bias, along m       along our last axis                 along our rows
BGRADA, length m      sums of b over k                    sums of a over k
BGRADB, length n      sums of a over k                    sums of b over k
====================  ==================================  ==========================

An operand that lies the other way round is transposed by the library as it reads; nothing is copied.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import gcd

from bpcore.words.errors import ShapeError, choose
from bpcore_cupy.products.arithmetic import arithmetic
from bpcore_cupy.products.epilogues import EPILOGUES, Aux, Vector, aux_of, library_name, vector_of
from bpcore_cupy.products.layout import Layout, Lying, lying
from bpcore_cupy.products.matrices import product_of
from bpcore_cupy.products.operand import ITEMSIZE, Operand
from bpcore_cupy.products.stacking import Stacking, stacking

__all__ = ["Plan", "plan_of", "refusal_of"]

LONGEST = 2**31 - 1


@dataclass(frozen=True)
class Plan:
    """A product ``c = epilogue(a b)`` for cuBLASLt; hashable, so that equal products share what is prepared.

    Attributes
    ----------
    first, second, result : Layout
        The library's A, B and D.
    transposed : tuple of bool
        Whether the library transposes its A, and its B, as it reads.
    swapped : bool
        The library's A is our b.
    compute, scale : str
        Keys of `abi.COMPUTE` and `abi.DATA`.
    precision : str
    epilogue : str or None
        Our word.
    follows : str
        The library's.
    vector : Vector or None
    aux : Aux or None
    accumulate : bool
        What c holds is added.
    calls : tuple
        Offsets in bytes of our a, b and c, for each call: more than one where a stack has no single stride.
    text : str
        The product in words, for errors.
    """

    first: Layout
    second: Layout
    result: Layout
    transposed: tuple[bool, bool]
    swapped: bool
    compute: str
    scale: str
    precision: str
    epilogue: str | None
    follows: str
    vector: Vector | None
    aux: Aux | None
    accumulate: bool
    calls: tuple[tuple[int, int, int], ...]
    text: str

    @property
    def m(self) -> int:
        """Rows of the library's D."""
        return self.result.rows

    @property
    def n(self) -> int:
        """Columns of the library's D."""
        return self.result.columns

    @property
    def k(self) -> int:
        """How many products are summed for an element."""
        return self.first.rows if self.transposed[0] else self.first.columns

    @property
    def key(self) -> str:
        """A short name that is the same in every run, for keeping what was chosen."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return 2 * self.m * self.n * self.k * self.result.batch * len(self.calls)


def plan_of(
    a: Operand,
    b: Operand,
    c: Operand,
    /,
    *,
    precision: str = "float32",
    epilogue: str | None = None,
    accumulate: bool = False,
    bias_axis: int = -1,
    bias_alignment: int = 16,
) -> Plan:
    """Describe ``c = matmul(a, b)``, or ``c += matmul(a, b)``, with what follows.

    Parameters
    ----------
    a, b, c : Operand
        As they lie in memory: row-major, or transposed views, with any leading dimension, in stacks with
        strides (0 where a matrix is repeated).
    precision : {"float32", "tf32", "bfloat16", "float16"}
        What float32 numbers are multiplied in; sums are always made in float32. Other dtypes are multiplied
        as they are: float64 in float64, 16 bits with sums in float32.
    epilogue : str or None
        ``bias relu relu_bias relu_aux relu_aux_bias drelu drelu_bgrad gelu gelu_bias gelu_aux
        gelu_aux_bias dgelu dgelu_bgrad``, or ``bgrad_a``, ``bgrad_b``: the sums of *our* a, or b, over the
        axis that is summed in the product. GELU is the library's, with tanh: not `bpcore.Gelu`.
    accumulate : bool
        Add to what c holds.
    bias_axis : {-1, -2}
        Which axis of c a bias (or its gradient) lies along. -1 wants a c that lies by rows.
    bias_alignment : int
        What the address of a bias, or of its gradient, is a multiple of, in bytes.

    Raises
    ------
    ShapeError
        cuBLASLt has no name for such a product: `refusal_of` says the same without raising.
    OptionError
        There is no such precision or epilogue.
    """
    where = f"a product of {a} and {b}"
    arrays = (a, b, c)
    if epilogue is not None:
        choose("epilogue", epilogue, EPILOGUES)
    compute, scale = arithmetic(a.dtype, b.dtype, c.dtype, precision, where)
    product = product_of(a, b, c, where).simplified(more_rows=bias_axis == -1)
    sizes = (ITEMSIZE[a.dtype], ITEMSIZE[b.dtype], ITEMSIZE[c.dtype])
    stack = stacking(product.axes, sizes, where)
    result = lying(product.c, where, rows_first=bias_axis == -1)
    swapped = result.by_rows
    ways = (lying(product.a, where), lying(product.b, where), result)
    layouts = [_layout(x, way, stack, i) for i, (x, way) in enumerate(zip(arrays, ways, strict=True))]
    first, second = (1, 0) if swapped else (0, 1)
    m, n = result.column_major
    vector = aux = None
    if epilogue:
        vector = vector_of(epilogue, m, n, c.dtype, swapped=swapped, alignment=bias_alignment)
        aux = aux_of(epilogue, m, n, stack.batch.length, c.dtype)
    plan = Plan(
        first=layouts[first],
        second=layouts[second],
        result=layouts[2],
        transposed=(ways[first].by_rows != swapped, ways[second].by_rows != swapped),
        swapped=swapped,
        compute=compute,
        scale=scale,
        precision=precision,
        epilogue=epilogue,
        follows=library_name(epilogue, swapped=swapped),
        vector=vector,
        aux=aux,
        accumulate=accumulate,
        calls=stack.calls,
        text=_text(arrays, precision, epilogue, accumulate=accumulate),
    )
    _check(plan, bias_axis, where)
    return plan


def refusal_of(
    a: Operand,
    b: Operand,
    c: Operand,
    /,
    *,
    precision: str = "float32",
    epilogue: str | None = None,
    accumulate: bool = False,
    bias_axis: int = -1,
    bias_alignment: int = 16,
) -> str | None:
    """Return why `plan_of` cannot describe this product, None if it can; the options are the same."""
    try:
        plan_of(
            *(a, b, c),
            precision=precision,
            epilogue=epilogue,
            accumulate=accumulate,
            bias_axis=bias_axis,
            bias_alignment=bias_alignment,
        )
    except ShapeError as error:
        return str(error)
    return None


def _layout(x: Operand, way: Lying, stack: Stacking, i: int) -> Layout:
    """Return a matrix in the library's words; `i` says which of a, b and c it is."""
    stride = stack.batch.strides[i]
    offsets = (offset[i] for offset in stack.calls)
    return Layout(
        x.dtype,
        *way.column_major,
        ld=way.ld,
        batch=stack.batch.length,
        batch_stride=stride,
        alignment=gcd(x.alignment, stride * ITEMSIZE[x.dtype], *offsets),
    )


def _check(plan: Plan, bias_axis: int, where: str) -> None:
    """Refuse what the library has no words for."""
    lengths = (plan.m, plan.n, plan.k, plan.result.batch)
    if max(*lengths, plan.first.ld, plan.second.ld, plan.result.ld) > LONGEST:
        raise ShapeError(where, f"at most {LONGEST} elements along an axis", f"m, n, k, batch {lengths}")
    vector, aux = plan.vector, plan.aux
    if vector and plan.epilogue not in ("bgrad_a", "bgrad_b") and vector.axis != bias_axis:
        lies = "rows" if plan.swapped else "columns"
        raise ShapeError(where, f"a bias along axis {vector.axis} of a result by {lies}", f"axis {bias_axis}")
    if vector and vector.written and plan.result.batch * len(plan.calls) > 1:
        raise ShapeError(where, f"one matrix for the epilogue {plan.epilogue!r}", "a stack", "Leave it out.")
    if aux and len(plan.calls) > 1:
        raise ShapeError(where, f"one call for the epilogue {plan.epilogue!r}", f"{len(plan.calls)}")


def _text(arrays: tuple[Operand, ...], precision: str, epilogue: str | None, *, accumulate: bool) -> str:
    a, b, c = arrays
    follows = f" with the epilogue {epilogue!r}" if epilogue else ""
    return f"{c} {'+' * accumulate}= {a} x {b} in {precision}{follows}"
