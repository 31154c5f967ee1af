"""A number by which samples are known to be those that a network was trained on."""

from __future__ import annotations

import hashlib

from bpcore.run.datasets import Dataset

__all__ = ["FINGERPRINT", "fingerprint"]

FINGERPRINT = "data_sha256"
"""Under which it is kept with a network."""


def fingerprint(*parts: Dataset | None) -> str:
    """Return the SHA-256 of prepared samples, inputs and targets, as host arrays.

    Parameters
    ----------
    *parts : Dataset or None
        As a network is given them, those trained on first, then those held out; None is passed over. The
        same file, split and prepared in the same way, gives the same number.
    """
    found = hashlib.sha256()
    for array in (array for part in parts if part is not None for array in (part.x, part.y)):
        numbers = array.astype(array.dtype.newbyteorder("<"), order="C").tobytes()
        found.update(f"{array.dtype.name} {list(array.shape)}\n".encode())
        found.update(numbers)
    return found.hexdigest()
