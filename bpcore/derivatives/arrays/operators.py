"""The operators of an array, each of them one function of its namespace: ``x * y`` is ``multiply(x, y)``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from bpcore.words.protocols import Array, Namespace

__all__ = ["Operators"]


class Operators(ABC):
    """What an array needs besides its namespace to be used in formulas."""

    __slots__ = ()
    __hash__: ClassVar[None]  # type: ignore[assignment]

    @property
    @abstractmethod
    def _xp(self) -> Namespace:
        """The namespace whose functions the operators are."""

    @abstractmethod
    def _become(self, y: Array) -> Array:
        """Return what the array is after it was changed to `y` in place."""

    def __add__(self, other: Array, /) -> Array:
        return self._xp.add(self, other)

    def __radd__(self, other: Array, /) -> Array:
        return self._xp.add(other, self)

    def __sub__(self, other: Array, /) -> Array:
        return self._xp.subtract(self, other)

    def __rsub__(self, other: Array, /) -> Array:
        return self._xp.subtract(other, self)

    def __mul__(self, other: Array, /) -> Array:
        return self._xp.multiply(self, other)

    def __rmul__(self, other: Array, /) -> Array:
        return self._xp.multiply(other, self)

    def __truediv__(self, other: Array, /) -> Array:
        return self._xp.divide(self, other)

    def __rtruediv__(self, other: Array, /) -> Array:
        return self._xp.divide(other, self)

    def __floordiv__(self, other: Array, /) -> Array:
        return self._xp.floor_divide(self, other)

    def __rfloordiv__(self, other: Array, /) -> Array:
        return self._xp.floor_divide(other, self)

    def __mod__(self, other: Array, /) -> Array:
        return self._xp.remainder(self, other)

    def __rmod__(self, other: Array, /) -> Array:
        return self._xp.remainder(other, self)

    def __pow__(self, other: Array, /) -> Array:
        return self._xp.pow(self, other)

    def __rpow__(self, other: Array, /) -> Array:
        return self._xp.pow(other, self)

    def __matmul__(self, other: Array, /) -> Array:
        return self._xp.matmul(self, other)

    def __rmatmul__(self, other: Array, /) -> Array:
        return self._xp.matmul(other, self)

    def __and__(self, other: Array, /) -> Array:
        return self._xp.bitwise_and(self, other)

    def __rand__(self, other: Array, /) -> Array:
        return self._xp.bitwise_and(other, self)

    def __or__(self, other: Array, /) -> Array:
        return self._xp.bitwise_or(self, other)

    def __ror__(self, other: Array, /) -> Array:
        return self._xp.bitwise_or(other, self)

    def __xor__(self, other: Array, /) -> Array:
        return self._xp.bitwise_xor(self, other)

    def __rxor__(self, other: Array, /) -> Array:
        return self._xp.bitwise_xor(other, self)

    def __lshift__(self, other: Array, /) -> Array:
        return self._xp.bitwise_left_shift(self, other)

    def __rshift__(self, other: Array, /) -> Array:
        return self._xp.bitwise_right_shift(self, other)

    def __rlshift__(self, other: Array, /) -> Array:
        return self._xp.bitwise_left_shift(other, self)

    def __rrshift__(self, other: Array, /) -> Array:
        return self._xp.bitwise_right_shift(other, self)

    def __eq__(self, other: object, /) -> Array:
        return self._xp.equal(self, other)

    def __ne__(self, other: object, /) -> Array:
        return self._xp.not_equal(self, other)

    def __lt__(self, other: Array, /) -> Array:
        return self._xp.less(self, other)

    def __le__(self, other: Array, /) -> Array:
        return self._xp.less_equal(self, other)

    def __gt__(self, other: Array, /) -> Array:
        return self._xp.greater(self, other)

    def __ge__(self, other: Array, /) -> Array:
        return self._xp.greater_equal(self, other)

    def __neg__(self) -> Array:
        return self._xp.negative(self)

    def __pos__(self) -> Array:
        return self._xp.positive(self)

    def __abs__(self) -> Array:
        return self._xp.abs(self)

    def __invert__(self) -> Array:
        return self._xp.bitwise_invert(self)

    # -- in place ------------------------------------------------------------------------------------

    def __iadd__(self, other: Array, /) -> Array:
        return self._become(self._xp.add(self, other))

    def __isub__(self, other: Array, /) -> Array:
        return self._become(self._xp.subtract(self, other))

    def __imul__(self, other: Array, /) -> Array:
        return self._become(self._xp.multiply(self, other))

    def __itruediv__(self, other: Array, /) -> Array:
        return self._become(self._xp.divide(self, other))

    def __ifloordiv__(self, other: Array, /) -> Array:
        return self._become(self._xp.floor_divide(self, other))

    def __imod__(self, other: Array, /) -> Array:
        return self._become(self._xp.remainder(self, other))

    def __ipow__(self, other: Array, /) -> Array:
        return self._become(self._xp.pow(self, other))

    def __imatmul__(self, other: Array, /) -> Array:
        return self._become(self._xp.matmul(self, other))

    def __iand__(self, other: Array, /) -> Array:
        return self._become(self._xp.bitwise_and(self, other))

    def __ior__(self, other: Array, /) -> Array:
        return self._become(self._xp.bitwise_or(self, other))

    def __ixor__(self, other: Array, /) -> Array:
        return self._become(self._xp.bitwise_xor(self, other))

    def __ilshift__(self, other: Array, /) -> Array:
        return self._become(self._xp.bitwise_left_shift(self, other))

    def __irshift__(self, other: Array, /) -> Array:
        return self._become(self._xp.bitwise_right_shift(self, other))
