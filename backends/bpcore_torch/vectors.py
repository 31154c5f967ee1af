"""A family of lanes on vectors: a few calls for all carried arrays, in pieces that the cache holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from bpcore.program.equation import Slot
from bpcore_torch.adam import adam_of, fused_adam
from bpcore_torch.direct import FLOATS
from bpcore_torch.fusing import Line, last_reads, lines_of
from bpcore_torch.lanes import Family
from bpcore_torch.memory import Memory, Span

__all__ = ["Vectors", "laid_out"]

PIECE = 65_536
"""Elements computed at once on a CPU: PyTorch gives half of them to each of two threads."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """The vectors of a family.

    Attributes
    ----------
    family : Family
    whole : list of torch.Tensor
        For each role among what enters, a vector.
    carried : frozenset of int
        Which of them are memory of what is carried.
    into : dict of Slot to torch.Tensor
        Where in them a result that enters is wanted.
    copies : list of (torch.Tensor, Slot)
        Where in them an array is copied to, because it lies elsewhere.
    """

    family: Family
    whole: list[torch.Tensor]
    carried: frozenset[int]
    into: dict[Slot, torch.Tensor]
    copies: list[tuple[torch.Tensor, Slot]]

    def lines(self, writer: Any) -> list[str]:
        """Return the text that computes the family."""
        calls = lines_of(self.family)
        text = [f"{writer.bind(view.copy_)}({slot!r})" for view, slot in self.copies]
        adam = adam_of(calls, self.family) if self._takes_fused() else None
        if adam is not None:
            roles = [slots[0] for slots in self.family.entering]
            step = fused_adam([self.whole[roles.index(slot)] for slot in adam.slots], adam.shares)
            scalars = [writer.operand(x, like=self.whole[0].dtype) for x in adam.scalars]
            return [*text, f"{writer.bind(step)}({', '.join(scalars)})"]
        plan = _Plan(self.family, calls, self.carried)
        length = self.whole[0].numel()
        size = PIECE if self.whole[0].device.type == "cpu" else max(1, length)
        temporary = [torch.empty_like(self.whole[0][:size]) for _ in range(plan.temporaries)]
        pieces = [
            (*(x[i : i + size] for x in self.whole), *(t[: min(size, length - i)] for t in temporary))
            for i in range(0, length, size)
        ]
        names = [f"e{k}" for k in range(len(self.whole))] + [f"t{k}" for k in range(plan.temporaries)]
        body = [plan.text(writer, line, self.whole[0].dtype) for line in plan.lines]
        body += [f"{place}.copy_({name})" for place, name in plan.copies]
        if len(pieces) == 1:
            text.append(f"{', '.join(names)}, = {writer.bind(pieces[0])}")
            return text + body
        text.append(f"for {', '.join(names)}, in {writer.bind(pieces)}:")
        return text + [f"    {line}" for line in body]

    def scalars_apart(self, writer: Any) -> list[str]:
        """Return the text that copies scalars which may lie in memory that the lines of a family write."""
        text = []
        for x in dict.fromkeys(x for e in self.family.pattern for x in e.inputs if type(x) is Slot):
            carried = x in writer.program.inputs  # it is written when all is done
            if not writer.program.types[x].shape and x in writer.doubtful and not carried:
                text += writer.keep(x)
        return text

    def _takes_fused(self) -> bool:
        """Return whether PyTorch's fused optimizers may be called: on a GPU they would wait for it."""
        return all(x.device.type == "cpu" and x.dtype in FLOATS for x in self.whole)


def laid_out(program: Any, family: Family, memory: Memory, shared: dict[str, Any]) -> Vectors | None:
    """Return the vectors for a family; None where its arrays do not lie in one order in all of them."""
    numbers = {slot: k for k, slot in enumerate(program.inputs[: len(program.carried)])}
    own = [k for k, slots in enumerate(family.entering) if slots[0] in numbers]
    if any((slot in numbers) != (k in own) for k, slots in enumerate(family.entering) for slot in slots):
        return None
    spans = [
        memory.span([numbers[slot] for slot in slots]) if k in own else None
        for k, slots in enumerate(family.entering)
    ]
    first = spans[0]
    if first is None or any(spans[k] is None or spans[k].steps != first.steps for k in own):  # type: ignore[union-attr]
        return None
    whole: list[torch.Tensor] = []
    into: dict[Slot, torch.Tensor] = {}
    copies: list[tuple[torch.Tensor, Slot]] = []
    outputs = {e.output for e in program.equations}
    for k, slots in enumerate(family.entering):
        span = spans[k]
        if span is not None:
            whole.append(memory.vectors[span.kind][span.start : span.stop])
            continue
        vector = _kept(shared, first, k, memory)
        whole.append(vector)
        for slot, step, place in zip(slots, first.steps, _places(program, family), strict=True):
            view = vector[step : step + place.numel()].view(place.shape)
            if slot in outputs and slot not in into:
                into[slot] = view
            else:
                copies.append((view, slot))
    return Vectors(family, whole, frozenset(own), into, copies)


def _places(program: Any, family: Family) -> Sequence[Any]:
    return [torch.empty(program.types[slot].shape, device="meta") for slot in family.entering[0]]


def _kept(shared: dict[str, Any], span: Span, k: int, memory: Memory) -> torch.Tensor:
    vector = memory.vectors[span.kind]
    key = ("torch: what enters", id(memory), span, k)
    kept: dict[Any, torch.Tensor] = shared.setdefault("torch: vectors", {})
    if key not in kept:
        kept[key] = torch.zeros(span.stop - span.start, dtype=vector.dtype, device=vector.device)
    return kept[key]


class _Plan:
    """Where each line of a family writes: where its result is carried, or in memory that is read no more."""

    def __init__(self, family: Family, lines: list[Line], carried: frozenset[int]) -> None:
        self.lines, self.temporaries = lines, 0
        self.copies: list[tuple[str, str]] = []
        self.register: dict[Any, str] = {slots[0]: f"e{k}" for k, slots in enumerate(family.entering)}
        self.last = last_reads(lines)
        self.out: dict[Any, str] = {}
        free: list[str] = []
        for number, line in enumerate(lines):
            dying = [
                x
                for x in dict.fromkeys(line.inputs)
                if type(x) is Slot and x in self.register and self.last[x] == number
            ]
            mine = [self.register[x] for x in dying if self._is_free(x, carried)]
            k = family.leaving.get(line.output)
            old = None if k is None else family.entering[k][0]
            if k is not None and self.last.get(old, -1) <= number:
                where, spare = f"e{k}", mine
            else:
                where, *spare = [*mine, *free] or [self._new()]
                free = []
                if k is not None:
                    self.copies.append((f"e{k}", where))
                    self.last[line.output] = len(lines)
            free += [x for x in spare if x not in free]
            self.out[line.output] = self.register[line.output] = where

    def _new(self) -> str:
        self.temporaries += 1
        return f"t{self.temporaries - 1}"

    def _is_free(self, x: Any, carried: frozenset[int]) -> bool:
        """Return whether the memory of a slot is nobody's after its last reading."""
        where = self.register[x]
        return where.startswith("t") or int(where[1:]) not in carried

    def text(self, writer: Any, line: Line, dtype: Any) -> str:
        """Return a line's text."""
        inside = [type(x) is Slot and x in self.register for x in line.inputs]  # 2.0 is a key like slot 2
        named = [
            self.register[x] if here else writer.operand(x, like=dtype)
            for x, here in zip(line.inputs, inside, strict=True)
        ]
        factor = [f"{name}={value!r}" for name, value in line.factor.items()]
        arguments = ", ".join([*named, *factor, f"out={self.out[line.output]}"])
        return f"{writer.bind(line.function)}({arguments})"
