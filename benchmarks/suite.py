"""What asv measures: gradients, training steps, the import. ``nox -s bench`` or ``asv run``."""

from __future__ import annotations

from typing import Any, ClassVar

from benchmarks.contenders import CONTENDERS, HAND
from benchmarks.networks import NETWORKS, problem
from benchmarks.peers.roster import BAR, NUMPY, preparation
from benchmarks.peers.workloads import WORKLOADS, data_of
from bpcore.words.errors import BackendError

__all__ = ["Gradient", "Training", "timeraw_import"]


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


class Training:
    """Steps of the six workloads of `benchmarks.peers`; tuned NumPy is there to divide by."""

    param_names = ("workload", "who")
    params: ClassVar[Any] = (list(WORKLOADS), [BAR, NUMPY, "bpcore numba", "bpcore eager"])
    timeout = 120.0

    def setup(self, workload: str, who: str) -> None:
        """Train for two steps: what is recorded, compiled and allocated at the first is not measured.

        Raises
        ------
        NotImplementedError
            Where the backend is not installed: asv leaves it out.
        """
        try:
            self.training = preparation(who)(WORKLOADS[workload], data_of(WORKLOADS[workload]))
            self.training.advance(2)
        except BackendError as error:
            raise NotImplementedError(str(error)) from error

    def time_step(self, workload: str, who: str) -> None:
        """One step."""
        self.training.advance(1)


def timeraw_import() -> str:
    """``import bpcore`` in a fresh Python."""
    return "import bpcore"
