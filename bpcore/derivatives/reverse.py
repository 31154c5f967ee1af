"""Reverse mode: walk the tape back, each call's rules turning cotangents of outputs into those of inputs."""

from __future__ import annotations

from bpcore.derivatives.rules.broadcast import sum_to
from bpcore.derivatives.space import Space
from bpcore.derivatives.tape import Tape
from bpcore.derivatives.traced import Traced
from bpcore.words.errors import NotDifferentiable
from bpcore.words.protocols import Array, Namespace

__all__ = ["pull_back"]


def pull_back(tape: Tape, seeds: dict[int, Array]) -> list[Array | None]:
    """Return the cotangents of the tape's inputs.

    Parameters
    ----------
    tape : Tape
    seeds : dict of int to array
        The cotangents of the outputs, by slot.

    Returns
    -------
    list of array or None
        One for each input of the tape; None where no output depends on it.
    """
    if not seeds:
        return [None] * tape.inputs
    nested = tape.nested or any(type(g) is Traced for g in seeds.values())
    xp = tape.space.traced if nested else tape.space.functions
    first = tape.inputs
    cotangents: list[Array | None] = [None] * (first + len(tape.calls))
    for slot, g in seeds.items():
        cotangents[slot] = g
    for slot in range(max(seeds), first - 1, -1):
        g = cotangents[slot]
        if g is None:
            continue
        cotangents[slot] = None  # so that memory is free as soon as it can be
        function, slots, inputs, static, y = tape.calls[slot - first]
        backward = function.backward
        if backward is None:
            continue
        for index, source in enumerate(slots):
            if source is None or (rule := backward[index]) is None:
                continue
            dx = rule(xp, g, y, *inputs, **static)
            if dx is None:
                continue
            if function.broadcasts:
                dx = _as_input(tape.space, xp, dx, inputs[index])
            sofar = cotangents[source]
            cotangents[source] = dx if sofar is None else xp.add(sofar, dx)
    return cotangents[:first]


_COMPLEX = (
    "a gradient went through complex numbers, which have no rules yet: write real and imaginary part apart."
)


def _as_input(space: Space, xp: Namespace, dx: Array, x: Array) -> Array:
    """Undo broadcasting and promotion."""
    if dx.shape != x.shape:
        dx = sum_to(xp, dx, x.shape)
    if dx.dtype is not x.dtype and dx.dtype != x.dtype:
        if space.is_real(x.dtype) and not space.is_real(dx.dtype):
            raise NotDifferentiable(_COMPLEX)
        dx = xp.astype(dx, x.dtype)
    return dx
