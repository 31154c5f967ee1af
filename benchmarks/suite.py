"""What asv measures: gradients, a training step, the import. ``nox -s bench`` or ``asv run``."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.contenders import CONTENDERS, HAND
from benchmarks.networks import NETWORKS, problem

__all__ = ["Gradient", "Step", "timeraw_import"]


class Gradient:
    """Value and gradient of a perceptron; the hand-written one is there to divide by."""

    param_names = ("network", "how")
    params: ClassVar[Any] = (list(NETWORKS), [HAND, "bpcore", "bpcore, layers", "bpcore, compiled"])

    def setup(self, network: str, how: str) -> None:
        """Make the network, and call once: what is made at the first call is not measured."""
        self.call = CONTENDERS[how](problem(network))
        self.call()

    def time_value_and_grad(self, network: str, how: str) -> None:
        """One call."""
        self.call()


class Step:
    """One training step of Adam."""

    param_names = ("network", "how")
    params: ClassVar[Any] = (list(NETWORKS), ["eager", "compiled"])

    def setup(self, network: str, how: str) -> None:
        """Make the step, and record it if it is compiled."""
        import bpcore as bp
        from bpcore.machine.step import make_step

        (w1, _, w2, _), x, y = problem(network)
        net = bp.Chain(bp.Linear(w1.shape[1]), bp.Tanh(), bp.Linear(w2.shape[1]))
        optimizer = bp.Adam(1e-3)
        step = make_step(net, bp.SquaredError(), optimizer)
        self.step: Any = bp.compile(step) if how == "compiled" else step
        self.weights = net.init(bp.key(0), x.shape[1:])
        self.state = optimizer.init(self.weights)
        self.batch = (x, y)
        self.time_step(network, how)

    def time_step(self, network: str, how: str) -> None:
        """One step, from the last one's parameters."""
        self.weights, self.state, _ = self.step(self.weights, self.state, self.batch)


def timeraw_import() -> str:
    """``import bpcore`` in a fresh Python."""
    return "import bpcore"
