"""The step of an estimator, compiled, and the optimizer's state that it goes on from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.network import copied
from bpcore.doors.estimators.parameters import Parameters
from bpcore.doors.estimators.step import ALPHA, optimizer_of, step_of, with_rate
from bpcore.ground.backend import Backend
from bpcore.parts.layers import Chain
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import Optimizer
from bpcore.program.compiled import compile
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import tree_map

__all__ = ["Machine", "Memory"]

Memory = tuple[Optimizer, Tree]


@dataclass(frozen=True, eq=False)
class Machine:
    """A network, its optimizer, and the step that was made of them.

    Attributes
    ----------
    net : Chain
    loss : Loss
    optimizer : Optimizer
    backend : Backend
    precision : str
    step : function ``(params, state, (x, y, weights)) -> (params, state, value)``
    """

    net: Chain
    loss: Loss
    optimizer: Optimizer
    backend: Backend
    precision: str
    step: Callable[..., Tree]

    @property
    def parts(self) -> tuple[object, ...]:
        """What it was made of."""
        return (self.net, self.loss, self.optimizer, self.backend, self.precision)

    @classmethod
    def of(cls, parameters: Parameters, net: Chain, loss: Loss, backend: Backend) -> Machine:
        """Return the estimator's machine where it is the same, else a new one."""
        parts = (net, loss, optimizer_of(parameters), backend, parameters.precision)
        old = getattr(parameters, "_machine", None)
        if old is not None and old.parts == parts:
            return old  # type: ignore[no-any-return]
        step: Callable[..., Tree] = step_of(*parts[:3], parameters.precision)
        return cls(*parts, compile(step, carry=2, backend=backend) if parameters.compiled else step)

    def state(self, parameters: Parameters, params: Tree, before: Memory | None, *, go_on: bool) -> Tree:
        """Return the state to start from: the one that was left, where the same optimizer goes on.

        Its rate is the one it had only with `go_on`.
        """
        first: Array = params[0]["weight"]
        place = {"dtype": first.dtype, "device": first.device}
        state = self.optimizer.init(params)
        if before is not None and type(before[0]) is type(self.optimizer):
            kept = tree_map(lambda x: copied(self.backend.asarray(x, **place)), before[1])
            same = go_on and before[0].rate == self.optimizer.rate
            state = kept if same else with_rate(kept, float(self.optimizer.rate))  # type: ignore[arg-type]
        xp = space_of(first).functions
        return {**state, ALPHA: xp.full((), float(parameters.alpha), **place)}

    def memory(self, state: Tree) -> Memory:
        """Return what the next training goes on from; no step overwrites it."""
        return self.optimizer, tree_map(copied, state)
