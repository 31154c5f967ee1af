"""Entry points that are not there: what a test needs to be several strangers' packages."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest

from bpcore.ground import registry

Offer = Callable[..., None]
CACHES = (registry._open, registry._plugin, registry._offers)


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Empty the registry's caches before a test and after it."""
    for cache in CACHES:
        cache.cache_clear()
    yield
    for cache in CACHES:
        cache.cache_clear()


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch, forgotten: None) -> Offer:
    """Return the function that makes entry points of (name, module, attribute's value).

    It puts a module of that name where imports look, and takes it away after the test; without a value
    there is no module.
    """
    entries: list[EntryPoint] = []
    monkeypatch.setattr(
        registry, "_entry_points", lambda group: [entry for entry in entries if entry.group == group]
    )

    def add(name: str, module: str, value: Any = None, *, group: str = "bpcore.backends") -> None:
        if value is not None:
            made = ModuleType(module)
            made.door = value  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, module, made)
        entries.append(EntryPoint(name, f"{module}:door", group))

    return add
