"""A chain of element-wise equations as one kernel: each thread loads, computes, and stores a few elements.

The elements are numbered through in C order, so equations of other shapes with as many elements may stand
in one chain. Where operands lie in order, a thread moves 16 bytes at a time; whether pointers are aligned
for that is looked at in the kernel, once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from bpcore.program.equation import Slot
from bpcore_cupy.elements.apply import is_elementwise
from bpcore_cupy.elements.kernel import NAME, Kernel, named
from bpcore_cupy.elements.kinds import SIZE, ctype, is_half, stored
from bpcore_cupy.elements.reading import Body, Name
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.steps import RESHAPING, written
from bpcore_cupy.elements.views import View, fits
from bpcore_cupy.elements.writing import Code, Value

__all__ = ["Chain", "chain_kernel", "loaded", "stored_as"]

WIDE = 2**17
"""Elements from which on a thread takes more than one: below it, threads are short."""
BYTES = 16
BLOCK = 256
SMALL = 128


class Load(NamedTuple):
    """An operand and the shape that it is broadcast to, as a view."""

    name: Name
    view: View


@dataclass
class Chain:
    """The body as a device function of numbers, and what it is called with."""

    body: Body
    count: int
    loads: list[Load] = field(default_factory=list)
    numbers: dict[Load, Value] = field(default_factory=dict)
    code: Code = field(default_factory=Code)
    values: dict[Slot, Value] = field(default_factory=dict)

    def load(self, name: Name, shape: tuple[int, ...]) -> Value:
        """Return the parameter of the device function that an operand comes in."""
        load = Load(name, self.body.view(name).broadcast(shape).collapsed())
        if load not in self.numbers:
            self.numbers[load] = Value(f"x{len(self.loads)}", self.body.kinds[name])
            self.loads.append(load)
        return self.numbers[load]


def chain_kernel(body: Body) -> Kernel:
    """Return the kernel of a chain."""
    counts = {prod(body.shapes[x.output]) for x in body.equations}
    if len(counts) != 1:
        raise Refused("a group of arrays with different numbers of elements")
    for each in body.equations:
        if not (is_elementwise(each.function) or each.function.name in RESHAPING):
            raise Refused(f"the function {each.function.name}")
    chain = Chain(body, counts.pop())
    written(chain.code, body, body.equations, chain.values, chain.load)
    return _kernel(chain)


def _kernel(chain: Chain) -> Kernel:
    body = chain.body
    inputs = tuple(dict.fromkeys(load.name for load in chain.loads))
    outputs = body.outputs
    targets = [body.view(name).collapsed() for name in outputs]
    wide = not fits([*(load.view for load in chain.loads), *targets])
    lanes = _lanes(chain, targets)
    block = BLOCK if chain.count >= WIDE else SMALL
    text = "\n".join(
        [
            f"typedef {'unsigned long long' if wide else 'unsigned int'} bp_index;",
            f"typedef {'long long' if wide else 'int'} bp_offset;",
            *_parts(chain, inputs, targets, lanes, block),
        ]
    )
    prelude = Code(needs=chain.code.needs)
    name, source = named(f"{prelude.prelude}\n{text}\n")
    grid = -(-chain.count // (block * lanes))
    return Kernel(name, source, (*inputs, *outputs), grid, block, shares=_shares(chain, inputs, targets))


def _parts(chain: Chain, inputs: tuple[Name, ...], targets: list[View], lanes: int, block: int) -> list[str]:
    body, code = chain.body, chain.code
    kinds = [body.kinds[load.name] for load in chain.loads]
    results = [f"{ctype(body.kinds[y])} &y{i}" for i, y in enumerate(body.outputs)]
    taken = [f"const {ctype(kind)} x{i}" for i, kind in enumerate(kinds)]
    ends = [f"  y{i} = {chain.values[y].text};" for i, y in enumerate(body.outputs)]
    device = [
        f"static __device__ __forceinline__ void bp_body({', '.join([*taken, *results])}) {{",
        *(f"  {line}" for line in code.lines),
        *ends,
        "}",
    ]
    parameters = [f"const {stored(body.kinds[name])}* a{i}" for i, name in enumerate(inputs)]
    parameters += [f"{stored(body.kinds[y])}* b{i}" for i, y in enumerate(body.outputs)]
    head = f'extern "C" __global__ void __launch_bounds__({block}) {NAME}({", ".join(parameters)}) {{'
    places = {load: f"a{inputs.index(load.name)}" for load in chain.loads}
    single = _single(chain, places, targets)
    start = f"  const bp_index first = ((bp_index)blockIdx.x * {block}u + threadIdx.x) * {lanes}u;"
    if lanes == 1:
        lines = [start, f"  if (first >= {chain.count}u) return;", "  const bp_index i = first;"]
        return [*device, head, *lines, *(f"  {line}" for line in single), "}"]
    return [
        *device,
        head,
        start,
        f"  if (first >= {chain.count}u) return;",
        *_together(chain, places, targets, lanes),
        f"  for (bp_index i = first; i < first + {lanes}u && i < {chain.count}u; ++i) {{",
        *(f"    {line}" for line in single),
        "  }",
        "}",
    ]


def loaded(code: Code, kind: str, text: str) -> str:
    """Return what a number is as it comes from memory."""
    return f"{code.need(f'bp_from_{kind}')}({text})" if is_half(kind) else text


def stored_as(code: Code, kind: str, text: str) -> str:
    """Return what a number is as it goes to memory."""
    return f"{code.need(f'bp_to_{kind}')}({text})" if is_half(kind) else text


def _single(chain: Chain, places: dict[Load, str], targets: list[View]) -> list[str]:
    """Return the lines for the one element `i`."""
    body, code = chain.body, chain.code
    lines = []
    arguments = []
    for i, load in enumerate(chain.loads):
        kind = body.kinds[load.name]
        element = f"{places[load]}[{load.view.text('i')}]"
        lines.append(f"const {ctype(kind)} x{i} = {loaded(code, kind, element)};")
        arguments.append(f"x{i}")
    lines += [f"{ctype(body.kinds[y])} y{i};" for i, y in enumerate(body.outputs)]
    arguments += [f"y{i}" for i in range(len(body.outputs))]
    lines.append(f"bp_body({', '.join(arguments)});")
    for i, (y, view) in enumerate(zip(body.outputs, targets, strict=True)):
        lines.append(f"b{i}[{view.text('i')}] = {stored_as(code, body.kinds[y], f'y{i}')};")
    return lines


def _lanes(chain: Chain, targets: list[View]) -> int:
    """Return how many elements a thread takes together."""
    body = chain.body
    if chain.count < WIDE or any(not view.is_plain for view in targets):
        return 1
    widest = max(SIZE[body.kinds[name]] for name in (*(x.name for x in chain.loads), *body.outputs))
    lanes = BYTES // widest
    inner = [load.view.shape[-1] for load in chain.loads if len(load.view.shape) > 1]
    return lanes if all(n % lanes == 0 for n in inner) else 1


def _way(view: View, lanes: int) -> str:
    """Return how an operand is loaded for elements together: as a pack, once for all, or each for itself."""
    last = view.strides[-1] if view.strides else 0
    if last == 0:
        return "once"
    aligned = view.offset % lanes == 0 and all(s % lanes == 0 for s in view.strides[:-1])
    return "pack" if last == 1 and aligned else "each"


def _together(chain: Chain, places: dict[Load, str], targets: list[View], lanes: int) -> list[str]:
    """Return the lines for the elements from `first` on, behind a look at the pointers."""
    body, code = chain.body, chain.code
    code.need("bp_pack")
    packs = [load for load in chain.loads if _way(load.view, lanes) == "pack"]
    looked = [(places[load], body.kinds[load.name]) for load in packs]
    looked += [(f"b{i}", body.kinds[y]) for i, y in enumerate(body.outputs)]
    aligned = [
        f"((unsigned long long){name} & {SIZE[kind] * lanes - 1}u) == 0u"
        for name, kind in dict(looked).items()
    ]
    lines = [f"if (first + {lanes}u <= {chain.count}u && {' && '.join(aligned)}) {{"]
    arguments = []
    for i, load in enumerate(chain.loads):
        way, kind = _way(load.view, lanes), body.kinds[load.name]
        place, address = places[load], load.view.text("first")
        if way == "pack":
            pack = f"bp_pack<{stored(kind)}, {lanes}>"
            lines.append(f"  const {pack} p{i} = *(const {pack}*)({place} + ({address}));")
            arguments.append(loaded(code, kind, f"p{i}.v[k]"))
        elif way == "once":
            lines.append(f"  const {ctype(kind)} p{i} = {loaded(code, kind, f'{place}[{address}]')};")
            arguments.append(f"p{i}")
        else:
            arguments.append(loaded(code, kind, f"{place}[{load.view.text('(first + k)')}]"))
    for i, y in enumerate(body.outputs):
        lines.append(f"  bp_pack<{stored(body.kinds[y])}, {lanes}> q{i};")
    lines += ["  #pragma unroll", f"  for (int k = 0; k < {lanes}; ++k) {{"]
    lines += [f"    {ctype(body.kinds[y])} y{i};" for i, y in enumerate(body.outputs)]
    outs = [f"y{i}" for i in range(len(body.outputs))]
    lines.append(f"    bp_body({', '.join([*arguments, *outs])});")
    for i, y in enumerate(body.outputs):
        lines.append(f"    q{i}.v[k] = {stored_as(code, body.kinds[y], f'y{i}')};")
    lines.append("  }")
    for i, y in enumerate(body.outputs):
        pack = f"bp_pack<{stored(body.kinds[y])}, {lanes}>"
        lines.append(f"  *({pack}*)(b{i} + first) = q{i};")
    return [f"  {line}" for line in [*lines, "  return;", "}"]]


def _shares(chain: Chain, inputs: tuple[Name, ...], targets: list[View]) -> tuple[tuple[int, int], ...]:
    """Return which input and which output may be one memory: those that are walked through alike."""
    body = chain.body
    found = []
    for i, name in enumerate(inputs):
        views = [load.view for load in chain.loads if load.name == name]
        for j, (y, target) in enumerate(zip(body.outputs, targets, strict=True)):
            alike = all(view == target for view in views) and SIZE[body.kinds[name]] == SIZE[body.kinds[y]]
            if alike and target.is_plain:
                found.append((i, len(inputs) + j))
    return tuple(found)
