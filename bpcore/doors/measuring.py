"""Measuring one training step on one backend: eager and compiled in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from types import MappingProxyType

from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.machine.step import Batch, Step, make_step
from bpcore.parts.activations import Relu, Tanh
from bpcore.parts.keys import key, normal
from bpcore.parts.layers import Chain, Layer, Linear
from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy, Loss
from bpcore.parts.optimizers import SGD, Adam, Optimizer
from bpcore.program.compiled import Compiled, compile
from bpcore.program.program import Program
from bpcore.words.protocols import Tree

__all__ = ["NETS", "Measured", "Timed", "measured"]

ROUNDS = 15
SECONDS = 0.02
"""How long each round takes, about, eager or compiled."""


@dataclass(frozen=True, kw_only=True)
class Net:
    """A network to train, with the shape of its batch."""

    net: Layer
    loss: Loss
    optimizer: Optimizer
    batch: int
    features: int
    classes: int


NETS: Mapping[str, Net] = MappingProxyType(
    {
        "2-16-8-1, batch 400": Net(
            net=Chain(Linear(16), Tanh(), Linear(8), Tanh(), Linear(1)),
            loss=BinaryCrossEntropy(),
            optimizer=SGD(0.1),
            batch=400,
            features=2,
            classes=1,
        ),
        "64-128-64-10, batch 64": Net(
            net=Chain(Linear(128), Relu(), Linear(64), Relu(), Linear(10)),
            loss=CrossEntropy(),
            optimizer=Adam(0.001),
            batch=64,
            features=64,
            classes=10,
        ),
    }
)
"""A small network, where calls are the cost, and a middle one, where products begin to be."""


@dataclass(frozen=True)
class Timed:
    """Seconds of a step: the median of the rounds, and the spread of their middle half as a share of it."""

    median: float
    spread: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of one network on one backend.

    Attributes
    ----------
    net, backend, dtype : str
    eager, compiled : Timed
    first : float
        Seconds of the first call of the compiled step: recording and compiling.
    program : Program
    """

    net: str
    backend: str
    dtype: str
    eager: Timed
    compiled: Timed
    first: float
    program: Program


def measured(name: str, net: str, *, rounds: int = ROUNDS, seconds: float = SECONDS) -> Measured:
    """Train the network of that name in `NETS` in float32, eager and compiled in turn."""
    given, backend = NETS[net], find_backend(name)
    step = make_step(given.net, given.loss, given.optimizer)
    fast = compile(step, carry=2, backend=backend)
    params, state, batch = _begin(given, backend)
    program = fast.program(params, state, batch)
    fast = compile(step, carry=2, backend=backend)
    first = _Loop(fast, *_begin(given, backend), backend).run(1)
    loops = [_Loop(step, params, state, batch, backend), _Loop(fast, *_begin(given, backend), backend)]
    counts = [max(1, int(seconds / loop.run(3) * 3)) for loop in loops]
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for loop, count, taken in zip(loops, counts, times, strict=True):
            taken.append(loop.run(count) / count)
    eager, compiled = map(_timed, times)
    return Measured(
        net=net,
        backend=backend.name,
        dtype="float32",
        eager=eager,
        compiled=compiled,
        first=first,
        program=program,
    )


def _begin(given: Net, backend: Backend) -> tuple[Tree, Tree, Batch]:
    """Return parameters, optimizer state and a batch, all in float32 and the same at every call."""
    float32 = backend.dtype("float32")
    params = given.net.init(key(0, backend=backend), (given.features,), dtype=float32)
    x = normal(key(1, backend=backend), (given.batch, given.features), dtype=float32)
    labels = [i % max(given.classes, 2) for i in range(given.batch)]
    if given.classes == 1:
        y = backend.asarray([[float(label)] for label in labels], dtype=float32)
    else:
        y = backend.asarray(labels, dtype=backend.dtype("int32"))
    return params, given.optimizer.init(params), (x, y)


class _Loop:
    """A step that goes on from what it returned."""

    def __init__(
        self, step: Step | Compiled, params: Tree, state: Tree, batch: Batch, backend: Backend
    ) -> None:
        self.step: Callable[..., Tree] = step
        self.carried = (params, state)
        self.batch = batch
        self.backend = backend

    def run(self, count: int) -> float:
        """Return the seconds of that many steps."""
        params, state = self.carried
        start = perf_counter()
        for _ in range(count):
            params, state, _report = self.step(params, state, self.batch)
        self.backend.synchronize()
        taken = perf_counter() - start
        self.carried = (params, state)
        return taken


def _timed(times: list[float]) -> Timed:
    low, median, high = statistics.quantiles(times, n=4)
    return Timed(median, (high - low) / median)
