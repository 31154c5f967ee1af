"""Workers that stay alive, and do what a line that they are sent asks for."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.environment import ROOT

__all__ = ["Absent", "Player", "seated"]

PATIENCE = 240.0
"""Seconds until a worker that says nothing is taken for lost."""


class Absent(Exception):
    """A contender that cannot take part here."""


class Player:
    """A running worker.

    Attributes
    ----------
    report : dict
        What it said when it had begun.
    """

    def __init__(self, process: subprocess.Popen[str], said: Any) -> None:
        self.process, self.said = process, said
        self.report: dict[str, Any] = self._answer()

    def turn(self, wish: object = "") -> Any:
        """Send it a line, mostly the seconds that it should train for; return what it answers."""
        assert self.process.stdin is not None  # noqa: S101 - it was opened with a pipe
        print(wish, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None  # noqa: S101 - it was opened with a pipe
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        line = self.process.stdout.readline()
        watch.cancel()
        if line:
            return json.loads(line)
        self.process.wait()
        self.said.seek(0)
        lines = [one for one in self.said.read().splitlines() if one.strip()]
        raise Absent(lines[-1] if lines else f"it ended without a word, within {PATIENCE:g} s")


@contextmanager
def seated(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Player]:
    """Start a worker, and end it.

    Raises
    ------
    Absent
        With the last line that it said, when it ends before it reports.
    """
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            yield Player(process, said)
        finally:
            process.kill()
            process.communicate()
