"""What a Program costs: operations and bytes, equation by equation."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bpcore.program.counts import Applied, flops_of
from bpcore.program.equation import ArrayType, Constant, Equation, Equations, Slot, type_of
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Static

__all__ = ["Cost", "Row", "aligned", "cost", "in_units"]

_PICKING = frozenset({"gather", "take", "take_along_axis"})
"""Functions that read as many elements of their first input as they return."""


@dataclass(frozen=True)
class Row:
    """What one equation costs, or all of one function.

    Attributes
    ----------
    name : str
        The function's name; of a group of functions in one equation, those inside, joined by ``+``.
    output : str
        The slot and its type; for a sum over equations how many they are.
    kind : str
        ``arithmetic``, ``transcendental``, ``reduction``, ``product``, ``sorting``, ``decomposition``,
        ``fourier``, ``moving``, ``view``, or ``unknown``; of a group ``fused``.
    flops : mapping of str to float
        Operations by kind.
    bytes : int
        What is read and written.
    dtype : str
        The name of the result's dtype.
    """

    name: str
    output: str
    kind: str
    flops: Mapping[str, float]
    bytes: int
    dtype: str

    @property
    def operations(self) -> float:
        """The operations of all kinds."""
        return sum(self.flops.values())


@dataclass(frozen=True)
class Cost:
    """What a Program costs; printed, it is a table.

    Attributes
    ----------
    rows : tuple of Row
        One for each equation, in order.
    """

    rows: tuple[Row, ...]

    @property
    def flops(self) -> float:
        """Operations of all equations."""
        return sum(row.operations for row in self.rows)

    @property
    def bytes(self) -> int:
        """Bytes that all equations read and write."""
        return sum(row.bytes for row in self.rows)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of functions that were counted as element-wise because no count of them is known."""
        return tuple(sorted({row.name for row in self.rows if "unknown" in row.flops}))

    def by_function(self) -> tuple[Row, ...]:
        """Return one row for each function, those with the most operations first."""
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(row.name, []).append(row)
        sums = [_summed(name, rows) for name, rows in groups.items()]
        return tuple(sorted(sums, key=lambda row: (-row.operations, -row.bytes)))

    def __str__(self) -> str:
        return _printed(self.rows, self)

    def summary(self) -> str:
        """Return the table with one line for each function."""
        return _printed(self.by_function(), self)


def cost(program: Equations) -> Cost:
    """Return how many operations and bytes each equation of a Program takes.

    Parameters
    ----------
    program : Program
        From `record`, or from the method ``program`` of what `compile` returned.

    Returns
    -------
    Cost
        An operation is one on elements: an addition, or one ``exp``; a product of matrices of m x k and k x n
        takes 2mnk. Bytes are those of the arrays that an equation reads, each once, and writes; a view
        moves none, and what was broadcast is read at the size that it has in memory. Of a group of
        functions in one equation only what goes in and comes out is moved.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> xp = bp.namespace("numpy")
    >>> x, w = np.ones((4, 3)), np.ones((3, 2))
    >>> print(bp.cost(bp.record(lambda x, w: xp.tanh(xp.matmul(x, w)), x, w)))
    function  output           kind            operations  bytes
    matmul    v2 float64[4, 2] product             48 FLOP  208 B
    tanh      v3 float64[4, 2] transcendental       8 FLOP  128 B
    total     2 equations                          56 FLOP  336 B
    """
    if not isinstance(program, Equations):
        raise OptionError("program", program, "a Program", "bpcore.record(f, *x) makes one of a function.")
    held: dict[Slot | Constant, int] = {}
    for slot in program.inputs:
        held[slot] = _nbytes(_types(program.types[slot]))
    for name, array in program.constants.items():
        held[Constant(name)] = _nbytes(_types(type_of(array)))
    return Cost(tuple(_row(program, equation, held) for equation in program.equations))


def _row(program: Equations, equation: Equation, held: dict[Slot | Constant, int]) -> Row:
    outputs = _types(program.types[equation.output])
    name, flops = _operations(program, equation, outputs)
    fused = isinstance(getattr(equation.function, "inner", None), Equations)
    view = (
        "view" in flops and not fused and not any(isinstance(x, Slot | Constant) for x in equation.inputs[1:])
    )
    held[equation.output] = written = _nbytes(outputs)
    if view and isinstance(equation.inputs[0], Slot | Constant):
        held[equation.output] = min(written, held[equation.inputs[0]])
        moved = 0
    else:
        moved = written + _read(equation, written, held)
    kind = "fused" if fused else next(iter(flops))
    shown = program.types[equation.output]
    dtype = _name(outputs[0].dtype) if outputs else ""
    return Row(name, f"{equation.output!r} {shown!r}", kind, MappingProxyType(flops), moved, dtype)


def _operations(
    program: Equations, equation: Equation, outputs: tuple[ArrayType, ...]
) -> tuple[str, dict[str, float]]:
    """Return the name of an equation, and its operations by kind."""
    inner = getattr(equation.function, "inner", None)
    if isinstance(inner, Equations):
        rows = cost(inner).rows
        shown = dict.fromkeys(row.name for row in rows if row.kind != "view")
        return "+".join(shown), _by_kind(rows)
    operands = tuple(_operand(program, x) for x in equation.inputs)
    kind, count = flops_of(Applied(equation.function.name, operands, equation.static, outputs))
    return equation.function.name, {kind: count}


def _operand(program: Equations, operand: Static) -> Static:
    if isinstance(operand, Slot):
        return program.types[operand]
    return type_of(program.constants[operand]) if isinstance(operand, Constant) else operand


def _read(equation: Equation, written: int, held: dict[Slot | Constant, int]) -> int:
    places = dict.fromkeys(x for x in equation.inputs if isinstance(x, Slot | Constant))
    sizes = [held[place] for place in places]
    if equation.function.name.endswith("_like"):
        return 0
    if equation.function.name in _PICKING and sizes:
        sizes[0] = min(sizes[0], written)
    return sum(sizes)


def _by_kind(rows: Iterable[Row]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for row in rows:
        for kind, count in row.flops.items():
            sums[kind] = sums.get(kind, 0.0) + count
    return sums


def _summed(name: str, rows: list[Row]) -> Row:
    moved = sum(row.bytes for row in rows)
    count = f"{len(rows)} equation{'s' * (len(rows) != 1)}"
    return Row(name, count, rows[0].kind, MappingProxyType(_by_kind(rows)), moved, rows[0].dtype)


def _types(found: Static) -> tuple[ArrayType, ...]:
    return (found,) if isinstance(found, ArrayType) else tuple(found)


def _nbytes(types: tuple[ArrayType, ...]) -> int:
    return sum(math.prod(one.shape) * _width(_name(one.dtype)) for one in types)


def _name(dtype: Static) -> str:
    """Return the name of a dtype, whichever library's: ``float32``."""
    return re.sub(r"\W+$", "", str(dtype)).rpartition(".")[2]


def _width(dtype: str) -> int:
    bits = re.search(r"\d+$", dtype)
    return int(bits[0]) // 8 if bits else 1


def in_units(number: float, unit: str, base: int = 1000) -> str:
    """Return a number with three digits and its unit: ``1.23 MFLOP``; with `base` 1024 ``4.5 KiB``."""
    prefixes = ("", "k", "M", "G", "T", "P") if base % 10 == 0 else ("", "Ki", "Mi", "Gi", "Ti", "Pi")
    power = 0
    while number >= base and power < len(prefixes) - 1:
        number /= base
        power += 1
    digits = max(3, len(str(int(number))))
    return f"{number:.{digits}g} {prefixes[power]}{unit}"


def _printed(rows: Iterable[Row], total: Cost) -> str:
    cells = [("function", "output", "kind", "operations", "bytes")]
    cells += [(row.name, row.output, row.kind, *_numbers(row.operations, row.bytes)) for row in rows]
    count = f"{len(total.rows)} equation{'s' * (len(total.rows) != 1)}"
    cells.append(("total", count, "", *_numbers(total.flops, total.bytes)))
    return aligned(cells, left=3)


def _numbers(flops: float, moved: int) -> tuple[str, str]:
    return in_units(flops, "FLOP"), in_units(moved, "B", 1024)


def aligned(cells: Iterable[tuple[str, ...]], left: int) -> str:
    """Return lines with columns of one width, the first `left` of them set to the left."""
    table = list(cells)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        parts = [
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)
