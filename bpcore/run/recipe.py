"""What a run was made of, for who makes it once more with something changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.words.protocols import Static

__all__ = ["Recipe"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Recipe:
    """What `fit` was given, beside the network and the loss.

    Attributes
    ----------
    data : pair (x, y), or a stream
        As it was given, and no copy: it stays in memory as long as the run does.
    optimizer : Optimizer or LBFGS
    epochs : int
        How many there were to be.
    options : mapping
        Of `fit`, by name: batch size, seed, validation, weights, penalty, ... Callbacks and checkpoints are
        not among them.
    """

    data: Static
    optimizer: Optimizer | LBFGS
    epochs: int
    options: Mapping[str, Static] = field(default_factory=dict)
