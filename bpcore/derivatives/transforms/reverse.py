"""Reverse mode: walk the tape back, each call's rules turning cotangents of outputs into those of inputs."""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.arrays.space import Space
from bpcore.derivatives.arrays.tape import Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.rules.broadcast import sum_to
from bpcore.derivatives.rules.function import ITEM
from bpcore.words.protocols import Array, Namespace

__all__ = ["as_input", "pull_back"]


def pull_back(
    tape: Tape, seeds: dict[int, Array], again: Callable[[Tape], object] | None = None
) -> list[Array | None]:
    """Return the cotangents of the tape's inputs.

    Parameters
    ----------
    tape : Tape
    seeds : dict of int to array
        The cotangents of the outputs, by slot.
    again : function, optional
        Writes what was traced on another tape: it is asked, when a rule fails, for the user's line.

    Returns
    -------
    list of array or None
        One for each input of the tape; None where no output depends on it.
    """
    space, first = tape.space, tape.inputs
    nested = tape.nested or any(type(g) is Traced for g in seeds.values())
    xp = space.traced if nested else space.functions
    cotangents: list[Array | None] = list(map(seeds.get, range(first + len(tape.calls))))
    slot = 0
    try:
        for slot in range(max(seeds, default=-1), first - 1, -1):
            g = cotangents[slot]
            if g is None:
                continue
            cotangents[slot] = None  # so that memory is free as soon as it can be
            function, slots, inputs, static, y = tape.calls[slot - first]
            backward = function.backward
            if backward is None:
                continue
            if function is ITEM:
                _put_part(cotangents, slots[0] or 0, static["index"], len(inputs[0]), g)
                continue
            if function.several:
                g = _filled(space, xp, g, y)
            for index, source in enumerate(slots):
                if source is None or (rule := backward[index]) is None:
                    continue
                dx = rule(xp, g, y, *inputs, **static)
                if dx is None:
                    continue
                x = inputs[index]
                if function.broadcasts or dx.dtype is not x.dtype:
                    dx = as_input(space, xp, dx, x)
                sofar = cotangents[source]
                cotangents[source] = dx if sofar is None else xp.add(sofar, dx)
    except Exception as error:
        from bpcore.derivatives.arrays.lines import say_where  # wanted for an error only

        say_where(error, tape, slot, again)
        raise
    return cotangents[:first]


def _put_part(cotangents: list[Array | None], source: int, index: int, count: int, g: Array) -> None:
    """Keep the cotangent of one output of several until the function itself is reached."""
    parts = cotangents[source]
    if parts is None:
        parts = cotangents[source] = [None] * count
    parts[index] = g


def _filled(
    space: Space, xp: Namespace, parts: list[Array | None], y: tuple[Array, ...]
) -> tuple[Array, ...]:
    """Return the cotangents of several outputs, zeros where none came; None for whole numbers."""
    return tuple(
        xp.zeros_like(part) if g is None and space.is_floating(part.dtype) else g
        for g, part in zip(parts, y, strict=True)
    )


def as_input(space: Space, xp: Namespace, dx: Array, x: Array) -> Array:
    """Undo broadcasting and promotion: return a cotangent of the shape and dtype of `x`."""
    if dx.shape != x.shape:
        dx = sum_to(xp, dx, x.shape)
    if dx.dtype is not x.dtype and dx.dtype != x.dtype:
        if space.is_complex(dx.dtype) and not space.is_complex(x.dtype):
            dx = xp.real(dx)
        dx = xp.astype(dx, x.dtype)
    return dx
