"""A Program as PyTorch runs it: eagerly, in place, with the carried arrays in vectors of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from bpcore.program.equation import Slot
from bpcore_torch.lanes import Family, families
from bpcore_torch.memory import Memory, memory_of
from bpcore_torch.vectors import Vectors, laid_out
from bpcore_torch.writing import Writer

__all__ = ["compile_program"]

Run = Callable[..., Sequence[Any]]


def compile_program(program: Any, functions: Any, shared: dict[str, Any], /) -> Run:
    """Compile the Program; how is known at the first call, with the device of its arrays.

    The arrays of the first call are copied to where carried arrays lie from then on, so that the user's own
    are not written.
    """
    return _Runs(program, functions, shared)


class _Runs:
    """A Program for PyTorch, built for each device that its arrays come from."""

    def __init__(self, program: Any, functions: Any, shared: dict[str, Any]) -> None:
        self.program, self.functions, self.shared = program, functions, shared
        self.built: dict[Any, tuple[Memory, Run]] = {}

    @property
    def source(self) -> str:
        """The text for the device of the last first call.

        Before there was one, that for the device where the Program's constants lie, or else for the CPU; of
        what was made for it nothing is kept.
        """
        if self.built:
            *_, (_, replay) = self.built.values()
        else:
            with torch.no_grad():
                _, replay = _built(self.program, self.functions, {}, *self._stand_ins())
        text: str = replay.source  # type: ignore[attr-defined]
        return text

    def _stand_ins(self) -> tuple[list[Any], Any]:
        """Return arrays of the inputs' types, without values, and their device."""
        places = [x.device for x in self.program.constants.values()]
        device = (places or [torch.device("cpu")])[0]
        types = [self.program.types[slot] for slot in self.program.inputs]
        return [torch.empty(t.shape, dtype=t.dtype, device=device) for t in types], device

    def __call__(self, *inputs: Any) -> Sequence[Any]:
        """Run it."""
        with torch.no_grad():
            memory, replay = self._on(inputs[0].device if inputs else None, inputs)
            count = len(self.program.carried)
            if not count:
                return replay(*inputs)
            others = memory.apart(inputs[count:])  # before what they may be is written
            memory.take(inputs[:count])
            return replay(*others)

    def _on(self, device: Any, inputs: Sequence[Any]) -> tuple[Memory, Run]:
        if device not in self.built:
            self.built[device] = _built(self.program, self.functions, self.shared, inputs, device)
        return self.built[device]


def _built(
    program: Any, functions: Any, shared: dict[str, Any], inputs: Sequence[Any], device: Any
) -> tuple[Memory, Any]:
    count = len(program.carried)
    memory = memory_of(inputs[:count], shared)
    places = dict(zip(program.inputs[:count], memory.places, strict=True))
    groups: list[tuple[Family, Vectors]] = []
    for family in families(program):
        vectors = laid_out(program, family, memory, shared)
        if vectors is not None:
            groups.append((family, vectors))
    into = {slot: view for _, vectors in groups for slot, view in vectors.into.items()}
    skip = frozenset(e for family, _ in groups for e in family.equations)
    writer = Writer(program, functions, device, places, into, skip)
    writer.write()
    done = {y for family, _ in groups for e in family.equations for y in (e.output,)}
    ends, results = _ends(program, writer, places, done)
    for _, vectors in groups:
        writer.lines += vectors.scalars_apart(writer)
    for _, vectors in groups:
        writer.lines += vectors.lines(writer)
    lines = [*writer.lines, *ends, f"return ({''.join(f'{x}, ' for x in results)})"]
    inputs_ = ", ".join(map(repr, program.inputs[count:]))
    text = f"def program({inputs_}):\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(text, "<bpcore program>", "exec"), writer.names)  # noqa: S102 - the text is our own
    replay = writer.names["program"]
    replay.source = text
    return memory, replay


def _ends(
    program: Any, writer: Writer, places: dict[Any, Any], done: set[Slot]
) -> tuple[list[str], list[str]]:
    """Return the lines that bring carried results to their places, and what is returned.

    What may lie in kept memory is copied before any of that memory is written.
    """
    carried = {o: i for i, o in program.carried}
    ends, results = [], []
    for o, output in enumerate(program.outputs):
        own = program.inputs[carried[o]] if o in carried else None
        name = repr(output)
        if output not in done and output != own and writer.may_share(output):
            name = f"r{o}"
            writer.lines.append(f"{name} = {output!r}.clone()")
        if own is None:
            results.append(name)
            continue
        results.append(writer.bind(places[own]))
        if output not in done and output != own:
            ends.append(f"{results[-1]}.copy_({name})")
    return ends, results
