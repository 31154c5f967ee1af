"""The precision of a run: looked at before the first step, and said where it is no other than float32."""

from __future__ import annotations

import warnings

from bpcore.ground.backend import Backend
from bpcore.machine.loss_scale import LossScale
from bpcore.machine.step import check_scaling
from bpcore.parts.optimizers import LBFGS
from bpcore.run.feeding.place import Place
from bpcore.words.errors import OptionError
from bpcore.words.frames import stack_level
from bpcore.words.protocols import Array

__all__ = ["check_precision", "place_for", "scaling_of"]


def check_precision(
    precision: str, loss_scale: LossScale | None, optimizer: object, dtype: str | None
) -> None:
    """Raise `OptionError` for a precision, or what is given along with it, that cannot be."""
    check_scaling(precision, loss_scale)
    if precision == "float32":
        return
    if isinstance(optimizer, LBFGS):
        do = "Its line search compares losses to their last digits."
        raise OptionError("precision", precision, '"float32" with LBFGS', do)
    if dtype not in (None, "float32"):
        do = "It is the dtype of the parameters; what layers compute in is said by the precision."
        raise OptionError("dtype", dtype, f'"float32" with precision "{precision}"', do)


def place_for(x: Array, backend: str | Backend | None, dtype: str | None, precision: str) -> Place:
    """Return where a run computes; float32 where another precision than that is asked for.

    Raises
    ------
    OptionError
        The backend has no such precision.

    Warns
    -----
    UserWarning
        It is float32 there under another name.
    """
    place = Place.of(x, backend, dtype if precision == "float32" else "float32")
    if place.backend.precision(precision).plain(place.device):
        told = f'precision "{precision}" is float32 on {place.backend.name}: it has no tensor cores.'
        warnings.warn(told, UserWarning, stacklevel=stack_level())
    return place


def scaling_of(precision: str, loss_scale: LossScale | None) -> LossScale | None:
    """Return how the loss is scaled, if it is."""
    return (loss_scale or LossScale()) if precision == "float16" else None
