"""Sizes that layers are given: whole numbers, one for all axes or one for each."""

from __future__ import annotations

from collections.abc import Sequence

from bpcore.words.errors import OptionError
from bpcore.words.protocols import Shape

__all__ = ["check_size", "each_axis"]


def check_size(option: str, size: object, *, optional: bool = False) -> None:
    """Want a whole number, 1 or more; with `optional` None will do."""
    if size is None and optional:
        return
    if type(size) is not int or size < 1:
        raise OptionError(option, size, "a whole number, 1 or more")


def each_axis(option: str, given: int | Sequence[int], axes: int) -> Shape:
    """Return one number for each of the axes, of one for all or one for each."""
    found = (given,) * axes if type(given) is int else given
    fits = isinstance(found, tuple | list) and len(found) == axes
    if not fits or any(type(n) is not int or n < 1 for n in found):  # type: ignore[union-attr]
        many = f", or {axes} of them" if axes > 1 else ""
        raise OptionError(option, given, f"a whole number, 1 or more{many}")
    return tuple(found)  # type: ignore[arg-type]
