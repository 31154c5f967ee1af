"""Exhausted memory, told with the batch size and with the bytes."""

from __future__ import annotations

import pytest

from bpcore.run.trouble.memory import memory_told
from bpcore.words.errors import MemoryExhausted, OutOfMemory


def said(error: Exception, samples: int = 1000, batch_size: int | None = 128) -> str:
    with pytest.raises(OutOfMemory) as caught, memory_told(samples, batch_size):
        raise error
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_device_tells_the_bytes_that_were_wanted_and_free() -> None:
    assert said(MemoryExhausted("step", "cupy:0", 2_000_000_000, 1_000, 85_000_000_000)) == (
        "there is not enough memory for batches of 128 samples: 2,000,000,000 bytes more were wanted on "
        "cupy:0, where 1,000 of 85,000,000,000 bytes are free. Try batch_size=64, or a smaller network."
    )


def test_cupys_own_error_tells_the_bytes_that_were_wanted() -> None:
    class OutOfMemoryError(MemoryError):
        pass

    error = OutOfMemoryError("Out of memory allocating 1,048,576 bytes (allocated so far: 0 bytes).")
    assert "for batches of 128 samples: 1,048,576 bytes more were wanted. Try batch_size=64" in said(error)


def test_what_tells_no_bytes_is_told_without_them() -> None:
    assert "for all 10 samples in one batch. Try batch_size=5, or" in said(MemoryError(), 10, None)


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="else"), memory_told(10, None):
        raise RuntimeError("something else")
