"""What an entry of the gallery is: a public function of a library that knows nothing of bpcore, called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bpcore.words.errors import InPlace, NotDifferentiable

__all__ = [
    "AXES",
    "COMPILED",
    "DEVICE",
    "MATRIX",
    "NUMBER",
    "NUMPY",
    "OTHER",
    "POSITIVE",
    "P_VALUE",
    "READS",
    "SHARES",
    "SQUARE",
    "TABLES",
    "VECTOR",
    "WAVE",
    "WRITES",
    "Entry",
    "Refusal",
]  # fmt: skip

AXES = ("numpy", "strict:device1")
"""Where every entry is tried."""

VECTOR = [0.31, -1.24, 0.87, 2.05, -0.46, 1.33]
OTHER = [1.2, -0.3, 0.5, 1.9, -1.1, 0.7]
POSITIVE = [0.72, 1.91, 0.44, 2.63, 1.27, 3.08]
SHARES = [0.31, 0.12, 0.22, 0.09, 0.17, 0.41]
WAVE = [0.9, -0.4, 1.7, 0.3, -1.1, 2.2, 0.6, -0.8]
MATRIX = [[0.31, -1.24, 0.87], [2.05, -0.46, 1.33], [-0.71, 0.58, 1.92], [1.16, 0.24, -1.53]]
SQUARE = [[2.1, 0.4, -0.3], [0.2, 1.7, 0.5], [-0.6, 0.1, 2.4]]


@dataclass(frozen=True)
class Refusal:
    """Why a call has no gradient, and the error that says so; on some axes only, where these are named."""

    reason: str
    error: type[Exception] | tuple[type[Exception], ...] = NotDifferentiable
    axes: tuple[str, ...] = AXES


COMPILED = Refusal("it is compiled code, which SciPy hands NumPy's arrays only")
NUMPY = Refusal(
    "it calls NumPy's own functions, whatever the array", (NotDifferentiable, TypeError, ValueError)
)
P_VALUE = Refusal("its p-value comes from compiled code, and cannot be left out")
NUMBER = Refusal("it returns a Python number, which float() made of the array")
READS = Refusal("it reads a number of the array, to choose how to compute")
WRITES = Refusal(
    "it writes into the array that it was given; pass a copy, or copy=True where it is taken", InPlace
)
TABLES = Refusal("it mixes the array with tables of NumPy's that it made itself", TypeError)
DEVICE = Refusal(
    "it makes arrays on the library's first device, with the array on another", ValueError, AXES[1:]
)


@dataclass(frozen=True, eq=False)
class Entry:
    """One public function, called unmodified.

    Attributes
    ----------
    name : str
        Where users find it, and after a blank what is special in this call.
    call : function ``(*arrays)``
        The call, to a floating array or a tree with floating arrays in it.
    inputs : tuple of lists of numbers
        What it is differentiated by and at.
    refusal : Refusal or None
        Why the call has no gradient. It must then raise: a result without a gradient is a failure.
    masked : str
        Why the gradient is NaN though the value is not. It must then be NaN, not another number.
    """

    name: str
    call: Callable[..., Any]
    inputs: tuple[Any, ...]
    refusal: Refusal | None = None
    masked: str = ""

    @property
    def library(self) -> str:
        """The package that the function is in."""
        return self.name.partition(".")[0]

    def refused(self, axis: str) -> bool:
        """Return whether the call has no gradient on an axis."""
        return self.refusal is not None and axis in self.refusal.axes
