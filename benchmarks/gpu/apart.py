"""A part of the script in a process of its own: what breaks the device, or hangs, costs that part alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.gpu.testing import ended

__all__ = ["apart"]

SPARE = 10.0
"""Seconds between when the part should end by itself and when it is ended."""


def apart(name: str, arguments: Sequence[str], seconds: float) -> Any:
    """Return what the script finds for one part.

    Parameters
    ----------
    name : str
        The part's.
    arguments : sequence of str
        What else the script is to know.
    seconds : float
        After how many it is ended.

    Raises
    ------
    RuntimeError
        It ended before it had written anything down: with the last line that it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, said = Path(folder) / "part.json", Path(folder) / "said"
        command = [
            sys.executable, "-m", "benchmarks.gpu", "--no-apart", "--only", name, "--json", str(path),
            "--seconds", str(max(1.0, seconds - SPARE)), *arguments,
        ]  # fmt: skip
        with said.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True)
            stopped = ended(process, seconds)
        record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if name in record:
            return record[name]
        lines = [
            line for line in said.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()
        ]
        how = f"was stopped after {seconds:.0f} s" if stopped else f"ended with {process.returncode}"
        raise RuntimeError(f"{name} {how}: {lines[-1] if lines else 'without a word'}")
