"""The types that the floors speak in. `Any` stands here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

__all__ = ["Array", "Dtype", "Namespace", "Recorded", "Shape", "Static", "Tree"]

Array: TypeAlias = Any
"""An array of any library that speaks the standard, or a traced one."""

Namespace: TypeAlias = Any
"""A module-like object with the standard's functions."""

Dtype: TypeAlias = Any
"""A dtype object of the array's own library."""

Tree: TypeAlias = Any
"""Arrays in dicts, lists and tuples, nested as one likes."""

Static: TypeAlias = Any
"""An argument that is not an array: an axis, a shape, a dtype."""

Shape: TypeAlias = tuple[int, ...]
"""The lengths of an array's axes."""


class Recorded(Protocol):
    """What a backend's `compile` is given: a Program, seen from below."""

    def function(self, xp: Namespace) -> Callable[..., Sequence[Array]]:
        """Return the Program as a plain function over the namespace `xp`."""

    @property
    def constants(self) -> Mapping[str, Array]:
        """The arrays that the Program holds, by name."""
