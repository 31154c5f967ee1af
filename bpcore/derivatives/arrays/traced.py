"""The traced array: an array that remembers where it came from.

It is an array to any code written to the standard: it has the standard's attributes and operators, and
answers ``__array_namespace__()`` with a namespace of ours. Nothing is differentiated here.

Its ``__array__``, and the other ways out of the standard, refuse: NumPy would take the value and the gradient
would be lost without a word.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from bpcore.derivatives.arrays.operators import Operators
from bpcore.derivatives.arrays.tape import STALE, Tape
from bpcore.words.errors import InPlace, NotDifferentiable, RecordError
from bpcore.words.protocols import Array, Dtype, Namespace, Shape

__all__ = ["Traced", "check_readable", "plain"]


INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(("float()", "int()", "complex()"), "keep the number an array, use where() for a branch"),
    "index()": "index with take(), use where() for what lies outside, bind a length as a number",
    **dict.fromkeys(
        ("a mask as an index", "nonzero()", "unique_all()"),
        "use where() and keep the shape, which would depend on values",
    ),
}
"""What to write in place of what reads a value, where that is more than a branch."""


class Traced(Operators):
    """An array with a tape and a slot on it.

    Attributes
    ----------
    tape : Tape
    slot : int
    value : array
        The value one level down: of the library, or traced by an older tape.
    """

    __slots__ = ("__weakref__", "slot", "tape", "value")
    __array_ufunc__: ClassVar[None] = None

    def __init__(self, tape: Tape, slot: int, value: Array) -> None:
        self.tape = tape
        self.slot = slot
        self.value = value

    def __repr__(self) -> str:
        return f"Traced({plain(self)!r})"

    # -- attributes ------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        """The lengths of the axes."""
        return tuple(self.value.shape)

    @property
    def dtype(self) -> Dtype:
        """The library's dtype object."""
        return self.value.dtype

    @property
    def device(self) -> object:
        """The library's device object."""
        return self.value.device

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.value.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for length in self.value.shape:
            size *= length
        return size

    @property
    def T(self) -> Array:
        """The transpose of a matrix."""
        return self._xp.permute_dims(self, (1, 0))

    @property
    def mT(self) -> Array:
        """The transpose of the last two axes."""
        return self._xp.matrix_transpose(self)

    @property
    def _xp(self) -> Namespace:
        return self.tape.space.traced

    def __getattr__(self, name: str) -> Array:
        """Say where a function is that other arrays have as a method."""
        hint = ""
        if not name.startswith("_") and hasattr(self._xp, name):
            hint = f": write xp.{name}(x), with xp = x.__array_namespace__()"
        raise AttributeError(f"a traced array has no attribute {name!r}{hint}")

    def __array_namespace__(self, *, api_version: str | None = None) -> Namespace:
        """Return the differentiable namespace over the array's library; what it makes is traced as well."""
        return self.tape.space.inside

    def to_device(self, device: object, /, *, stream: object = None) -> Array:
        """Return the array on `device`."""
        return self._xp.to_device(self, device)

    def __array_function__(self, func: object, types: object, args: object, kwargs: object) -> Array:
        """Refuse NumPy's own functions, with what to write instead."""
        name = getattr(func, "__name__", str(func))
        raise NotDifferentiable(
            f"numpy.{name} cannot follow a gradient: call {name} of the array's own namespace, "
            "xp = x.__array_namespace__(), or of bpcore.namespace(...)."
        )

    # -- reading the value -----------------------------------------------------------------------

    def read(self, reader: str) -> Array:
        """Return the value one level down, for `reader` to read it; a recording refuses."""
        if self.tape.sealed:
            if self.tape.serial == math.inf:
                raise InPlace(STALE)
            modules = (self.tape.space.backend.namespace.__name__, type(plain(self)).__module__)
            from bpcore.derivatives.arrays.lines import callers_line, shown_line  # for an error only

            where = callers_line(*(module.partition(".")[0] for module in modules))
            raise RecordError(reader, where, shown_line(where), INSTEAD.get(reader, ""))
        return self.value

    def __bool__(self) -> bool:
        return bool(self.read("bool()"))

    def _number(self, reader: str) -> Array:
        """Return the value for a Python number, which no gradient can follow."""
        innermost = type(self.value) is not Traced  # deeper ones answer for themselves
        if innermost and not self.tape.sealed and self.tape.carries_gradient(self.slot):
            raise NotDifferentiable(
                f"{reader} of a traced array would lose its gradient: keep it an array, or read "
                "xp.stop_gradient(x)."
            )
        return self.read(reader)

    def __array__(self, *args: object, **named: object) -> Array:
        """Refuse to become an array of NumPy's."""
        raise NotDifferentiable(
            "an array of NumPy's was wanted of a traced one, and its gradient would be lost: call functions "
            "of its own namespace, xp = x.__array_namespace__(), or read xp.stop_gradient(x). A list "
            "among the arguments is a tree of arrays and no array: make one of it first."
        )

    def __dlpack__(
        self,
        *,
        stream: object = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Array:
        """Refuse to be handed to another library."""
        raise NotDifferentiable(
            "a traced array cannot go to another library, where its gradient would be lost: hand over "
            "xp.stop_gradient(x)."
        )

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return the kind and number of the device."""
        device: tuple[int, int] = plain(self).__dlpack_device__()
        return device

    def __complex__(self) -> complex:
        return complex(self._number("complex()"))

    def __int__(self) -> int:
        return int(self._number("int()"))

    def __float__(self) -> float:
        return float(self._number("float()"))

    def __index__(self) -> int:
        return int(self.read("index()").__index__())

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array with no axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[i, ...] for i in range(len(self)))

    # -- indexing --------------------------------------------------------------------------------

    def __getitem__(self, key: object, /) -> Array:
        return self.tape.space.read(self, key)

    def __setitem__(self, key: object, value: object, /) -> None:
        self.tape.space.write(self, key, value)

    def _become(self, y: Array) -> Array:
        """Be `y` from here on, where the library's arrays are changed in place by operators like +=."""
        return self.tape.space.become(self, y) if hasattr(type(plain(self)), "__iadd__") else y


def plain(x: Array) -> Array:
    """Return the library's own array behind `x`, however deep it is traced."""
    while type(x) is Traced:
        x = x.value
    return x


def check_readable(inputs: Sequence[Array], reader: str) -> None:
    """Refuse to make a shape of values that are a Program's, at any depth of tracing."""
    for x in inputs:
        while type(x) is Traced:
            x.read(reader)
            x = x.value  # noqa: PLW2901
