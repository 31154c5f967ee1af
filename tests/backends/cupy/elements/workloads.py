"""Training steps whose kernels the tests look at: nets, losses, optimizers, with what they carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

import bpcore as bp
from bpcore.machine.step import init_step_state, make_step
from bpcore.program.passes import flatten_carry, optimized
from bpcore.program.program import Program
from bpcore.words.trees import leaves
from bpcore_cupy.elements import grouped, is_written_out
from tests.backends.cupy.elements.running import FUNCTIONS

__all__ = ["OPTIMIZERS", "Step", "large", "small"]

OPTIMIZERS = (
    *(bp.SGD(0.1), bp.Momentum(0.1), bp.Nesterov(0.1), bp.Adagrad(0.1), bp.RMSprop(0.01), bp.Lion(0.01)),
    *(bp.Adam(0.01), bp.AdamW(0.01), bp.Adam(0.01, clip=bp.clip_by_global_norm(1.0))),
)


class Step(NamedTuple):
    """A training step as the Program that a backend is given, its arguments, and what it computes."""

    program: Program
    args: list[Any]
    wanted: Callable[[], list[Any]]


def _step(layers: list[Any], loss: Any, optimizer: Any, batch: int, features: int, dtype: str) -> Step:
    rng = np.random.default_rng(0)
    net = bp.Chain(*layers)
    x = rng.normal(size=(batch, features)).astype(dtype)
    params = net.init(bp.key(0), (features,), dtype=np.dtype(dtype))
    width = net.output_shape((features,))[-1]
    y = rng.integers(0, width, batch) if loss.labels else rng.normal(size=(batch, width)).astype(dtype)
    step = make_step(net, loss, optimizer)
    state = init_step_state(net, optimizer, params, (features,), bp.key(1))
    program = bp.record(step, params, state, (x, y))
    carried = len(leaves(params)) + len(leaves(state))
    program = replace(program, carried=tuple((i, i) for i in range(carried)))
    program = flatten_carry(optimized(program, FUNCTIONS, inlined=is_written_out), FUNCTIONS)
    return Step(
        grouped(program), leaves((params, state, (x, y))), lambda: leaves(step(params, state, (x, y)))
    )


def small(optimizer: Any, loss: Any | None = None, dtype: str = "float64") -> Step:
    """Return a step of a net with many kinds of layers."""
    layers = [
        bp.Linear(8),
        bp.Tanh(),
        bp.LayerNorm(),
        bp.Linear(6),
        bp.Gelu(),
        bp.Dropout(0.25),
        bp.Linear(3),
    ]
    return _step(layers, loss or bp.CrossEntropy(), optimizer, 9, 6, dtype)


def large(optimizer: Any, widths: tuple[int, ...], batch: int, features: int) -> Step:
    """Return a step of a net of the sizes that are to be fast."""
    hidden = [layer for width in widths[:-1] for layer in (bp.Linear(width), bp.Relu())]
    return _step([*hidden, bp.Linear(widths[-1])], bp.CrossEntropy(), optimizer, batch, features, "float32")
