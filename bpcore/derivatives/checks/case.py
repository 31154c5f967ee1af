"""A sample call of a function: pure data, that any backend can make arrays of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bpcore.derivatives.rules import TABLE
from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Dtype, Namespace, Shape, Static

__all__ = ["OWN_DEVICE", "Case", "DtypeName", "Sample", "case", "given", "mask", "numbers", "places"]


class Sample(NamedTuple):
    """What an array is made of.

    Attributes
    ----------
    data : nested lists, or one number
    dtype : str
        ``"float"`` for the dtype that is asked for when the array is made; or the name of a dtype.
    """

    data: Any
    dtype: str = "float"

    @property
    def shape(self) -> Shape:
        """The lengths of the axes."""
        shape, data = [], self.data
        while isinstance(data, list):
            shape.append(len(data))
            data = data[0]
        return tuple(shape)


class DtypeName(NamedTuple):
    """The name of a dtype, that is looked up in the library."""

    name: str


class _OwnDevice:
    """Stands for the device that the first array is on."""

    def __repr__(self) -> str:
        return "own device"


OWN_DEVICE = _OwnDevice()


def numbers(*shape: int, low: float = -2.0, high: float = 2.0) -> Sample:
    """Return floats spread evenly over ``(low, high)``, in an order that is not sorted, no two alike."""
    count = math.prod(shape)
    stride = next(s for s in range(max(int(0.618 * count), 1), count + 2) if math.gcd(s, count) == 1)
    flat = [low + (high - low) * (k * stride % count + 0.7) / count for k in range(count)]
    return Sample(_nested(flat, shape))


def _nested(flat: Sequence[Any], shape: Sequence[int]) -> Any:
    if not shape:
        return flat[0]
    step = math.prod(shape[1:])
    return [_nested(flat[i * step : (i + 1) * step], shape[1:]) for i in range(shape[0])]


def given(data: Any) -> Sample:
    """Return these floats."""
    return Sample(data)


def places(*indices: int) -> Sample:
    """Return whole numbers, as an index array."""
    return Sample(list(indices), "int32")


def mask(data: Any) -> Sample:
    """Return truth values."""
    return Sample(data, "bool")


@dataclass(frozen=True)
class Case:
    """One call of one function.

    Attributes
    ----------
    function : str
    inputs : tuple
        By position: a `Sample` for an array, anything else as it is.
    static : mapping
        By keyword.
    """

    function: str
    inputs: tuple[Sample | Static, ...]
    static: Mapping[str, Static]

    def __str__(self) -> str:
        inputs = [f"[{', '.join(map(str, x.shape))}]" if type(x) is Sample else str(x) for x in self.inputs]
        static = [f"{name}={value}" for name, value in self.static.items()]
        return f"{self.function}({', '.join([*inputs, *static])})"

    def arrays(self, asarray: Callable[[Any, str], Array], dtype: str) -> list[Array]:
        """Return the arrays by which the case is differentiated, made with ``asarray(data, dtype)``."""
        return [asarray(x.data, dtype) for x in self.inputs if type(x) is Sample and x.dtype == "float"]

    def call(
        self, xp: Namespace, backend: Backend, asarray: Callable[[Any, str], Array]
    ) -> Callable[..., Array]:
        """Return the case as a function of the arrays by which it is differentiated."""
        fixed = [
            asarray(x.data, x.dtype) if type(x) is Sample and x.dtype != "float" else x for x in self.inputs
        ]
        static = {name: _looked_up(backend, value) for name, value in self.static.items()}
        in_list = TABLE[self.function].takes_list
        function = getattr(xp, self.function)

        def called(*arrays: Array) -> Array:
            moving = iter(arrays)
            inputs = [next(moving) if type(x) is Sample else _looked_up(backend, x) for x in fixed]
            inputs = [arrays[0].device if x is OWN_DEVICE else x for x in inputs]
            return function(inputs, **static) if in_list else function(*inputs, **static)

        called.__name__ = str(self)
        return called


def case(function: str, /, *inputs: Sample | Static, **static: Static) -> Case:
    """Make a case."""
    return Case(function, inputs, static)


def _looked_up(backend: Backend, value: Static) -> Static | Dtype:
    return backend.dtype(value.name) if type(value) is DtypeName else value
