"""Where a network was trained, in general words: versions, the kind of machine, the day; nobody's names."""

from __future__ import annotations

import platform
from datetime import UTC, datetime

from bpcore import __version__
from bpcore.ground.backend import Backend

__all__ = ["environment", "today"]


def environment(backend: Backend, *, dated: bool = True) -> dict[str, str]:
    """Return the names and values of what a result may depend on; no host, no user, no path.

    Not `dated` where the same result is to be the same bytes on another day.
    """
    date = {"date": today()} if dated else {}
    return {
        "bpcore": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "backend": backend.name,
        "backend version": backend.version,
        "platform": " ".join(word for word in (platform.system(), platform.machine()) if word),
    } | date


def today() -> str:
    """Return the date in UTC, as 2026-01-31."""
    return datetime.now(UTC).date().isoformat()
