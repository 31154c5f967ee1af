"""How each data set is trained when nothing else is said: a table, measured and then written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from bpcore.parts.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Lion,
    Momentum,
    Nesterov,
    Optimizer,
    RAdam,
    RMSprop,
)

__all__ = ["LOSSES", "OPTIMIZERS", "Recipe", "recipe_for"]

OPTIMIZERS: Mapping[str, Callable[..., Optimizer]] = MappingProxyType(
    {
        kind.__name__.lower(): kind
        for kind in (SGD, Adagrad, Adam, AdamW, Lion, Momentum, Nesterov, RAdam, RMSprop)
    }
)

LOSSES: Mapping[str, Loss] = MappingProxyType(
    {"binary": BinaryCrossEntropy(), "multiclass": CrossEntropy(), "regression": SquaredError()}
)
"""The loss of each task; networks end in logits or in quantities."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Defaults.

    Attributes
    ----------
    hidden : tuple of int
        Units of the hidden layers.
    activation, optimizer : str
    rate : float
    epochs : int
    batch_size : int or None
        None: all samples in one batch.
    validation : float
        The share of the samples that is held out; 0 for none.
    scaling : str
        As for `Preparation.measured`.
    """

    hidden: tuple[int, ...]
    activation: str
    optimizer: str
    rate: float
    epochs: int
    batch_size: int | None
    validation: float
    scaling: str


_RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "spiral": Recipe(
            hidden=(16, 8),
            activation="tanh",
            optimizer="adam",
            rate=0.02,
            epochs=500,
            batch_size=None,
            validation=0.0,
            scaling="none",
        ),
        "gates": Recipe(
            hidden=(8,),
            activation="tanh",
            optimizer="adam",
            rate=0.05,
            epochs=200,
            batch_size=None,
            validation=0.0,
            scaling="none",
        ),
        "iris": Recipe(
            hidden=(16,),
            activation="tanh",
            optimizer="adam",
            rate=0.02,
            epochs=100,
            batch_size=None,
            validation=0.3,
            scaling="each",
        ),
        "digits": Recipe(
            hidden=(128, 64),
            activation="gelu",
            optimizer="momentum",
            rate=0.05,
            epochs=30,
            batch_size=64,
            validation=0.2,
            scaling="all",
        ),
    }
)

_FILE = Recipe(
    hidden=(32, 16),
    activation="tanh",
    optimizer="adamw",
    rate=0.005,
    epochs=100,
    batch_size=32,
    validation=0.2,
    scaling="each",
)


def recipe_for(data: str) -> Recipe:
    """Return the recipe for a data set of that name, or that for files."""
    return _RECIPES.get(data, _FILE)
