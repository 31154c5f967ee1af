"""Reductions of a chain over any axes, in one pass: each block takes a part, a second stage combines them.

Where the last axis stays, neighbouring threads have neighbouring results, so that what they load lies
together; a block then has a few lines of threads, each of which goes through the reduced axes. Where the last
axis is reduced, a block goes along it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from bpcore.program.equation import Equation, Slot
from bpcore_cupy.elements.accumulating import ARGUMENTS, REDUCTIONS, Accumulator, accumulator_of, axes_of
from bpcore_cupy.elements.apply import is_elementwise
from bpcore_cupy.elements.chains import loaded, stored_as
from bpcore_cupy.elements.finishing import Partial, finishing, room
from bpcore_cupy.elements.kernel import NAME, SCRATCH, Argument, Kernel, named
from bpcore_cupy.elements.kinds import stored
from bpcore_cupy.elements.reading import Body, Name
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.steps import operands, written
from bpcore_cupy.elements.together import brought_together
from bpcore_cupy.elements.views import View, fits
from bpcore_cupy.elements.writing import Code, Value

__all__ = ["split_kernel"]

ACROSS = 32
"""Results that a block has where the last axis stays."""
FEW, MANY = 8, 32
"""Lines of threads that go through the reduced axes; many, where each has something to do."""
SHORT = 40
"""Equations up to which a block may have as many threads as it can: more need more registers."""
ALONG = 256
ENOUGH_BLOCKS = 264
LEAST = {True: 512, False: 4096}
"""Elements of a result that are worth a part of their own: across, and along."""


@dataclass
class _Split:
    body: Body
    shape: tuple[int, ...]
    axes: tuple[int, ...]
    accumulators: dict[Slot, Accumulator]
    inputs: tuple[Name, ...]
    code: Code = field(default_factory=lambda: Code("e"))
    views: list[View] = field(default_factory=list)

    @property
    def order(self) -> list[int]:
        """The axes that stay, and then those that are reduced."""
        return [*(a for a in range(len(self.shape)) if a not in self.axes), *self.axes]

    @property
    def kept(self) -> int:
        return prod(n for a, n in enumerate(self.shape) if a not in self.axes)

    @property
    def reduced(self) -> int:
        return prod(self.shape[a] for a in self.axes)

    @property
    def across(self) -> bool:
        """Whether neighbouring threads have neighbouring results."""
        return self.kept > 1 and len(self.shape) - 1 not in self.axes

    @property
    def down(self) -> int:
        """How many lines of threads a block has."""
        small = sum(x.size for x in self.accumulators.values()) <= MANY
        many = small and self.reduced >= 4 * MANY and len(self.body.equations) <= SHORT
        return MANY if many else FEW

    @property
    def parts(self) -> int:
        """How many blocks share a result."""
        blocks = -(-self.kept // ACROSS) if self.across else self.kept
        return max(min(-(-ENOUGH_BLOCKS // blocks), -(-self.reduced // LEAST[self.across])), 1)

    def address(self, view: View) -> str:
        """Return where the element `r` of the result `k` lies."""
        self.views.append(view)
        turned, count = view.permuted(self.order), len(self.shape) - len(self.axes)
        kept = View(turned.shape[:count], turned.strides[:count])
        rest = View(turned.shape[count:], turned.strides[count:], turned.offset)
        return f"{kept.text('k')} + {rest.text('r')}"


def split_kernel(body: Body) -> Kernel:
    """Return the kernel, and its second stage where a result has several parts."""
    split = _sorted(body)
    each = _each(split)
    lines = (_across if split.across else _along)(split, each)
    partials = [Partial(y, x, split.kept, split.parts) for y, x in split.accumulators.items()]
    several = split.parts > 1
    direct = [y for y in body.outputs if not (several and y in split.accumulators)]
    lines += _ends(split, partials, several=several)
    parameters = [f"const {stored(body.kinds[x])}* a{i}" for i, x in enumerate(split.inputs)]
    parameters += [f"{stored(body.kinds[y])}* b{body.outputs.index(y)}" for y in direct]
    parameters += ["char* scratch"] if several else []
    block = ACROSS * split.down if split.across else ALONG
    wide = not fits([*split.views, *(body.view(y) for y in body.outputs)])
    text = [
        f"typedef {'unsigned long long' if wide else 'unsigned int'} bp_index;",
        f"typedef {'long long' if wide else 'int'} bp_offset;",
        f'extern "C" __global__ void __launch_bounds__({block}) {NAME}({", ".join(parameters)}) {{',
        *(f"  {line}" for line in lines),
        "}",
    ]
    name, source = named(split.code.prelude + "\n" + "\n".join(text) + "\n")
    arguments: tuple[Argument, ...] = (*split.inputs, *direct, *((SCRATCH,) if several else ()))
    blocks = -(-split.kept // ACROSS) if split.across else split.kept
    return Kernel(
        name, source, arguments, blocks * split.parts, block,
        scratch_bytes=room(partials) if several else 0,
        then=finishing(body, partials) if several else None,
    )  # fmt: skip


def _sorted(body: Body) -> _Split:
    reductions = [x for x in body.equations if x.function.name in REDUCTIONS]
    operand = reductions[0].inputs[0]
    if operand not in body.shapes:
        raise Refused("a reduction of a number")
    shape = body.shapes[operand]
    axes = axes_of(reductions[0], len(shape))
    made = {x.output for x in reductions}
    for equation in body.equations:
        _check(body, equation, shape, axes, made)
    count = prod(shape[a] for a in axes)
    accumulators = {x.output: accumulator_of(body, x, count) for x in reductions}
    read = (x for equation in body.equations for x in operands(equation))
    slots = {x.output for x in body.equations}
    inputs = tuple(dict.fromkeys(x for x in read if x not in slots))
    return _Split(body, shape, axes, accumulators, inputs)


def _check(
    body: Body, equation: Equation, shape: tuple[int, ...], axes: tuple[int, ...], made: set[Slot]
) -> None:
    """Refuse what is no chain with reductions of one kind at its end."""
    if any(x in made for x in operands(equation)):
        raise Refused("a group that goes on with a reduction over such axes")
    if equation.output not in made:
        if not is_elementwise(equation.function):
            raise Refused(f"the function {equation.function.name}")
        if body.shapes[equation.output] != shape:
            raise Refused("a group of arrays of several shapes with a reduction")
        return
    operand = equation.inputs[0]
    same = body.shapes.get(operand) == shape and axes_of(equation, len(shape)) == axes
    if not same:
        raise Refused("a group of reductions over different axes")
    if equation.function.name in ARGUMENTS and 1 < len(axes) < len(shape):
        raise Refused(f"the function {equation.function.name} over several axes")


def _each(split: _Split) -> list[str]:
    """Return the lines for the element `r` of the result `k`."""
    body, code = split.body, split.code
    values: dict[Slot, Value] = {}
    loads: dict[tuple[Name, View], Value] = {}

    def load(name: Name, shape: tuple[int, ...]) -> Value:
        view = body.view(name).broadcast(shape)
        if (name, view) not in loads:
            place = f"a{split.inputs.index(name)}[{split.address(view)}]"
            kind = body.kinds[name]
            loads[name, view] = code.let(kind, loaded(code, kind, place))
        return loads[name, view]

    written(code, body, [x for x in body.equations if x.output not in split.accumulators], values, load)
    made = {x.output: x for x in body.equations}
    for y in body.outputs:
        if y not in split.accumulators:
            text = stored_as(code, body.kinds[y], values[y].text)
            code.lines.append(f"b{body.outputs.index(y)}[{split.address(body.view(y))}] = {text};")
    for i, (y, each) in enumerate(split.accumulators.items()):
        operand = made[y].inputs[0]
        x = values[operand] if operand in values else load(operand, split.shape)
        whole = each.combined(code, f"r{i}", each.one(code, x, "r"))
        code.lines.append(f"r{i} = {whole};")
    lines = [f"  {line}" for line in code.lines]
    code.lines.clear()
    return lines


def _starts(split: _Split) -> list[str]:
    return [f"{each.type} r{i} = {each.start};" for i, each in enumerate(split.accumulators.values())]


def _bounds(split: _Split) -> tuple[str, str]:
    """Return where the part begins and where it ends."""
    size = -(-split.reduced // split.parts)
    return f"part * {size}u", f"min((part + 1u) * {size}u, (bp_index){split.reduced}u)"


def _across(split: _Split, each: list[str]) -> list[str]:
    blocks = -(-split.kept // ACROSS)
    begin, end = _bounds(split)
    code = split.code
    lines = [
        f"const bp_index part = blockIdx.x / {blocks}u, down = threadIdx.x / {ACROSS}u;",
        f"const bp_index k = blockIdx.x % {blocks}u * {ACROSS}u + threadIdx.x % {ACROSS}u;",
        *_starts(split),
        f"if (k < {split.kept}u) for (bp_index r = {begin} + down; r < {end}; r += {split.down}u) {{",
        *each,
        "}",
    ]
    for i, x in enumerate(split.accumulators.values()):
        lines.append(f"__shared__ {x.type} s{i}[{ACROSS * split.down}];")
        lines.append(f"s{i}[threadIdx.x] = r{i};")
    lines.append("__syncthreads();")
    lines.append(f"if (down != 0u || k >= {split.kept}u) return;")
    for i, x in enumerate(split.accumulators.values()):
        whole = x.combined(code, f"r{i}", f"s{i}[d * {ACROSS} + threadIdx.x]")
        lines.append(f"for (int d = 1; d < {split.down}; ++d) r{i} = {whole};")
    return lines


def _along(split: _Split, each: list[str]) -> list[str]:
    begin, end = _bounds(split)
    pairs = [(f"r{i}", x) for i, x in enumerate(split.accumulators.values())]
    return [
        f"const bp_index part = blockIdx.x / {max(split.kept, 1)}u, k = blockIdx.x % {max(split.kept, 1)}u;",
        *_starts(split),
        f"for (bp_index r = {begin} + threadIdx.x; r < {end}; r += {ALONG}u) {{",
        *each,
        "}",
        *brought_together(split.code, pairs, ALONG, "a"),
        "if (threadIdx.x != 0u) return;",
    ]


def _ends(split: _Split, partials: list[Partial], *, several: bool) -> list[str]:
    body, code = split.body, split.code
    if several:
        place = f"part * {split.kept}ull + k"
        return [x.store(partials, place, f"r{i}") for i, x in enumerate(partials)]
    for i, (y, x) in enumerate(split.accumulators.items()):
        value = x.finished(code, f"r{i}")
        text = stored_as(code, body.kinds[y], value.text)
        code.lines.append(f"b{body.outputs.index(y)}[{body.view(y).text('k')}] = {text};")
    return list(code.lines)
