"""A stand-in for the library, open for each test and closed with nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from bpcore_cupy.products import Handle
from tests.backends.cupy.products.interpreter import Memory
from tests.backends.cupy.products.stand_in import StandIn


@dataclass(eq=False)
class Space:
    """Memory that is freed with it."""

    ptr: int
    whole: np.ndarray


def allocate(nbytes: int) -> Any:
    """Return memory of this machine at a multiple of 256 bytes, as CuPy's allocator does."""
    whole = np.zeros(nbytes + 256, np.uint8)
    skip = -whole.ctypes.data % 256
    return Space(whole.ctypes.data + skip, whole)


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prepare also what the real library is not asked for: what a plan says holds for it, too."""
    monkeypatch.setattr("bpcore_cupy.products.handle.limit_of", lambda plan, version: "")


@pytest.fixture
def library() -> Iterator[StandIn]:
    library = StandIn(Memory())
    yield library
    assert not library.wrong
    assert not library.alive


@pytest.fixture
def handle(library: StandIn) -> Iterator[Handle]:
    with Handle(allocate, workspace_bytes=1 << 16, library=library) as handle:
        yield handle


@pytest.fixture
def listening() -> Iterator[StandIn]:
    """Give a library that computes nothing, for addresses that hold nothing."""
    library = StandIn()
    yield library
    assert not library.wrong
    assert not library.alive
