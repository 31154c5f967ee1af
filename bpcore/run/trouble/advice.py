"""Advice about a run: what was seen, what to do, and from where on something is worth a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["THRESHOLDS", "Advice", "Threshold", "threshold"]


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One thing that is wrong with a run.

    Attributes
    ----------
    kind : str
        ``dead_relu``, ``saturated``, ``vanishing``, ``exploding``, ``rate``, ``target_scale``,
        ``feature_scale``, ``constant_column`` or ``leakage``.
    words : str
        What was seen, with its numbers.
    what_to_do : str
    option : str
        What would be changed: ``rate``, ``weight_init``, ``activation``, ``inputs``, ``targets`` or
        ``columns``.
    columns : tuple of int
        Of the features, where it is about some of them.
    """

    kind: str
    words: str
    what_to_do: str
    option: str
    columns: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.words}. {self.what_to_do}"


class Threshold(NamedTuple):
    """From where on something is worth a word, and why from there."""

    value: float
    why: str


THRESHOLDS: Mapping[str, Threshold] = MappingProxyType(
    {
        "dead units": Threshold(
            0.75, "chance leaves up to half of a narrow layer dead; with the rest it can learn"
        ),
        "saturated": Threshold(0.99, "there a sigmoid's slope is below 4 % of its best, a tanh's below 2 %"),
        "saturated samples": Threshold(
            0.95, "a unit that switches between its two ends still says something"
        ),
        "saturated units": Threshold(0.5, "chance leaves few there, for its weights are small"),
        "gradient ratio": Threshold(1e-3, "three digits: the first layer stands while the last one learns"),
        "weights in a row": Threshold(3, "in fewer layers gradients have no way to vanish on"),
        "spike": Threshold(0.5, "epochs of small batches rise by a few percent, a half more is no noise"),
        "spike of the start": Threshold(
            0.25, "momentum overshoots by a tenth of the first loss, and it costs nothing"
        ),
        "rising epochs": Threshold(0.3, "descent below the edge rises in none, noise in up to a third"),
        "target scale": Threshold(10.0, "biases must walk there first, at the rate that fits the weights"),
        "small targets": Threshold(0.01, "the outputs of the start are errors a hundred times the targets"),
        "feature scale": Threshold(30.0, "curvature grows with its square, the rate must shrink with that"),
        "small features": Threshold(
            0.01, "gradients of the first layer shrink with them; only if all are small"
        ),
        "correlation": Threshold(0.9999, "of measured columns, none is the target to four digits"),
        "samples looked at": Threshold(2048, "shares of units are known to a percent or two"),
    }
)
"""Each number that decides, with its reason."""


def threshold(name: str) -> float:
    """Return the number of that name."""
    return THRESHOLDS[name].value
