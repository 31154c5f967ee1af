"""Where a figure was measured: machine, versions, commit, date. And how many threads it may use."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "circumstances", "threads", "write_record"]

ROOT = Path(__file__).parents[1]
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def threads(number: int) -> dict[str, str]:
    """Return an environment in which the libraries for products use that many threads."""
    return os.environ | dict.fromkeys(_THREADS, str(number))


def circumstances(packages: Iterable[str]) -> dict[str, Any]:
    """Return what must be known to read a figure; of the packages, those that are installed."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "--short=12", "HEAD"),
        "changed_files": len((_git("status", "--porcelain") or "").splitlines()),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "versions": {name: found for name in packages if (found := _version(name))},
    }


def write_record(path: str | None, record: dict[str, Any]) -> None:
    """Write a record as JSON, if a path is given."""
    if path:
        Path(path).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"written to {path}", file=sys.stderr)


def _git(*arguments: str) -> str | None:
    try:
        told = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
