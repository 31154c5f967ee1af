"""A lowered Program as a text: what is enqueued on what, and below it the kernels."""

from __future__ import annotations

from collections.abc import Iterator

from bpcore_cupy.lowering.lowered import Lowered
from bpcore_cupy.lowering.places import Place, Role
from bpcore_cupy.lowering.steps import Launch, Multiply, Small, Step
from bpcore_cupy.products import Plan

__all__ = ["line", "listing"]


def listing(lowered: Lowered) -> str:
    """Return one line for each step, then the CUDA text of each kernel once."""
    lines = [*_memory(lowered)]
    lines += [f"{number:3}  {line(step)}" for number, step in enumerate(lowered.steps)]
    sources = {
        one.name: one.source
        for step in lowered.steps
        if isinstance(step, Launch)
        for one in step.kernel.stages
    }
    return "\n".join([*lines, "", *sources.values()]).rstrip() + "\n"


def _memory(lowered: Lowered) -> Iterator[str]:
    words = {
        Role.HOME: "carried, written in place",
        Role.TURN: "carried, to and fro between two of that size",
        Role.WORK: "used again within a step",
        Role.RESULT: "handed out",
    }
    for role, meaning in words.items():
        if lowered.sizes[role]:
            yield f"# {role.value}: {lowered.sizes[role]} bytes, {meaning}"
    yield f"# {lowered.launches} launches"


def line(step: Step) -> str:
    """Return one piece of work as one line."""
    outputs, reads = ", ".join(map(_text, step.outputs)), ", ".join(map(_text, step.reads))
    if isinstance(step, Launch):
        kernels = " then ".join(f"{one.name}<<<{one.grid}, {one.block}>>>" for one in step.kernel.stages)
        what = _product(step.plan, "float32") if isinstance(step, Small) else step.name
        return f"{outputs} = {kernels}({reads})  # {what}"
    if isinstance(step, Multiply):
        return f"{outputs} = cublasLtMatmul({reads})  # {_product(step.plan, step.plan.precision)}"
    return f"{outputs} = cupy.{step.name}({reads})"


def _product(plan: Plan, precision: str) -> str:
    """Return what is done at a product's end, and what it is made in."""
    words = ["matmul", *([] if plan.epilogue is None else [f"with {plan.epilogue}"])]
    return " ".join([*words, f"in {precision}" if plan.first.dtype == "float32" else ""]).rstrip()


def _text(place: Place) -> str:
    memory = place.memory.root
    name = f"{memory.role.value}{memory.region[1]}"
    name = memory.name if memory.role is Role.CONSTANT else name
    begin = memory.start + place.start
    at = f"+{begin}" if begin else ""
    kind = f"{place.dtype}[{', '.join(map(str, place.shape))}]"
    return f"{name}{at}:{kind}{'' if place.is_contiguous else ' strided'}"
