"""The text of kernels that take rows whole; what they compute is sorted in `rows`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bpcore.program.equation import Slot
from bpcore_cupy.elements.accumulating import Accumulator
from bpcore_cupy.elements.chains import loaded, stored_as
from bpcore_cupy.elements.finishing import Partial, finishing, room
from bpcore_cupy.elements.kernel import NAME, SCRATCH, Kernel, named
from bpcore_cupy.elements.kinds import SIZE, stored
from bpcore_cupy.elements.reading import Name
from bpcore_cupy.elements.rows import Rows, names_read
from bpcore_cupy.elements.steps import written
from bpcore_cupy.elements.together import WARP, brought_together
from bpcore_cupy.elements.views import View, fits
from bpcore_cupy.elements.writing import Code, Value

__all__ = ["row_kernel"]

BLOCK = 256
LARGEST_BLOCK = 1024
IN_A_WARP = 1024
"""Elements of a row up to which a warp, or a part of one, takes it."""
ONE_BLOCK = 8192
"""Threads up to which rows that are summed up are taken by one block, which then needs no second stage."""
FEW = 2**14
"""Elements up to which that one block, on one multiprocessor, is done before a second stage would begin."""
MOST_BLOCKS = 1056
UNROLLED = 8


@dataclass(frozen=True)
class _Launch:
    """How many threads take a row, how many a block has, and how many blocks there are."""

    lanes: int
    block: int
    grid: int

    @property
    def rows(self) -> int:
        """Rows of a block at a time."""
        return max(self.block // self.lanes, 1)


@dataclass
class _Writer:
    rows: Rows
    launch: _Launch
    inputs: tuple[Name, ...]
    code: Code = field(default_factory=Code)
    views: list[View] = field(default_factory=list)
    known: dict[Slot, Value] = field(default_factory=dict)
    row_loads: dict[tuple[Name, View], Value] = field(default_factory=dict)

    def element(self, name: Name, view: View, address: str) -> str:
        """Return an element of an input, as an expression."""
        place = f"a{self.inputs.index(name)}[{address}]"
        return loaded(self.code, self.rows.body.kinds[name], place)

    def load_row(self, name: Name, shape: tuple[int, ...]) -> Value:
        """Return what an input has for the row."""
        view = self.rows.body.view(name).broadcast(shape)
        self.views.append(view)
        key = (name, view.collapsed())
        if key not in self.row_loads:
            kind = self.rows.body.kinds[name]
            self.row_loads[key] = self.code.let(kind, self.element(name, view, view.text("row")))
        return self.row_loads[key]

    def load_each(self, name: Name, shape: tuple[int, ...]) -> Value:
        """Return what an input has for the element ``col`` of the row."""
        view = self.rows.body.view(name).broadcast(shape)
        self.views.append(view)
        return Value(self.element(name, view, self.split(view)), self.rows.body.kinds[name])

    def split(self, view: View) -> str:
        """Return where the element ``col`` of the row lies."""
        count = len(self.rows.lead)
        lead = View(view.shape[:count], view.strides[:count])
        trail = View(view.shape[count:], view.strides[count:], view.offset)
        return f"{lead.text('row')} + {trail.text('col')}"


def row_kernel(rows: Rows) -> Kernel:
    """Return the kernel, and the stage that adds up what came of several blocks."""
    body = rows.body
    launch = _launch(rows)
    writer = _Writer(rows, launch, names_read(rows))
    totals = [y for y in body.outputs if rows.level[y] == "all"]
    lines = _lines(writer, totals)
    partials = [Partial(y, rows.accumulators[y], 1, launch.grid) for y in totals]
    several = launch.grid > 1 and bool(totals)
    direct = [y for y in body.outputs if not (several and y in totals)]
    parameters = [f"const {stored(body.kinds[x])}* a{i}" for i, x in enumerate(writer.inputs)]
    parameters += [f"{stored(body.kinds[y])}* b{body.outputs.index(y)}" for y in direct]
    parameters += ["char* scratch"] if several else []
    wide = not fits([*writer.views, *(body.view(y) for y in body.outputs)])
    text = [
        f"typedef {'unsigned long long' if wide else 'unsigned int'} bp_index;",
        f"typedef {'long long' if wide else 'int'} bp_offset;",
        f'extern "C" __global__ void __launch_bounds__({launch.block}) {NAME}({", ".join(parameters)}) {{',
        *(f"  {line}" for line in lines),
        *(f"  {line}" for line in _ends(writer, totals, partials if several else None)),
        "}",
    ]
    name, source = named(writer.code.prelude + "\n" + "\n".join(text) + "\n")
    arguments = (*writer.inputs, *direct, *((SCRATCH,) if several else ()))
    return Kernel(
        name, source, arguments, launch.grid, launch.block,
        scratch_bytes=room(partials) if several else 0,
        shares=_shares(writer, arguments),
        then=finishing(body, partials) if several else None,
    )  # fmt: skip


def _launch(rows: Rows) -> _Launch:
    lanes = 1
    while lanes < min(rows.length, WARP):
        lanes *= 2
    if rows.length > IN_A_WARP:
        lanes = BLOCK if rows.length <= ONE_BLOCK else LARGEST_BLOCK
    if lanes > WARP:
        return _Launch(lanes, lanes, min(rows.rows, MOST_BLOCKS))
    threads = -(-rows.rows * lanes // WARP) * WARP
    few = threads <= ONE_BLOCK and rows.rows * rows.length <= FEW
    if "all" in rows.level.values() and few:
        return _Launch(lanes, min(threads, LARGEST_BLOCK), min(rows.rows, 1))
    block = min(BLOCK, threads)
    return _Launch(lanes, block, min(-(-threads // max(block, 1)), MOST_BLOCKS))


def _lines(writer: _Writer, totals: list[Slot]) -> list[str]:
    """Return the loop over rows."""
    rows, launch = writer.rows, writer.launch
    lines = [f"const bp_index lane = threadIdx.x % {launch.lanes}u, sub = threadIdx.x / {launch.lanes}u;"]
    for i, y in enumerate(totals):
        each = rows.accumulators[y]
        lines.append(f"{each.type} total{i} = {each.start};")
    start = f"bp_index base = (bp_index)blockIdx.x * {launch.rows}u"
    lines += [
        f"for ({start}; base < {rows.rows}u; base += {launch.grid * launch.rows}u) {{",
        f"  const bool live = base + sub < {rows.rows}u;",
        f"  const bp_index row = live ? base + sub : {rows.rows - 1}u;",
    ]
    last = max((rows.phase[x] for x in rows.accumulators), default=0)
    for phase in range(1, last + 1):
        lines += _indented(_phase(writer, phase))
    lines += _indented(_stores(writer, totals))
    return [*lines, "}"]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _of_rows(writer: _Writer, slots: Iterable[Slot]) -> list[str]:
    """Return the lines that compute what slots need of the row, and remember it."""
    rows = writer.rows
    slots = list(slots)
    each = rows.needed(slots, "each", {})
    wanted = [x for equation in each for x in equation.inputs if isinstance(x, Slot)] + slots
    start = len(writer.code.lines)
    equations = rows.needed(wanted, "row", writer.known)
    written(writer.code, rows.body, equations, writer.known, writer.load_row)
    found = writer.code.lines[start:]
    del writer.code.lines[start:]
    return found


def _of_elements(writer: _Writer, slots: list[Slot], rest: Mapping[Slot, str]) -> list[str]:
    """Return the loop over the elements of the row: `rest` says what is done with a slot's value."""
    rows, launch = writer.rows, writer.launch
    loop = f"for (bp_index col = lane; col < {rows.length}u; col += {launch.lanes}u) {{"
    code = Code("e", writer.code.needs)
    values = dict(writer.known)
    loads: dict[tuple[Name, View], Value] = {}

    def load(name: Name, shape: tuple[int, ...]) -> Value:
        x = writer.load_each(name, shape)
        key = (name, rows.body.view(name).broadcast(shape).collapsed())
        if key not in loads:
            loads[key] = code.let(x.kind, x.text)
        return loads[key]

    written(code, rows.body, rows.needed(slots, "each", {}), values, load)
    lines = list(code.lines)
    for slot in slots:
        code.lines.clear()
        value = values[slot] if slot in values else load(slot, (*rows.lead, *rows.trail))
        lines += code.lines
        code.lines.clear()
        lines += _done(rest[slot], value, code)
    unrolled = ["#pragma unroll"] if -(-rows.length // launch.lanes) <= UNROLLED else []
    return [*unrolled, loop, *_indented(lines), "}"]


def _done(what: str, value: Value, code: Code) -> list[str]:
    return [line.replace("@", value.text) for line in what.split("\n")]


def _phase(writer: _Writer, phase: int) -> list[str]:
    """Return the lines of the reductions of a phase."""
    rows = writer.rows
    slots = [y for y, each in rows.accumulators.items() if rows.phase[y] == phase and rows.level[y] == "row"]
    operands = [rows.made[y].inputs[0] for y in slots]
    lines = _of_rows(writer, [x for x in operands if isinstance(x, Slot)])
    names = {y: f"r{int(y)}" for y in slots}
    rest: dict[Slot, list[str]] = {}
    for y, operand in zip(slots, operands, strict=True):
        each, name = rows.accumulators[y], names[y]
        lines.append(f"{each.type} {name} = {each.start};")
        taken = each.one(_Inline(writer.code.needs), Value("@", each.taken), "col")
        whole = each.combined(writer.code, name, taken)
        rest.setdefault(operand, []).append(f"{name} = {whole};")  # type: ignore[arg-type]
    lines += _of_elements(writer, list(rest), {x: "\n".join(y) for x, y in rest.items()})
    pairs = [(names[y], rows.accumulators[y]) for y in slots]
    lines += brought_together(writer.code, pairs, writer.launch.lanes, f"{phase}")
    start = len(writer.code.lines)
    for y in slots:
        writer.known[y] = rows.accumulators[y].finished(writer.code, names[y])
    lines += writer.code.lines[start:]
    del writer.code.lines[start:]
    return lines


class _Inline(Code):
    """Writes an expression in place of a name: for what stands in one line."""

    def __init__(self, needs: set[str]) -> None:
        super().__init__("i", needs)

    def let(self, kind: str, text: str) -> Value:
        """Return the expression itself."""
        return Value(f"({text})", kind)


def _stores(writer: _Writer, totals: list[Slot]) -> list[str]:
    """Return the lines that write what is read outside."""
    rows, body = writer.rows, writer.rows.body
    each = [y for y in body.outputs if rows.level[y] == "each"]
    single = [y for y in body.outputs if rows.level[y] == "row"]
    summed = [x for y in totals for x in [rows.made[y].inputs[0]] if isinstance(x, Slot)]
    lines = _of_rows(writer, [*each, *single, *summed])
    if each:
        stores = {
            y: f"if (live) b{body.outputs.index(y)}[{writer.split(body.view(y))}] = "
            f"{stored_as(writer.code, body.kinds[y], '@')};"
            for y in each
        }
        lines += _of_elements(writer, each, stores)
    for y in single:
        value = stored_as(writer.code, body.kinds[y], writer.known[y].text)
        place = body.view(y).text("row")
        lines.append(f"if (live && lane == 0u) b{body.outputs.index(y)}[{place}] = {value};")
    for i, y in enumerate(totals):
        total: Accumulator = rows.accumulators[y]
        operand = rows.made[y].inputs[0]
        value = total.one(_Inline(writer.code.needs), writer.known[operand], "row")  # type: ignore[index]
        whole = total.combined(writer.code, f"total{i}", value)
        lines.append(f"if (live && lane == 0u) total{i} = {whole};")
    return lines


def _ends(writer: _Writer, totals: list[Slot], partials: list[Partial] | None) -> list[str]:
    """Return the lines that bring together what the threads of the block have of all rows."""
    if not totals:
        return []
    rows, body, block = writer.rows, writer.rows.body, writer.launch.block
    pairs = [(f"total{i}", rows.accumulators[y]) for i, y in enumerate(totals)]
    lines = _whole_block(writer, pairs, block)
    lines.append("if (threadIdx.x == 0u) {")
    if partials is not None:
        lines += [f"  {x.store(partials, 'blockIdx.x', f'total{i}')}" for i, x in enumerate(partials)]
        return [*lines, "}"]
    start = len(writer.code.lines)
    for i, y in enumerate(totals):
        value = rows.accumulators[y].finished(writer.code, f"total{i}")
        text = stored_as(writer.code, body.kinds[y], value.text)
        writer.code.lines.append(f"b{body.outputs.index(y)}[{body.view(y).text('0u')}] = {text};")
    lines += _indented(writer.code.lines[start:])
    del writer.code.lines[start:]
    return [*lines, "}"]


def _whole_block(writer: _Writer, pairs: list[tuple[str, Accumulator]], block: int) -> list[str]:
    return brought_together(writer.code, pairs, max(block, WARP), "all")


def _shares(writer: _Writer, arguments: tuple[object, ...]) -> tuple[tuple[int, int], ...]:
    """Return inputs and outputs that are walked through alike: elements of rows, in order."""
    rows, body = writer.rows, writer.rows.body
    whole = (*rows.lead, *rows.trail)
    found = []
    for i, name in enumerate(writer.inputs):
        for j, y in enumerate(arguments):
            if j < len(writer.inputs) or not isinstance(y, Slot) or rows.level.get(y) != "each":
                continue
            same = body.shapes[name] == whole and SIZE[body.kinds[name]] == SIZE[body.kinds[y]]
            if same and body.view(name).is_plain and body.view(y).is_plain:
                found.append((i, j))
    return tuple(found)
