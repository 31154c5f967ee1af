"""Matrix products: small ones written out, in vectors as wide as the rows; large ones by a BLAS.

Each element of a small product is one chain of fused multiplications and additions, in the order of the inner
index: the chain is not split among lanes, so the bits do not depend on the machine's vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bpcore_numba.blas import Blas
from bpcore_numba.loops import nest
from bpcore_numba.places import Place
from bpcore_numba.threads import count
from bpcore_numba.writing import REGISTER, SIZE, Code, Value, literal

__all__ = ["Product", "Stacked", "Transpose", "is_small", "whole"]

WIDTH = {"float32": 32, "float64": 16}
"""Elements of a row that are computed together: two of the widest vectors."""
ROWS = 8
"""Rows that are computed together."""
SMALL = 3_000_000
"""Multiplications up to which a product is written out."""
SHARED = 8_000_000
"""Multiplications from which bpcore's threads share a product that a BLAS computes on one thread."""
PIECES = 2
"""Pieces of it for each thread."""
ALIGNED = 16
SMALL_BYTES = 200_000
"""And bytes of the right matrix, which has to stay in the fast memory."""


def is_small(m: int, k: int, n: int, kind: str) -> bool:
    """Tell whether a product is written out."""
    return m * k * n <= SMALL and k * n * SIZE[kind] <= SMALL_BYTES


def lanes(kind: str) -> int:
    """Return the elements of the widest vector."""
    return 64 // SIZE[kind]


def whole(width: int, kind: str) -> int:
    """Return the elements of as many whole vectors as it takes."""
    return -(-width // lanes(kind)) * lanes(kind)


@dataclass(eq=False)
class Product:
    """``result = a @ b`` of two matrices.

    Without a BLAS the rows of `b` lie in order; `padded` says that after each there is room up to whole
    vectors, where anything may stand.
    """

    a: Place
    b: Place
    result: Place
    blas: Blas | None
    padded: bool = False

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.a, self.b], [self.result]

    def pieces(self) -> tuple[int, int] | None:
        """Return the length of the longer side of the result, and of a thread's piece of it."""
        (m, k), n = self.a.shape, self.b.shape[1]
        threads = count()
        if self.blas is None or self.blas.threads is None or threads == 1 or m * k * n < SHARED:
            return None
        step = -(-max(m, n) // (threads * PIECES))
        return max(m, n), -(-step // ALIGNED) * ALIGNED

    def write(
        self, code: Code, pointer: Callable[[Place], str], bounds: tuple[str, str] | None = None
    ) -> None:
        """Write the call, or the loops."""
        if self.blas is not None:
            self._call(code, pointer, self.blas, bounds)
            return
        (m, _), n = self.a.shape, self.b.shape[1]
        width = WIDTH[self.a.kind]
        if n >= width:
            with code.loop("0", str(n - n % width), width) as column:
                self._rows(code, pointer, m, column, width)
        if n % width:
            self._rows(code, pointer, m, str(n - n % width), n % width)

    def _rows(self, code: Code, pointer: Callable[[Place], str], m: int, column: str, width: int) -> None:
        vectors = -(-width // lanes(self.a.kind))
        rows = ROWS if vectors > 1 else ROWS * 2
        if m >= rows:
            with code.loop("0", str(m - m % rows), rows) as row:
                self._block(code, pointer, row, rows, column, width)
        if m % rows:
            self._block(code, pointer, str(m - m % rows), m % rows, column, width)

    def _block(
        self, code: Code, pointer: Callable[[Place], str], row: str, rows: int, column: str, width: int
    ) -> None:
        """Compute some rows of some columns: their sums stay in registers."""
        kind, k = self.a.kind, self.a.shape[1]
        stored, width = width, whole(width, kind) if self.padded else width
        vector = f"<{width} x {REGISTER[kind]}>" if width > 1 else REGISTER[kind]
        a, b = pointer(self.a), pointer(self.b)
        (down, along), below = self.a.strides, self.b.strides[0]
        begins = [code.address(a, kind, [(row, down)], self.a.offset + i * down) for i in range(rows)]
        right = code.address(b, kind, [(column, 1)], self.b.offset)
        suffix = f"{f'v{width}' if width > 1 else ''}{'f32' if kind == 'float32' else 'f64'}"
        code.needs.add(f"{vector} @llvm.fma.{suffix}({vector}, {vector}, {vector})")
        sums = [code.name("sum") for _ in range(rows)]
        zero = "zeroinitializer" if width > 1 else "0.0"
        name = code.name("inner")
        code.line(f"br label %{name}.before")
        code.lines.append(f"{name}.before:")
        code.line(f"br label %{name}")
        code.lines.append(f"{name}:")
        code.line(f"%{name}.i = phi i64 [0, %{name}.before], [%{name}.next, %{name}]")
        for s in sums:
            code.line(f"%{s} = phi {vector} [{zero}, %{name}.before], [%{s}.next, %{name}]")
        x = code.raw(
            f"load {vector}, ptr {code.address(right, kind, [(f'%{name}.i', below)])}, align {SIZE[kind]}"
        )
        for s, begin in zip(sums, begins, strict=True):
            y = code.load(kind, code.address(begin, kind, [(f"%{name}.i", along)]))
            y_all = _splat(code, y, vector, width)
            code.line(
                f"%{s}.next = call {vector} @llvm.fma.{suffix}({vector} {y_all}, {vector} {x}, {vector} %{s})"
            )
        code.line(f"%{name}.next = add nuw nsw i64 %{name}.i, 1")
        code.line(f"%{name}.more = icmp slt i64 %{name}.next, {k}")
        code.line(f"br i1 %{name}.more, label %{name}, label %{name}.after")
        code.lines.append(f"{name}.after:")
        step = self.result.strides[0]
        for i, s in enumerate(sums):
            terms = [(row, step), (column, 1)]
            place = code.address(pointer(self.result), kind, terms, self.result.offset + i * step)
            _store(code, f"{vector} %{s}.next", place, kind, (stored, width))

    def _call(
        self, code: Code, pointer: Callable[[Place], str], blas: Blas, bounds: tuple[str, str] | None
    ) -> None:
        """Call the BLAS: rows in order (101), each operand as it lies or transposed (111, 112)."""
        (m, k), n, kind = self.a.shape, self.b.shape[1], self.a.kind
        t, size = REGISTER[kind], blas.integer
        rows = m >= n  # what the bounds are of
        first = bounds[0] if bounds else "0"
        skips = {
            "a": self.a.strides[0] if rows else 0,
            "b": 0 if rows else self.b.strides[1],
            "c": self.result.strides[0] if rows else 1,
        }
        lengths = [str(m), str(n)]
        if bounds:
            lengths[not rows] = _length(code, bounds, size)
        at = [
            code.address(pointer(x), kind, [(first, skip)] if bounds else [], x.offset)
            for x, skip in zip((self.a, self.b, self.result), skips.values(), strict=True)
        ]
        operands = [(_turned(x), _leading(x)) for x in (self.a, self.b)]
        name = f"bp_blas_{'s' if kind == 'float32' else 'd'}gemm"
        one, zero = literal(kind, 1.0), literal(kind, 0.0)
        types = f"i32, i32, i32, {size}, {size}, {size}, {t}, ptr, {size}, ptr, {size}, {t}, ptr, {size}"
        code.needs.add(f"void @{name}({types})")
        code.line(
            f"call void @{name}(i32 101, i32 {operands[0][0]}, i32 {operands[1][0]}, {size} {lengths[0]}, "
            f"{size} {lengths[1]}, {size} {k}, {one.typed}, ptr {at[0]}, {size} {operands[0][1]}, "
            f"ptr {at[1]}, {size} {operands[1][1]}, {zero.typed}, ptr {at[2]}, "
            f"{size} {max(self.result.strides[0], n)})"
        )


def _length(code: Code, bounds: tuple[str, str], size: str) -> str:
    length = code.raw(f"sub i64 {bounds[1]}, {bounds[0]}")
    return length if size == "i64" else code.raw(f"trunc i64 {length} to {size}")


@dataclass(eq=False)
class Stacked:
    """Products of matrices that lie in stacks, one after the other."""

    a: Place
    b: Place
    result: Place

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.a, self.b], [self.result]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write loops around the product of two of them."""
        stacks = (self.a, self.b, self.result)
        a, b, c = [x.viewed(x.shape[-2:], x.strides[-2:]) for x in stacks]

        def one(at: list[str]) -> None:
            begins = {
                id(matrix): code.address(pointer(x), x.kind, list(zip(at, x.strides[:-2], strict=True)))
                for x, matrix in zip(stacks, (a, b, c), strict=True)
            }
            Product(a, b, c, None).write(code, lambda place: begins[id(place)])

        nest(code, self.result.shape[:-2], None, one)


def _store(code: Code, vector: str, place: str, kind: str, widths: tuple[int, int]) -> None:
    """Store the first elements of a vector."""
    stored, width = widths
    if stored < width:
        mask = ", ".join(f"i32 {i}" for i in range(stored))
        cut = code.raw(f"shufflevector {vector}, {vector.partition('%')[0]}poison, <{stored} x i32> <{mask}>")
        vector = f"<{stored} x {REGISTER[kind]}> {cut}"
    code.line(f"store {vector}, ptr {place}, align {SIZE[kind]}")


def _splat(code: Code, x: Value, vector: str, width: int) -> str:
    if width == 1:
        return x.text
    first = code.raw(f"insertelement {vector} poison, {x.typed}, i64 0")
    mask = f"<{width} x i32> zeroinitializer"
    return code.raw(f"shufflevector {vector} {first}, {vector} poison, {mask}")


def _turned(place: Place) -> int:
    return 111 if place.strides[1] == 1 or place.shape[1] == 1 else 112


def _leading(place: Place) -> int:
    """Return the distance of rows, or of columns where the matrix lies transposed."""
    down, along = place.strides
    rows, columns = place.shape
    return max(down, columns, 1) if _turned(place) == 111 else max(along, rows, 1)  # noqa: PLR2004


@dataclass(eq=False)
class Transpose:
    """A copy with rows made columns, square by square in registers."""

    source: Place
    result: Place

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.source], [self.result]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write the loops; `source` lies by columns, `result` by rows."""
        side = 64 // SIZE[self.source.kind]
        rows, columns = self.result.shape
        whole, across = rows - rows % side, columns - columns % side
        if whole and across:
            with code.loop("0", str(whole), side) as i, code.loop("0", str(across), side) as j:
                self._square(code, pointer, side, i, j)
        if rows % side:
            self._rest(code, pointer, (whole, rows), (0, columns))
        if columns % side and whole:
            self._rest(code, pointer, (0, whole), (across, columns))

    def _rest(
        self, code: Code, pointer: Callable[[Place], str], rows: tuple[int, int], columns: tuple[int, int]
    ) -> None:
        kind = self.source.kind
        with code.loop(str(rows[0]), str(rows[1])) as i, code.loop(str(columns[0]), str(columns[1])) as j:
            x = code.load(kind, _at(code, pointer, self.source, i, j))
            code.store(x, _at(code, pointer, self.result, i, j))

    def _square(self, code: Code, pointer: Callable[[Place], str], side: int, i: str, j: str) -> None:
        kind = self.source.kind
        vector = f"<{side} x {REGISTER[kind]}>"
        along, below = self.source.strides[1], self.result.strides[0]
        begin = _at(code, pointer, self.source, i, j)
        lines = [
            code.raw(f"load {vector}, ptr {code.address(begin, kind, [], c * along)}, align {SIZE[kind]}")
            for c in range(side)
        ]
        end = _at(code, pointer, self.result, i, j)
        for r, line in enumerate(_transposed(code, lines, vector, side)):
            place = code.address(end, kind, [], r * below)
            code.line(f"store {vector} {line}, ptr {place}, align {SIZE[kind]}")


def _transposed(code: Code, lines: list[str], vector: str, side: int) -> list[str]:
    """Interleave line i with line i + side / 2, as often as the side can be halved."""
    half, step = side // 2, 1
    while step < side:
        low = ", ".join(f"i32 {x}" for i in range(half) for x in (i, i + side))
        high = ", ".join(f"i32 {x}" for i in range(half, side) for x in (i, i + side))
        mixed = []
        for i in range(half):
            for mask in (low, high):
                pair = f"{vector} {lines[i]}, {vector} {lines[i + half]}"
                mixed.append(code.raw(f"shufflevector {pair}, <{side} x i32> <{mask}>"))
        lines, step = mixed, step * 2
    return lines


def _at(code: Code, pointer: Callable[[Place], str], place: Place, i: str, j: str) -> str:
    terms = [(i, place.strides[0]), (j, place.strides[1])]
    return code.address(pointer(place), place.kind, terms, place.offset)
