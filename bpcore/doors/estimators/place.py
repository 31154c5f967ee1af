"""Where an estimator computes, and how arrays come there and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.network import dtype_name
from bpcore.doors.estimators.parameters import OFFERED, Parameters
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend_of
from bpcore.run.feeding.place import Place
from bpcore.run.precision import place_for
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Array, Dtype

__all__ = ["Home", "check_same_place", "place_of", "working_dtype"]

SMALL = 2**17
"""Multiplications of a step, forwards, below which calls take its time, and not arithmetic."""


def place_of(parameters: Parameters, x: Array, sizes: Sequence[int], size: int) -> Place:
    """Return where to train with such samples, in batches of `size`.

    With dtype "auto" it is float32, and float64 where the data are not in float32, the device has it, and a
    step is so small that 64 bits cost nothing, or is one that compares losses: then rounding stays out of the
    result. With another precision than "float32" it is float32.
    """
    if parameters.precision != "float32":
        _check_there(parameters.precision, Place.of(x, parameters.backend, "float32").backend)
        return place_for(x, parameters.backend, None, parameters.precision)
    name = parameters.dtype
    if name == "auto":
        work = size * sum(inputs * outputs for inputs, outputs in pairwise(sizes))
        exact = work < SMALL or parameters.solver == "lbfgs"
        wide = dtype_name(x) != "float32" and exact
        name = "float64" if wide and Place.of(x, parameters.backend, None).backend.float64 else "float32"
    return Place.of(x, parameters.backend, name)


def _check_there(precision: str, backend: Backend) -> None:
    """Refuse a precision that the backend has not, and name those that an estimator takes there."""
    there = [word for word in OFFERED if word == "float32" or word in backend.precisions]
    if precision not in there:
        wanted = " or ".join(", ".join(there).rsplit(", ", 1))
        raise OptionError("precision", precision, f"{wanted} of an estimator with {backend.name}")


def working_dtype(x: Array, place: Place) -> Dtype:
    """Return the dtype in which predictions for `x` are computed: that of `x` where the device has it.

    For whole numbers it is that of the place, in which the weights are.
    """
    if not space_of(x).functions.isdtype(x.dtype, "real floating"):
        return place.dtype
    wide = dtype_name(x) == "float64" and place.backend.float64
    return place.backend.dtype("float64" if wide else "float32")


def check_same_place(x: Array, weight: Array, where: str) -> None:
    """Raise `DataError` when samples are not of the library and on the device that the weights are on."""
    (given, device), (wanted, own) = ((backend_of(a).library, a.device) for a in (x, weight))
    if (given, device) != (wanted, own):
        raise DataError(
            f"X of {where} must use the same namespace and the same device as those passed to fit(), "
            f"{wanted} on {own}, was given {given} on {device}: bring it there, or say "
            "backend= to have it brought."
        )


class Home(NamedTuple):
    """Where the user's arrays are: the library and the device that results come back to."""

    x: Array

    def bring(self, y: Array) -> Array:
        """Return `y` as an array beside `x`."""
        own, here = backend_of(self.x), backend_of(y)
        if own.library == here.library and getattr(self.x, "device", None) == getattr(y, "device", None):
            return y
        return own.asarray(y, device=getattr(self.x, "device", None))

    def like(self, y: Array) -> Array:
        """Return `y` beside `x`, in the dtype of `x` where that is real floating."""
        y = self.bring(y)
        xp = space_of(self.x).functions
        return xp.astype(y, self.x.dtype) if xp.isdtype(self.x.dtype, "real floating") else y
