"""The pure step: everything that a training step reads is an argument, everything that it changes a result.

No number is read from an array, nothing branches on a value, and shapes are fixed. So the same step runs
eagerly on any library, is recorded as a Program, replayed, compiled, and captured as a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.ground.precision import check_word
from bpcore.machine.loss_scale import LossScale, scale_in
from bpcore.machine.scope import within
from bpcore.parts.keys import split
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.losses import Loss
from bpcore.parts.metrics import accuracy
from bpcore.parts.narrowing import in_precision
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.parts.penalties import Penalty, check_penalty
from bpcore.parts.wiring import Residual
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Shape, Tree
from bpcore.words.trees import leaves

__all__ = [
    "KEY",
    "LAYERS",
    "Batch",
    "Step",
    "check_scaling",
    "init_step_state",
    "make_evaluation",
    "make_step",
    "penalised",
    "report_of",
]

Batch = tuple[Array, ...]
"""Samples and targets, and the samples' weights where there are some."""

Step = Callable[[Tree, Tree, Batch], tuple[Tree, Tree, dict[str, Array]]]


def make_step(
    net: Layer,
    loss: Loss,
    optimizer: Optimizer,
    *,
    penalty: Penalty | None = None,
    precision: str = "float32",
    loss_scale: LossScale | None = None,
) -> Step:
    """Return the training step ``step(params, state, batch) -> (params, state, report)``.

    Parameters
    ----------
    net : Layer
    loss : Loss
    optimizer : Optimizer
    penalty : Penalty or None
        What is added to the loss.
    precision : "float32", "tf32", "bfloat16" or "float16"
        What it computes in; parameters, loss, statistics and update are in float32 with all of them. "tf32"
        is for products on tensor cores; with the last two the layers compute in 16 bits.
    loss_scale : LossScale or None
        For "float16": how the loss is scaled; None is ``LossScale()``.

    Returns
    -------
    function
        Pure. A batch is ``(x, y)``, or ``(x, y, weights)`` with weights of shape (batch,). The report holds
        ``loss``, and ``accuracy`` where the loss is one of classes, and ``weight``, the sum of the weights
        where there are some: arrays of shape (), seen before the update. With "float16" it also holds
        ``loss_scale`` and ``skipped``, and the state must hold what ``LossScale().init(params)`` returns.

    Raises
    ------
    OptionError
        There is no such precision; the step raises it where the arrays' backend has it not, and where the
        state lacks what the network needs.

    Notes
    -----
    The state that a step starts from is ``optimizer.init(params)``, or `init_step_state` of any network:
    one that draws random numbers, as dropout, or carries something, as batch normalisation, has ``layers``
    and ``key`` in its state too.
    """
    check_penalty(penalty)
    check_scaling(precision, loss_scale)
    missing = _finder(net)
    net = in_precision(net, precision)
    scaling = (loss_scale or LossScale()) if precision == "float16" else None

    def objective(params: Tree, scale: Array | None, x: Array, *wanted: Array) -> tuple[Array, Array]:
        output = net(params, x)
        return _scaled(penalised(loss(output, *wanted), params, penalty), scale), output

    def carrying(
        params: Tree, scale: Array | None, layers: Tree, key: Array, x: Array, *wanted: Array
    ) -> tuple[Array, tuple[Array, Tree]]:
        output, layers = net.forward(params, layers, x, key=key, training=True)
        return _scaled(penalised(loss(output, *wanted), params, penalty), scale), (output, layers)

    gradient = value_and_grad(objective, has_aux=True)
    carrying_gradient = value_and_grad(carrying, has_aux=True)

    def step(params: Tree, state: Tree, batch: Batch) -> tuple[Tree, Tree, dict[str, Array]]:
        scale = None if scaling is None else scale_in(state)
        missing(params, state, batch[0])
        if LAYERS not in state:
            (value, output), grads = gradient(params, scale, *batch)
            params, state, told = _updated(optimizer, scaling, params, grads, state, {})
            return params, state, report_of(loss, _unscaled(value, scale), output, *batch[1:]) | told
        key, now = split(state[KEY], 2)
        (value, (output, layers)), grads = carrying_gradient(params, scale, state[LAYERS], now, *batch)
        params, state, told = _updated(optimizer, scaling, params, grads, state, {LAYERS: layers})
        report = report_of(loss, _unscaled(value, scale), output, *batch[1:]) | told
        return params, {**state, KEY: key}, report

    return within(step, precision)


def _finder(net: Layer) -> Callable[[Tree, Tree, Array], None]:
    """Return what raises `OptionError` for a state without what the network needs."""
    may_carry = _may_carry(net)

    def missing(params: Tree, state: Tree, x: Array) -> None:
        if KEY in state if LAYERS in state else not (net.draws or may_carry):
            return
        like = next(iter(leaves(params)), x)
        if LAYERS in state or net.draws or leaves(net.init_state(tuple(x.shape[1:]), like=like)):
            does = "draws random numbers" if net.draws else "carries something"
            wanted = f'one with "{LAYERS}" and "{KEY}", as {net} {does}'
            do = "Start from bpcore.init_step_state(net, optimizer, params, shape, key)."
            raise OptionError("state of a step", sorted(state), wanted, do)

    return missing


def _may_carry(layer: Layer) -> bool:
    """Return whether a layer makes a state of its own; of a chain, whether one of its layers does."""
    its = type(layer).init_state
    if isinstance(layer, Chain | Residual) and its in (Chain.init_state, Residual.init_state):
        return any(map(_may_carry, layer.layers))
    return its is not Layer.init_state


def check_scaling(precision: str, loss_scale: object) -> None:
    """Want a precision, and a way to scale the loss with that one alone that needs it."""
    check_word(precision)
    if loss_scale is not None and not isinstance(loss_scale, LossScale):
        raise OptionError("loss_scale", loss_scale, "None, or as bpcore.LossScale(init_scale=1024.0)")
    if loss_scale is not None and precision != "float16":
        raise OptionError("loss_scale", loss_scale, f'None with precision "{precision}", which needs none')


def _scaled(value: Array, scale: Array | None) -> Array:
    """Return a loss as it is differentiated."""
    return value if scale is None else array_namespace(value).multiply(value, scale)


def _unscaled(value: Array, scale: Array | None) -> Array:
    """Return a loss as it is reported."""
    return value if scale is None else array_namespace(value).divide(value, scale)


def _updated(
    optimizer: Optimizer, scaling: LossScale | None, params: Tree, grads: Tree, state: Tree, carried: Tree
) -> tuple[Tree, Tree, dict[str, Array]]:
    """Return parameters and state after an update, and what there is to report of its scale."""
    if scaling is not None:
        return scaling.update(optimizer, params, grads, state, carried)
    params, state = optimizer.update(params, grads, state)
    return params, {**state, **carried}, {}


LAYERS, KEY = "layers", "key"
"""Where the step's state holds what layers carry, and the key that they draw from."""


def init_step_state(
    net: Layer,
    optimizer: Optimizer | LBFGS,
    params: Tree,
    shape: Shape,
    key: Array,
    /,
    *,
    loss_scale: LossScale | None = None,
) -> Tree:
    """Return the state that a training step starts from.

    Parameters
    ----------
    net : Layer
    optimizer : Optimizer or LBFGS
    params : tree of arrays
    shape : tuple of int
        Of one sample.
    key : key
        Where layers draw from.
    loss_scale : LossScale or None
        Of a step that scales its loss.

    Returns
    -------
    dict
        The optimizer's state; of a network that carries something or draws, with ``layers`` and ``key``; of a
        scaled loss with its scale.

    Examples
    --------
    >>> import bpcore as bp
    >>> net, optimizer = bp.Chain(bp.Linear(8), bp.Dropout(0.5), bp.Linear(1)), bp.Adam(0.01)
    >>> params = net.init(bp.key(0), (3,))
    >>> sorted(bp.init_step_state(net, optimizer, params, (3,), bp.key(1)))
    ['count', 'key', 'layers', 'mean', 'rate', 'square']
    """
    state = optimizer.init(params) | ({} if loss_scale is None else loss_scale.init(params))
    layers = net.init_state(shape, like=leaves(params)[0])
    if not leaves(layers) and not net.draws:
        return state
    return {**state, LAYERS: layers, KEY: key}


def penalised(value: Array, params: Tree, penalty: Penalty | None) -> Array:
    """Return a loss with what a penalty adds to it."""
    return value if penalty is None else array_namespace(value).add(value, penalty(params))


def make_evaluation(
    net: Layer, loss: Loss, *, penalty: Penalty | None = None
) -> Callable[..., dict[str, Array]]:
    """Return ``evaluate(params, batch, layers=None) -> report``, the step without the step.

    `layers` is what the network carries; None for one that carries nothing.
    """
    check_penalty(penalty)

    def evaluate(params: Tree, batch: Batch, layers: Tree = None) -> dict[str, Array]:
        x, *wanted = batch
        output = net(params, x) if layers is None else net.forward(params, layers, x)[0]
        return report_of(loss, penalised(loss(output, *wanted), params, penalty), output, *wanted)

    return evaluate


def report_of(
    loss: Loss, value: Array, output: Array, target: Array, weights: Array | None = None
) -> dict[str, Array]:
    """Return what a step reports: the loss, and what else there is to say of an output."""
    report = {"loss": value}
    if weights is not None:
        report["weight"] = array_namespace(weights).sum(weights)
    share = accuracy(loss, output, target, weights)
    return report if share is None else {**report, "accuracy": share}
