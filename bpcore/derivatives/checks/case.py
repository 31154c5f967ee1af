"""A sample call of a function: pure data, that any backend can make arrays of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bpcore.derivatives.arrays.tape import Tape
from bpcore.derivatives.arrays.traced import Traced
from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.namespaces.plain import look_up
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.transforms.gradients import lowered
from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Dtype, Namespace, Shape, Static, Tree

__all__ = [
    "FILLING",
    "OWN_DEVICE",
    "Case",
    "DtypeName",
    "Sample",
    "case",
    "complexes",
    "given",
    "mask",
    "numbers",
    "places",
]


COMPLEX = {"float32": "complex64", "float64": "complex128"}
"""The complex dtype whose parts are of a real one."""


class Sample(NamedTuple):
    """What an array is made of.

    Attributes
    ----------
    data : nested lists, or one number
    dtype : str
        ``"float"`` or ``"complex"`` for the dtype that is asked for when the array is made; or the name
        of a dtype.
    """

    data: Any
    dtype: str = "float"

    @property
    def moves(self) -> bool:
        """Whether the function is differentiated by it."""
        return self.dtype in ("float", "complex")

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
    return Sample(_nested(_spread(math.prod(shape), low, high, 0.7), shape))


def complexes(
    *shape: int, low: float = -2.0, high: float = 2.0, imag: tuple[float, float] | None = None
) -> Sample:
    """Return complex numbers, the real parts as those of `numbers`, the imaginary ones in another order.

    The imaginary parts are in `imag`, which is ``(low, high)`` unless given.
    """
    real = _spread(math.prod(shape), low, high, 0.7)
    other = _spread(math.prod(shape), *(imag or (low, high)), 0.4)
    turned = other[1:] + other[:1]
    return Sample(_nested([complex(a, b) for a, b in zip(real, turned, strict=True)], shape), "complex")


def _spread(count: int, low: float, high: float, offset: float) -> list[float]:
    """Return numbers between two others; the steps from one to the next leave no order that is simple."""
    stride = next(s for s in range(max(int(0.618 * count), 1), count + 2) if math.gcd(s, count) == 1)
    return [low + (high - low) * (k * stride % count + offset) / count for k in range(count)]


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
    reads : bool
        Whether the shape of the output depends on values, where it does not for other calls of the function.
    before : function ``(xp, x)``, optional
        What is done to each array by which it is differentiated, before the call: a way to keep a matrix
        symmetric while one of its elements is moved.
    after : function ``(xp, y)``, optional
        What is compared in place of the output: a function of it that is determined where the output is not.
    """

    function: str
    inputs: tuple[Sample | Static, ...]
    static: Mapping[str, Static]
    reads: bool = False
    before: Callable[[Namespace, Array], Array] | None = None
    after: Callable[[Namespace, Any], Tree] | None = None

    def __str__(self) -> str:
        inputs = [_shown(x) if type(x) is Sample else str(x) for x in self.inputs]
        static = [f"{name}={value}" for name, value in self.static.items()]
        return f"{self.function}({', '.join([*inputs, *static])})"

    def arrays(self, asarray: Callable[[Any, str], Array], dtype: str, *, every: bool = False) -> list[Array]:
        """Return the arrays by which the case is differentiated, made with ``asarray(data, dtype)``.

        With `every`, all arrays of the case.
        """
        names = {"float": dtype, "complex": COMPLEX[dtype]}
        return [
            asarray(x.data, names.get(x.dtype, x.dtype)) for x in self.inputs if _is_given(x, every=every)
        ]

    def call(
        self, xp: Namespace, backend: Backend, asarray: Callable[[Any, str], Array], *, every: bool = False
    ) -> Callable[..., Tree]:
        """Return the case as a function of those arrays."""
        fixed = [
            asarray(x.data, x.dtype) if type(x) is Sample and not _is_given(x, every=every) else x
            for x in self.inputs
        ]
        static = {name: _looked_up(backend, value) for name, value in self.static.items()}
        in_list = self.function in TABLE and TABLE[self.function].takes_list
        function = look_up(xp, self.function)

        def called(*arrays: Array) -> Tree:
            if self.function in FILLING and arrays:
                static.setdefault("dtype", arrays[0].dtype)
                if backend.library in TAKING_NUMBERS and not any(type(x) is Traced for x in arrays):
                    return _by_tracing(called, arrays)
            moving = iter(arrays if self.before is None else [self.before(xp, x) for x in arrays])
            inputs = [next(moving) if type(x) is Sample else _looked_up(backend, x) for x in fixed]
            inputs = [arrays[0].device if x is OWN_DEVICE else x for x in inputs]
            y = function(inputs, **static) if in_list else function(*inputs, **static)
            return y if self.after is None else self.after(xp, y)

        called.__name__ = str(self)
        return called


FILLING = ("full", "full_like", "linspace")
"""Functions that are given numbers, and take arrays for the sake of their gradients."""

TAKING_NUMBERS = ("strict", "torch")
"""Libraries that take nothing else there."""


def _by_tracing(f: Callable[..., Tree], arrays: tuple[Array, ...]) -> Tree:
    """Return what `f` returns of traced arrays: the library itself takes numbers only."""
    tape = Tape(space_of(*arrays), len(arrays))
    return lowered(tape, f(*(Traced(tape, slot, x) for slot, x in enumerate(arrays))))


def _is_given(x: Sample | Static, *, every: bool) -> bool:
    return type(x) is Sample and (every or x.moves)


def case(function: str, /, *inputs: Sample | Static, **static: Static) -> Case:
    """Make a case."""
    return Case(function, inputs, static)


def _shown(x: Sample) -> str:
    return ("complex" if x.dtype == "complex" else "") + f"[{', '.join(map(str, x.shape))}]"


def _looked_up(backend: Backend, value: Static) -> Static | Dtype:
    return backend.dtype(value.name) if type(value) is DtypeName else value
