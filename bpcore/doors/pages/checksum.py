"""A number by which two networks are known to have the same weights."""

from __future__ import annotations

import hashlib

from bpcore.run.result import Run
from bpcore.words.trees import named_leaves

__all__ = ["checksum"]


def checksum(run: Run) -> str:
    """Return the SHA-256 of a run's parameters: of the name, dtype, shape and numbers of each, in order."""
    found = hashlib.sha256()
    for name, array in sorted(named_leaves(run.params)):
        host = run.backend.to_host(array)
        numbers = host.astype(host.dtype.newbyteorder("<"), order="C").tobytes()
        found.update(f"{name} {host.dtype.name} {list(host.shape)}\n".encode())
        found.update(numbers)
    return found.hexdigest()
