"""Which of cuBLASLt's algorithms is taken, and keeping it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Algorithm"]


@dataclass(frozen=True)
class Algorithm:
    """One configured algorithm, as it can be kept and taken again by the same version on the same device.

    Attributes
    ----------
    data : bytes
        The library's own 64 bytes.
    workspace_bytes : int
    version : int
        Of the library that made it: another version must not read it.
    waves : float
        The library's guess of how full the device is: 1 is full.
    split : int
        Into how many parts the sum over k is cut.
    """

    data: bytes
    workspace_bytes: int
    version: int
    waves: float = 0.0
    split: int = 1
