"""Rates that follow the history: put into the step's state between two epochs."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.run.result import History
from bpcore.words.errors import choose
from bpcore.words.protocols import Tree

__all__ = ["Plateau", "rescheduled"]


class Plateau:
    """The rate of `ReduceOnPlateau`, which follows the history epoch by epoch, none of which it sees twice.

    Parameters
    ----------
    schedule : ReduceOnPlateau
    """

    def __init__(self, schedule: ReduceOnPlateau) -> None:
        self.schedule = schedule
        self._fall, self._seen = schedule.begin(), 0

    def rescheduled(self, state: Tree, history: History) -> Tree:
        """Return the state with the rate that follows from the history, which only ever grows.

        Raises
        ------
        OptionError
            When the history has no number of the name that is watched.
        """
        watched = self.schedule.monitor or ("validation_loss" if "validation_loss" in history else "loss")
        values = history[choose("monitor of ReduceOnPlateau", watched, history)]
        for value in values[self._seen :]:
            self._fall = self.schedule.onward(self._fall, value)
        self._seen = len(values)
        rate = state["rate"]
        return {**state, "rate": array_namespace(rate).full_like(rate, self._fall.rate)}


def rescheduled(state: Tree, schedule: ReduceOnPlateau, history: History) -> Tree:
    """Return the state with the rate that follows from a whole history: as `Plateau.rescheduled`."""
    return Plateau(schedule).rescheduled(state, history)
