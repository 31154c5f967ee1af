"""The step of the estimators: weighted loss and L2 penalty as scikit-learn's perceptrons scale them."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from bpcore.derivatives.namespaces.namespace import array_namespace, space_of
from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.doors.estimators.parameters import Parameters
from bpcore.machine.scope import within
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.narrowing import in_precision
from bpcore.parts.optimizers import SGD, Adam, Momentum, Nesterov, Optimizer
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import tree_map

__all__ = ["ALPHA", "objective_of", "optimizer_of", "step_of", "with_rate"]

ALPHA = "alpha"
"""Where the state holds the strength of the penalty: another one is not another compilation."""
VELOCITY = "velocity"

Objective = Callable[[Tree, Array, Array, Array, Array], Array]


def objective_of(net: Layer, loss: Loss) -> Objective:
    """Return ``objective(params, x, y, weights, alpha)``, an array of shape ().

    It is ``(sum_i w_i l_i + alpha / 2 sum W**2) / sum_i w_i``, with the sum of the squares of all weights
    that are no biases. A sample of weight 0 counts for nothing, so that short batches can be filled up.
    `loss` sums.
    """
    loss = loss.trusting()  # the labels are codes of classes

    def objective(params: Tree, x: Array, y: Array, weights: Array, alpha: Array) -> Array:
        xp = array_namespace(x)
        squares = [xp.sum(xp.square(layer["weight"])) for layer in params if layer]
        penalty = xp.multiply(reduce(xp.add, squares), xp.multiply(alpha, 0.5))
        whole = xp.sum(weights)
        whole = xp.where(xp.equal(whole, 0.0), xp.ones_like(whole), whole)
        return xp.divide(xp.add(loss(net(params, x), y, weights), penalty), whole)

    return objective


def step_of(net: Layer, loss: Loss, optimizer: Optimizer, precision: str) -> Callable[..., Tree]:
    """Return the pure step ``step(params, state, (x, y, weights)) -> (params, state, value)``."""
    gradient = value_and_grad(objective_of(in_precision(net, precision), loss))

    def step(params: Tree, state: Tree, batch: tuple[Array, Array, Array]) -> tuple[Tree, Tree, Array]:
        value, grads = gradient(params, *batch, state[ALPHA])
        params, state = optimizer.update(params, grads, state)
        return params, state, value

    return within(step, precision)


def with_rate(state: Tree, rate: float) -> Tree:
    """Return the state with another rate, at which the next step goes on as far along the old way as before.

    The velocity of scikit-learn's perceptrons holds the rates of its steps; ours is theirs over the rate, so
    that one which changes is divided out of it: the steps are theirs.
    """
    xp = space_of(state["rate"]).functions
    after = xp.full_like(state["rate"], rate)
    if VELOCITY in state:
        share = xp.divide(state["rate"], after)
        state = {**state, VELOCITY: tree_map(lambda v: xp.multiply(v, share), state[VELOCITY])}
    return {**state, "rate": after}


def optimizer_of(parameters: Parameters) -> Optimizer:
    """Return the optimizer that the parameters describe."""
    rate = float(parameters.learning_rate_init)
    if parameters.solver == "adam":
        return Adam(
            rate,
            beta1=float(parameters.beta_1),
            beta2=float(parameters.beta_2),
            epsilon=float(parameters.epsilon),
        )
    if not parameters.momentum:
        return SGD(rate)
    kind = Nesterov if parameters.nesterovs_momentum else Momentum
    return kind(rate, momentum=float(parameters.momentum))
