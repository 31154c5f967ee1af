"""Who is measured: each library's value and gradient of one network, as its own users would write it.

A contender is made for a problem and then called without arguments; it returns the loss and the gradient
by W1, b1, W2 and b2. Nothing is compiled or kept between two calls unless the name says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.networks import Problem, by_hand

__all__ = ["CONTENDERS", "HAND", "Contender", "Timed"]

Timed = Callable[[], tuple[Any, Any]]
Contender = Callable[[Problem], Timed]

HAND = "hand-written NumPy"


def _hand(problem: Problem) -> Timed:
    return lambda: by_hand(*problem)


def _squared_error(xp: Any) -> Callable[[Any, Any, Any], Any]:
    """Return the loss in functions of `xp`; ours and those of the peers who follow NumPy's names."""

    def loss(params: Any, x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = params
        h = xp.tanh(xp.matmul(x, w1) + b1)
        return xp.mean((xp.matmul(h, w2) + b2 - y) ** 2)

    return loss


def _bpcore(problem: Problem) -> Timed:
    import bpcore as bp

    both = bp.value_and_grad(_squared_error(bp.namespace("numpy")))
    return lambda: both(*problem)


def _bpcore_compiled(problem: Problem) -> Timed:
    import bpcore as bp

    both = bp.compile(bp.value_and_grad(_squared_error(bp.namespace("numpy"))))
    both(*problem)
    return lambda: both(*problem)


def _bpcore_layers(problem: Problem) -> Timed:
    import bpcore as bp

    (w1, b1, w2, b2), x, y = problem
    net = bp.Chain(bp.Linear(w1.shape[1]), bp.Tanh(), bp.Linear(w2.shape[1]))
    loss = bp.SquaredError()
    params = [{"weight": w1, "bias": b1}, {}, {"weight": w2, "bias": b2}]
    both = bp.value_and_grad(lambda params: loss(net(params, x), y))

    def call() -> tuple[Any, Any]:
        value, (first, _, last) = both(params)
        return value, (first["weight"], first["bias"], last["weight"], last["bias"])

    return call


def _autograd(problem: Problem) -> Timed:
    import autograd
    import autograd.numpy

    both = autograd.value_and_grad(_squared_error(autograd.numpy))
    return lambda: both(*problem)


def _advect(problem: Problem) -> Timed:
    import advect
    import advect.numpy

    both = advect.value_and_grad(_squared_error(advect.numpy))
    return lambda: both(*problem)


def _mygrad(problem: Problem) -> Timed:
    import mygrad

    params = tuple(mygrad.tensor(array) for array in problem.params)
    loss_of = _squared_error(mygrad)

    def call() -> tuple[Any, Any]:
        loss = loss_of(params, problem.x, problem.y)
        loss.backward()
        gradient = tuple(tensor.grad for tensor in params)
        for tensor in params:
            tensor.null_grad()
        return loss.data, gradient

    return call


CONTENDERS: dict[str, Contender] = {
    HAND: _hand,
    "bpcore": _bpcore,
    "bpcore, layers": _bpcore_layers,
    "bpcore, compiled": _bpcore_compiled,
    "MyGrad": _mygrad,
    "autograd": _autograd,
    "advect": _advect,
}
