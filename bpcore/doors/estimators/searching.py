"""The solver "lbfgs": steps on all samples at once, each of them a search along a line."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from sklearn.exceptions import ConvergenceWarning

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.parameters import Parameters
from bpcore.doors.estimators.replay import origin_of_step
from bpcore.doors.estimators.step import ALPHA, objective_of
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import LBFGS
from bpcore.run.feeding.place import Place
from bpcore.words.errors import Diverged
from bpcore.words.protocols import Array, Tree

__all__ = ["Found", "search"]

MOST = 25
"""Points that one search along a line looks at, at most."""


class Found(NamedTuple):
    """Where a search ended: the parameters, and the loss before the first step and after each."""

    params: Tree
    losses: list[float]


def search(
    parameters: Parameters, net: Layer, loss: Loss, data: Sequence[Array], params: Tree, place: Place
) -> Found:
    """Search until no number of the gradient is beyond `tol`, or `max_iter` steps are made."""
    objective = objective_of(net, loss)

    def reported(params: Tree, *given: Array) -> tuple[Array, Tree]:
        return objective(params, *given), ()

    optimizer = LBFGS(tolerance=float(parameters.tol), evaluations=min(MOST, int(parameters.max_fun)))
    stepper = optimizer.stepper(reported, compiled=bool(parameters.compiled), backend=place.backend)
    first = data[0]
    alpha = space_of(first).functions.full(
        (), float(parameters.alpha), dtype=first.dtype, device=first.device
    )
    given = (*data, alpha)
    state, losses = optimizer.init(params), [stepper.seen(params, *given)[0]]

    def check(params: Tree) -> None:
        if not math.isfinite(losses[-1]):
            origin = origin_of_step(net, loss, optimizer, params, {ALPHA: alpha}, tuple(data))
            raise Diverged(f"the loss became {losses[-1]}", max(1, len(losses) - 1), None, origin)

    check(params)
    for _ in range(int(parameters.max_iter)):
        last = params
        params, state, _ = stepper(params, state, *given)
        if params is last and not stepper.forgets:
            return Found(params, losses)
        losses.append(stepper.seen(params, *given)[0])
        check(params)
        if parameters.verbose:
            sys.stdout.write(f"Iteration {len(losses) - 1}, loss = {losses[-1]:.8f}\n")
    told = f"not converged after max_iter={parameters.max_iter} steps: raise max_iter, or tol."
    warnings.warn(told, ConvergenceWarning, stacklevel=5)
    return Found(params, losses)
