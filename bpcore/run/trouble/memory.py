"""Exhausted memory, told in the words of training: the batch size, and which to try."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from bpcore.words.errors import MemoryExhausted, OutOfMemory

__all__ = ["memory_told"]

SIGNS = ("resource_exhausted", "can't allocate memory", "out of memory")
"""How libraries say it whose error is no MemoryError, JAX and PyTorch; in lower case."""

WANTED = re.compile(r"allocating ([\d,]+) bytes")
"""How CuPy says how much was wanted."""


@contextmanager
def memory_told(samples: int, batch_size: int | None, whose: str = "") -> Iterator[None]:
    """Within, an error of exhausted memory becomes an `OutOfMemory` that names the batch size to try.

    `whose` says of which samples, where it is not those that are trained on.
    """
    try:
        yield
    except OutOfMemory:
        raise
    except (MemoryError, RuntimeError) as error:
        if not _exhausted(error):
            raise
        size = samples if batch_size is None else min(batch_size, samples)
        raise OutOfMemory(size, batch_size, _lack(error), whose) from error


def _lack(error: Exception) -> str:
    """Return which bytes were wanted and free, as far as the error tells."""
    if isinstance(error, MemoryExhausted):
        return error.lack
    said = WANTED.search(str(error))
    return f"{said[1]} bytes more were wanted" if said else ""


def _exhausted(error: Exception) -> bool:
    name, said = type(error).__name__, str(error).lower()
    return isinstance(error, MemoryError) or name == "OutOfMemoryError" or any(sign in said for sign in SIGNS)
