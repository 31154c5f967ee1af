"""Devices without 64-bit numbers: what is refused there, and what is taken in with fewer bits."""

from __future__ import annotations

from collections.abc import Collection

from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array

__all__ = ["check_dtype", "narrowed"]

HALF = {"float64": "float32", "complex128": "complex64", "int64": "int32", "uint64": "uint32"}
"""The wide dtypes, and what stands for them where there are none."""


def check_dtype(name: str, lacking: Collection[str], where: str, do: str = "") -> None:
    """Refuse a dtype that was asked for and that the device has not.

    Parameters
    ----------
    name : str
        The dtype, as in ``"float64"``.
    lacking : collection of str
        The dtypes that the device has not.
    where, do : str
        The backend's name, and what the user can do.

    Raises
    ------
    OptionError
        When `name` is among `lacking`.
    """
    if name in lacking:
        half = HALF.get(name, "another")
        raise OptionError(f"dtype on {where}", name, "one that the device has", f"{do}Or ask for {half}.")


def narrowed(data: Array, lacking: Collection[str], where: str) -> Array:
    """Return a host array whose dtype nobody asked for in one that the device has.

    Floats are rounded, as the device's own arithmetic would. Whole numbers must fit.

    Raises
    ------
    OptionError
        When a whole number does not fit into 32 bits.
    """
    name = str(data.dtype)
    if name not in lacking or name not in HALF:
        return data
    half = data.astype(HALF[name])
    if "int" in name and (half != data).any():
        raise OptionError(f"data on {where}", name, "whole numbers that fit into 32 bits")
    return half
