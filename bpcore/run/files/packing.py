"""Packing: a value of numbers, text and arrays, nested in any way, as JSON values and named arrays.

Every kind is written down, so that what comes out is what went in: a tuple is no list, and a key may be a
number. A library's number is an array of shape (); one that is a Python number too, as a float64 of NumPy, is
kept as that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Static, Tree

__all__ = ["packed", "unpacked"]

PLAIN = (bool, int, float, str, type(None))


def packed(value: Tree, arrays: dict[str, Array]) -> Static:
    """Return `value` as JSON values; its arrays go into `arrays`, under the names that stand for them.

    Raises
    ------
    OptionError
        It holds something else than numbers, text, None, arrays, dicts, lists and tuples.
    """
    if type(value) in PLAIN:
        return value
    for plain in (int, float, str):
        if isinstance(value, plain):
            return plain(value)
    if isinstance(value, dict):
        return {"dict": [[packed(key, arrays), packed(item, arrays)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [packed(item, arrays) for item in value]}
    if not hasattr(value, "dtype") or not hasattr(value, "shape"):
        wanted = "numbers, text, None, arrays, and dicts, lists and tuples of them"
        raise OptionError("what a checkpoint keeps", value, wanted)
    name = f"{len(arrays):06d}"
    arrays[name] = value
    return {"array": name}


def unpacked(value: Static, arrays: Mapping[str, Array]) -> Tree:
    """Return what was packed.

    Raises
    ------
    KeyError, TypeError, ValueError
        Nothing of the kind was.
    """
    if not isinstance(value, dict):
        if type(value) in PLAIN:
            return value
        raise TypeError(value)
    ((kind, inside),) = value.items()
    return _KINDS[kind](inside, arrays)


def _dict(pairs: Static, arrays: Mapping[str, Array]) -> Tree:
    return {unpacked(key, arrays): unpacked(item, arrays) for key, item in pairs}


def _list(items: Static, arrays: Mapping[str, Array]) -> Tree:
    return [unpacked(item, arrays) for item in items]


_KINDS: dict[str, Callable[[Static, Mapping[str, Array]], Tree]] = {
    "array": lambda name, arrays: arrays[name],
    "dict": _dict,
    "list": _list,
    "tuple": lambda items, arrays: tuple(_list(items, arrays)),
}
