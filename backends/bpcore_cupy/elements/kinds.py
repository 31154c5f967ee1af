"""Dtypes as CUDA C++ has them, by name: their types, their numbers, and how one becomes another."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from bpcore_cupy.elements.refusal import Refused

__all__ = ["SIZE", "common", "ctype", "is_float", "is_half", "kind_of", "literal", "stored", "unsigned"]

SIZE = {
    "bool": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "float16": 2,
    "bfloat16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "int64": 8,
    "uint64": 8,
    "float64": 8,
}
"""Bytes of an element."""

STORED = {
    "bool": "bool",
    "int8": "signed char",
    "uint8": "unsigned char",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "int",
    "uint32": "unsigned int",
    "int64": "long long",
    "uint64": "unsigned long long",
    "float32": "float",
    "float64": "double",
    "float16": "unsigned short",
    "bfloat16": "unsigned short",
}
FLOATS = ("float16", "bfloat16", "float32", "float64")
HALVES = ("float16", "bfloat16")


def kind_of(dtype: Any) -> str:
    """Return a dtype's name; refuses those that there is no type for."""
    name = str(getattr(dtype, "name", dtype)).rpartition(".")[2]
    if name not in SIZE:
        raise Refused(f"the dtype {name}")
    return name


def is_float(kind: str) -> bool:
    """Tell floats from the other dtypes."""
    return kind in FLOATS


def is_half(kind: str) -> bool:
    """Tell the floats of 16 bits, which are computed with as float32 and rounded after each function."""
    return kind in HALVES


def stored(kind: str) -> str:
    """Return the C++ type of an element in memory."""
    return STORED[kind]


def ctype(kind: str) -> str:
    """Return the C++ type of a number in a register."""
    return "float" if is_half(kind) else STORED[kind]


def unsigned(kind: str) -> str:
    """Return the C++ type in which whole numbers of a dtype wrap around."""
    return "unsigned long long" if SIZE[kind] > SIZE["int32"] else "unsigned int"


def common(kinds: list[Any]) -> str:
    """Return the dtype of several together, and of numbers, which are weak."""
    names = {x for x in kinds if isinstance(x, str)}
    if not names & {"bfloat16"}:
        return kind_of(np.result_type(*(np.dtype(x) if isinstance(x, str) else x for x in kinds)))
    rest = names - {"bfloat16"}
    wider = {x for x in rest if is_float(x)}
    return common([*wider, "float32"]) if wider else "bfloat16"


def literal(kind: str, number: float) -> str:
    """Return a number as C++ writes it, rounded to the dtype."""
    if kind == "bool":
        return "true" if number else "false"
    if not is_float(kind):
        return _whole(kind, int(number))
    value = float(number)
    if kind == "float64":
        return _special(value, "__longlong_as_double", 0x7FF0000000000000, "LL") or value.hex()
    value = _rounded(kind, value)
    return _special(value, "__int_as_float", 0x7F800000, "") or f"{value.hex()}f"


def _special(value: float, function: str, infinity: int, suffix: str) -> str | None:
    if math.isfinite(value):
        return None
    bits = infinity + (infinity & -infinity) // 2 if math.isnan(value) else infinity  # a quiet one
    text = f"{function}({bits:#x}{suffix})"
    return f"(-{text})" if value == -math.inf else text


def _rounded(kind: str, value: float) -> float:
    if not math.isfinite(value):
        return value
    if kind == "float16":
        with np.errstate(over="ignore"):
            return float(np.float16(value))
    try:
        (single,) = struct.unpack("<f", struct.pack("<f", value))
    except OverflowError:
        return math.copysign(math.inf, value)
    return _brain(single) if kind == "bfloat16" else float(single)


def _brain(single: float) -> float:
    """Return the nearest number with the upper 16 bits of a float32 alone."""
    (bits,) = struct.unpack("<I", struct.pack("<f", single))
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    return float(value)


def _whole(kind: str, number: int) -> str:
    bits = SIZE[kind] * 8
    number &= (1 << bits) - 1
    if kind.startswith("u"):
        return f"{number}{'ull' if bits > 32 else 'u'}"  # noqa: PLR2004
    number -= (1 << bits) if number >> (bits - 1) else 0
    suffix = "ll" if bits > 32 else ""  # noqa: PLR2004
    if number == -(1 << (bits - 1)):
        return f"(-{-number - 1}{suffix} - 1)"  # a literal of its size does not exist
    return f"({number}{suffix})" if number < 0 else f"{number}{suffix}"
