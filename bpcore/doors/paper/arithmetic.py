"""Arithmetics: what a term is evaluated in.

On arrays of a backend; in decimal numbers of as many digits as one likes; and as by hand, where every line is
rounded before the next one reads it.
"""

from __future__ import annotations

import math
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException
from types import MappingProxyType

from bpcore.derivatives.namespaces.namespace import device_of, space_on
from bpcore.derivatives.namespaces.plain import look_up
from bpcore.derivatives.rules import TABLE
from bpcore.doors.paper.terms import Symbol, Term, evaluated
from bpcore.ground.backend import Backend
from bpcore.words.errors import OptionError, PaperError
from bpcore.words.protocols import Array, Dtype, Static

__all__ = ["EVERYWHERE", "Arithmetic", "ByHand", "Exact", "Floats", "OnArrays", "called"]


class Arithmetic(ABC):
    """A way to compute."""

    def value(self, term: Term, values: Mapping[Symbol, Static]) -> Static:
        """Return the value of a term."""
        return self.kept(evaluated(term, values, self.apply, self.number))

    def kept(self, value: Static) -> Static:
        """Return what is written down of a result."""
        return value

    @abstractmethod
    def number(self, value: float, /) -> Static:
        """Return a number of the formula."""

    @abstractmethod
    def given(self, value: Array, /) -> Static:
        """Return a number, or an array, that was given."""

    @abstractmethod
    def apply(self, name: str, /, *inputs: Static, **static: Static) -> Static:
        """Return a function of the standard, applied."""


class OnArrays(Arithmetic):
    """The backend's own functions.

    Parameters
    ----------
    backend : Backend
    like : array or None
        What numbers are made like, where a function needs an array: its dtype, its device.
    """

    def __init__(self, backend: Backend, like: Array | None = None) -> None:
        self.space = space_on(backend)
        self.dtype: Dtype = None if like is None else like.dtype
        self.device: object = None if like is None else device_of(like)

    def array(self, value: float, /) -> Array:
        """Return a number as an array."""
        return self.space.backend.asarray(float(value), dtype=self.dtype, device=self.device)

    def number(self, value: float, /) -> Static:
        """Return the number itself: it never widens an array."""
        return value

    def given(self, value: Array, /) -> Static:
        """Return an array of the backend."""
        return self.space.backend.asarray(value)

    def apply(self, name: str, /, *inputs: Static, **static: Static) -> Static:
        """Call the backend's function."""
        if name == "literal":
            return static["value"]
        if name == EVERYWHERE:
            functions = self.space.functions
            return functions.multiply(functions.ones_like(inputs[1]), inputs[0])
        if inputs and all(type(x) is float for x in inputs):
            inputs = tuple(self.array(x) for x in inputs)
        return called(self.space.functions, name, *inputs, **static)


EVERYWHERE = "everywhere"
"""A number in every place of an array: its inputs are the number and the array."""


def called(functions: Static, name: str, /, *inputs: Static, **static: Static) -> Static:
    """Return a function of a namespace, applied; of arrays in a list where it takes one."""
    function = look_up(functions, name)
    if name in TABLE and TABLE[name].takes_list:
        return function(list(inputs), **static)
    return function(*inputs, **static)


class Floats(Arithmetic):
    """Python's own floats: fast, for trying many things."""

    def number(self, value: float, /) -> Static:
        """Return the number."""
        return float(value)

    def given(self, value: Array, /) -> Static:
        """Return the number that was given."""
        return float(value)

    def apply(self, name: str, /, *inputs: Static, **static: Static) -> Static:
        """Return a function of floats."""
        if name not in _FUNCTIONS:
            raise PaperError(f"there is no {name} of single floats", "Take arrays.")
        return _FUNCTIONS[name](FLOATS, *inputs)


class Exact(Arithmetic):
    """Decimal numbers of so many digits; what was given is taken as the decimal number that it is written as.

    Parameters
    ----------
    digits : int from 3 to 1000
    """

    GUARD = 15
    """Digits more than are asked for, lost to rounding on the way."""

    def __init__(self, digits: int) -> None:
        if type(digits) is not int or not 3 <= digits <= 1000:  # noqa: PLR2004
            raise OptionError("digits", digits, "a whole number from 3 to 1000")
        self.digits = digits
        self.context = Context(prec=digits + self.GUARD, Emin=-(10**6), Emax=10**6)

    def number(self, value: float, /) -> Static:
        """Return the decimal number that is written."""
        return Decimal(repr(float(value)))

    def given(self, value: Array, /) -> Static:
        """Return the decimal number that was given."""
        return Decimal(repr(float(value)))

    def apply(self, name: str, /, *inputs: Static, **static: Static) -> Static:
        """Return a function of decimal numbers."""
        if name not in _FUNCTIONS:
            raise PaperError(
                f"there is no {name} of decimal numbers",
                "Leave out digits and by_hand, or take another function.",
            )
        try:
            return _FUNCTIONS[name](self.context, *inputs)
        except DecimalException as error:
            raise PaperError(
                f"{name} of {', '.join(map(str, inputs))} is no finite decimal number",
                "Leave out digits and by_hand, or take more decimals.",
            ) from error


class ByHand(Exact):
    """Decimal numbers, each line rounded to so many decimals before the next one reads it, half up.

    Parameters
    ----------
    decimals : int from 0 to 100
    """

    def __init__(self, decimals: int) -> None:
        super().__init__(decimals + 20)
        self.step = Decimal(1).scaleb(-decimals)

    def kept(self, value: Static) -> Static:
        """Round."""
        return value.quantize(self.step, ROUND_HALF_UP, Context(prec=10_000, Emin=-(10**6), Emax=10**6))


class _FloatContext:
    """What a decimal context does, for floats."""

    abs = staticmethod(abs)
    add = staticmethod(operator.add)
    create_decimal = staticmethod(float)
    divide = staticmethod(operator.truediv)
    exp = staticmethod(math.exp)
    ln = staticmethod(math.log)
    log10 = staticmethod(math.log10)
    minus = staticmethod(operator.neg)
    multiply = staticmethod(operator.mul)
    power = staticmethod(math.pow)
    sqrt = staticmethod(math.sqrt)
    subtract = staticmethod(operator.sub)


FLOATS = _FloatContext()


def _expit(c: Static, x: Static) -> Static:
    one = c.create_decimal(1)
    return c.divide(one, c.add(one, c.exp(c.minus(x))))


def _tanh(c: Static, x: Static) -> Static:
    one = c.create_decimal(1)
    away = c.exp(c.minus(c.multiply(c.create_decimal(2), c.abs(x))))  # at most 1: nothing overflows
    size = c.divide(c.subtract(one, away), c.add(one, away))
    return size if x >= 0 else c.minus(size)


def _log1p(c: Static, x: Static) -> Static:
    return c.ln(c.add(c.create_decimal(1), x))


def _power(c: Static, a: Static, b: Static) -> Static:
    return c.create_decimal(1) if b == 0 else c.power(a, b)


_FUNCTIONS: Mapping[str, Callable[..., Static]] = MappingProxyType(
    {
        "abs": lambda c, x: c.abs(x),
        "add": lambda c, a, b: c.add(a, b),
        "divide": lambda c, a, b: c.divide(a, b),
        "exp": lambda c, x: c.exp(x),
        "expit": _expit,
        "expm1": lambda c, x: c.subtract(c.exp(x), c.create_decimal(1)),
        "log": lambda c, x: c.ln(x),
        "log1p": _log1p,
        "log10": lambda c, x: c.log10(x),
        "log_expit": lambda c, x: c.minus(_log1p(c, c.exp(c.minus(x)))),
        "maximum": lambda c, a, b: max(a, b),
        "minimum": lambda c, a, b: min(a, b),
        "multiply": lambda c, a, b: c.multiply(a, b),
        "negative": lambda c, x: c.minus(x),
        "pow": _power,
        "reciprocal": lambda c, x: c.divide(c.create_decimal(1), x),
        "relu": lambda c, x: max(x, c.create_decimal(0)),
        "sign": lambda c, x: c.create_decimal((x > 0) - (x < 0)),
        "softplus": lambda c, x: _log1p(c, c.exp(x)),
        "sqrt": lambda c, x: c.sqrt(x),
        "square": lambda c, x: c.multiply(x, x),
        "stop_gradient": lambda c, x: x,
        "subtract": lambda c, a, b: c.subtract(a, b),
        "tanh": _tanh,
    }
)
