"""Where a number that is not finite began: one step, replayed layer by layer and function by function.

Forward through the layers and the loss, back through them, and the optimizer's update: each stage is recorded
as a Program and run equation by equation on the backend. The first stage that returns what is not finite is
walked back to the function that produced it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.gradients import grad, vjp
from bpcore.machine.step import KEY, LAYERS, Batch
from bpcore.parts.keys import fold_in, split
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.parts.penalties import Penalty
from bpcore.parts.wiring import Residual
from bpcore.program.producers import Producer, first_bad, produced
from bpcore.program.record import record
from bpcore.program.sample_axes import sample_axes
from bpcore.run.trouble.origin import Origin
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, tree_map, unflatten

__all__ = ["origin_of"]


class _Stage(NamedTuple):
    """A layer with what it is given, or an end of a residual's layers.

    `path` leads to its parameters in the tree; `around` is "from" where a way around layers begins, and
    "to" where it ends.
    """

    name: str
    layer: Layer
    params: Tree
    state: Tree
    key: Array | None
    path: str
    around: str = ""


def origin_of(
    net: Layer,
    loss: Loss,
    optimizer: Optimizer | LBFGS,
    params: Tree,
    state: Tree,
    batch: Batch,
    /,
    *,
    penalty: Penalty | None = None,
) -> Origin | None:
    """Return where the first number of a training step that is not finite comes from; None if there is none.

    Parameters
    ----------
    net : Layer
    loss : Loss
    optimizer : Optimizer or LBFGS
        The step of the latter is a search, and not looked into: its objective is.
    params, state : trees of arrays
        What the step is given, as `bpcore.make_step` takes it.
    batch : tuple of arrays
    penalty : Penalty or None

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> from bpcore.run.trouble.nonfinite import origin_of
    >>> net, params = bp.Linear(1), {"weight": np.asarray([[1e200]]), "bias": np.asarray([0.0])}
    >>> x, y, sgd = np.asarray([[1.0], [1e150]]), np.asarray([[0.0], [0.0]]), bp.SGD(0.1)
    >>> print(origin_of(net, bp.SquaredError(), sgd, params, sgd.init(params), (x, y)))
    It began in row 1 of the batch, forward in net Linear(1): matmul(1e+150, 1e+200) gave inf
    """
    return _Replay(net, loss, optimizer, penalty).origin(params, state, batch)


@dataclass(frozen=True)
class _Replay:
    net: Layer
    loss: Loss
    optimizer: Optimizer | LBFGS
    penalty: Penalty | None

    def origin(self, params: Tree, state: Tree, batch: Batch) -> Origin | None:
        try:
            self._step(params, state, batch)
        except _Found as found:
            return found.origin
        return None

    def _step(self, params: Tree, state: Tree, batch: Batch) -> None:
        x, *wanted = batch
        _look_at_data(batch)
        _look_at_params(params)
        stages = list(self._stages(params, state))
        ways: list[Array] = []
        inputs = [x]
        for stage in stages:
            inputs.append(self._made(stage, inputs[-1], ways))
        output = inputs.pop()
        name = f"the loss {type(self.loss).__name__}"
        every = range(len(batch))
        _run(name, "forward", every, self.loss, output, *wanted)
        g = _run(name, "backward", every, grad(self.loss), output, *wanted)
        grads = self._back(stages, inputs, g, params)
        if self.penalty is not None:
            grads = self._penalised(params, grads)
        if isinstance(self.optimizer, Optimizer):
            _update(self.optimizer, stages, params, grads, state)

    def _made(self, stage: _Stage, x: Array, ways: list[Array]) -> Array:
        """Return a stage's output; `ways` are the inputs of the residuals that it is in."""
        if stage.around == "from":
            ways.append(x)
            return x
        if stage.around == "to":
            return _run(stage.name, "forward", (0, 1), _sum, ways.pop(), x)
        return _run(stage.name, "forward", (1,), _forward(stage), stage.params, x)[0]

    def _stages(self, params: Tree, state: Tree) -> Iterator[_Stage]:
        layers, key = state.get(LAYERS), None
        if layers is not None:
            _, key = split(state[KEY], 2)
        yield from _flat(_Stage("net", self.net, params, layers, key, ""))

    def _back(self, stages: Sequence[_Stage], inputs: Sequence[Array], g: Array, params: Tree) -> Tree:
        """Return the gradients, like the parameters."""
        found: dict[str, Tree] = {}
        ways: list[Array] = []
        for stage, x in zip(reversed(stages), reversed(inputs), strict=True):
            if stage.around == "to":
                ways.append(g)
                continue
            if stage.around == "from":
                g = _run(stage.name, "backward", (0, 1), _sum, ways.pop(), g)
                continue
            its_grads, g = _run(stage.name, "backward", (1, 2), _backward(stage, x), stage.params, x, g)
            found |= {f"{stage.path}{path}": its for path, its in named_leaves(its_grads)}
        structure = flatten(params)[1]
        return unflatten(structure, [found[path] for path, _ in named_leaves(params)])

    def _penalised(self, params: Tree, grads: Tree) -> Tree:
        penalty, name = self.penalty, f"the penalty {type(self.penalty).__name__}"
        if penalty is None:
            return grads
        _run(name, "forward", (), penalty, params)
        more = _run(name, "backward", (), grad(penalty), params)
        return tree_map(lambda a, b: array_namespace(a).add(a, b), grads, more)


class _Found(Exception):
    """Ends a replay."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(str(origin))
        self.origin = origin


def _run(name: str, phase: str, samples: Collection[int], f: Callable[..., Tree], *args: Tree) -> Tree:
    """Return what a stage returns; raise `_Found` where that is not finite.

    `samples` says which of the arguments have samples, along their first axis.
    """
    program = record(f, *args)
    outputs, producer = produced(program, leaves(args), axes=lambda: sample_axes(program, f, args, samples))
    if producer is not None:
        raise _Found(_origin(name, phase, producer))
    return unflatten(program.structure, outputs)


def _update(optimizer: Optimizer, stages: Sequence[_Stage], params: Tree, grads: Tree, state: Tree) -> None:
    """Make the update; of the parameters that are not finite the first is told."""
    own = {name: tree for name, tree in state.items() if name not in (LAYERS, KEY)}
    program, kind = record(optimizer.update, params, grads, own), type(optimizer).__name__
    outputs, producer = produced(program, leaves((params, grads, own)))
    moved = unflatten(program.structure, outputs)[0]
    path = next((path for path, value in named_leaves(moved) if first_bad(value) is not None), None)
    if producer is not None:
        raise _Found(
            _origin(kind if path is None else f"{kind} at {_owner(stages, path)}", "update", producer)
        )


def _origin(name: str, phase: str, producer: Producer) -> Origin:
    return Origin(
        layer=name,
        phase=phase,
        function=producer.function,
        inputs=producer.inputs,
        output=producer.output,
        row=producer.row,
    )


def _sum(a: Array, b: Array) -> Array:
    return array_namespace(a).add(a, b)


def _forward(stage: _Stage) -> Callable[..., Tree]:
    def forward(params: Tree, x: Array) -> tuple[Array, Tree]:
        if stage.state is None:
            return stage.layer(params, x), {}
        return stage.layer.forward(params, stage.state, x, key=stage.key, training=True)

    return forward


def _backward(stage: _Stage, x: Array) -> Callable[..., Tree]:
    forward = _forward(stage)
    floating = array_namespace(x).isdtype(x.dtype, "real floating")

    def backward(params: Tree, x: Array, g: Array) -> tuple[Tree, Array]:
        if not leaves(params):
            return params, vjp(lambda x: forward(params, x)[0], x)[1](g)[0] if floating else g
        if not floating:
            return vjp(lambda params: forward(params, x)[0], params)[1](g)[0], g
        grads: tuple[Tree, Array] = vjp(lambda params, x: forward(params, x)[0], params, x)[1](g)
        return grads

    return backward


def _flat(stage: _Stage) -> Iterator[_Stage]:
    """Yield the layers of a chain or a residual, and of those in it, with what these give them."""
    named = stage._replace(name=f"{stage.name} {stage.layer}")
    own = type(stage.layer) not in {Chain, Residual}  # it may be made of these, and compute something else
    if own or not isinstance(stage.layer, Chain | Residual):
        yield named
        return
    if isinstance(stage.layer, Residual):
        yield named._replace(around="from")
    for index, layer in enumerate(stage.layer.layers):
        key = fold_in(stage.key, index) if layer.draws and stage.key is not None else None
        state = None if stage.state is None else stage.state[index]
        path = f"{stage.path}{index}."
        yield from _flat(_Stage(f"{stage.name}[{index}]", layer, stage.params[index], state, key, path))
    if isinstance(stage.layer, Residual):
        yield named._replace(around="to")


def _owner(stages: Sequence[_Stage], path: str) -> str:
    """Return the name of a parameter with that of its layer."""
    its = max(
        (s for s in stages if not s.around and path.startswith(s.path)),
        key=lambda s: len(s.path),
        default=None,
    )
    return path if its is None else f"{path.removeprefix(its.path)} of {its.name}"


def _look_at_data(batch: Batch) -> None:
    """Raise `_Found` where the samples themselves are not finite."""
    for name, part in zip(("x", "y", "the weights"), batch, strict=False):
        place = first_bad(part)
        if place is not None:
            row, column = divmod(place, max(1, math.prod(part.shape[1:])))
            xp = array_namespace(part)
            number = float(xp.reshape(part, (-1,))[place])
            where = f"{name} at position {column} of the sample"
            raise _Found(Origin(layer=where, phase="data", function="", inputs=(), output=number, row=row))


def _look_at_params(params: Tree) -> None:
    """Raise `_Found` where the parameters were not finite before the step."""
    for path, value in named_leaves(params):
        place = first_bad(value)
        if place is not None:
            number = float(array_namespace(value).reshape(value, (-1,))[place])
            raise _Found(
                Origin(
                    layer=f"parameter {path}", phase="data", function="", inputs=(), output=number, row=None
                )
            )
