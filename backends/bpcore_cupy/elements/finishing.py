"""The second stage of a reduction: what the blocks of the first left in scratch memory becomes the result."""

from __future__ import annotations

from typing import NamedTuple

from bpcore.program.equation import Slot
from bpcore_cupy.elements.accumulating import Accumulator
from bpcore_cupy.elements.chains import stored_as
from bpcore_cupy.elements.kernel import NAME, SCRATCH, Argument, Kernel, named
from bpcore_cupy.elements.kinds import stored
from bpcore_cupy.elements.reading import Body
from bpcore_cupy.elements.together import WARP, brought_together
from bpcore_cupy.elements.writing import Code

__all__ = ["Partial", "finishing", "room"]

BLOCK = 256
ALIGNED = 256


class Partial(NamedTuple):
    """A reduction that several blocks have a part of.

    Attributes
    ----------
    output : Slot
    accumulator : Accumulator
    kept : int
        Elements of the result.
    parts : int
        For each of them. They lie part after part.
    """

    output: Slot
    accumulator: Accumulator
    kept: int
    parts: int

    @property
    def bytes(self) -> int:
        """Bytes of scratch memory."""
        size = self.kept * self.parts * self.accumulator.size
        return -(-size // ALIGNED) * ALIGNED

    def pointer(self, partials: list[Partial]) -> str:
        """Return where its parts begin, as an expression."""
        before = sum(x.bytes for x in partials[: partials.index(self)])
        return f"(({self.accumulator.type}*)(scratch + {before}))"

    def store(self, partials: list[Partial], place: str, text: str) -> str:
        """Return the line that writes one part."""
        return f"{self.pointer(partials)}[{place}] = {text};"


def room(partials: list[Partial]) -> int:
    """Return how many bytes the parts take."""
    return sum(x.bytes for x in partials)


def finishing(body: Body, partials: list[Partial]) -> Kernel:
    """Return the kernel that combines the parts, in their order, and writes the results."""
    code = Code()
    kept, parts = partials[0].kept, partials[0].parts
    lanes, block = (BLOCK, BLOCK) if kept == 1 else (1, BLOCK // 2)
    first = "threadIdx.x" if kept == 1 else "0u"
    lines = [
        f"const unsigned long long k = {'0u' if kept == 1 else f'blockIdx.x * {block}ull + threadIdx.x'};",
        f"if (k >= {kept}u) return;",
    ]
    for i, x in enumerate(partials):
        each, name = x.accumulator, f"r{i}"
        part = f"{x.pointer(partials)}[p * {kept}ull + k]"
        lines += [
            f"{each.type} {name} = {each.start};",
            f"for (unsigned long long p = {first}; p < {parts}u; p += {lanes}u)",
            f"  {name} = {each.combined(code, name, part)};",
        ]
    if kept == 1:
        pairs = [(f"r{i}", x.accumulator) for i, x in enumerate(partials)]
        lines += [*brought_together(code, pairs, max(lanes, WARP), "f"), "if (threadIdx.x != 0u) return;"]
    for i, x in enumerate(partials):
        start = len(code.lines)
        value = x.accumulator.finished(code, f"r{i}")
        lines += code.lines[start:]
        place = body.view(x.output).text("k")
        lines.append(f"b{i}[{place}] = {stored_as(code, body.kinds[x.output], value.text)};")
    outputs = [f"{stored(body.kinds[x.output])}* b{i}" for i, x in enumerate(partials)]
    head = ", ".join(["const char* scratch", *outputs])
    text = [
        "typedef long long bp_offset;",
        f'extern "C" __global__ void __launch_bounds__({block}) {NAME}({head}) {{',
        *(f"  {line}" for line in lines),
        "}",
    ]
    name, source = named(code.prelude + "\n" + "\n".join(text) + "\n")
    arguments: tuple[Argument, ...] = (SCRATCH, *(x.output for x in partials))
    return Kernel(name, source, arguments, 1 if kept == 1 else -(-kept // block), block)
