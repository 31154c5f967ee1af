"""Rates that follow the history: put into the step's state between two epochs."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.parts.schedules import ReduceOnPlateau
from bpcore.run.result import History
from bpcore.words.errors import choose
from bpcore.words.protocols import Tree

__all__ = ["rescheduled"]


def rescheduled(state: Tree, plateau: ReduceOnPlateau, history: History) -> Tree:
    """Return the state with the rate that follows from the history.

    Raises
    ------
    OptionError
        When the history has no number of the name that is watched.
    """
    watched = plateau.monitor or ("validation_loss" if "validation_loss" in history else "loss")
    values = history[choose("monitor of ReduceOnPlateau", watched, history)]
    rate = state["rate"]
    return {**state, "rate": array_namespace(rate).full_like(rate, plateau.after(values))}
