"""Workers that stay alive, and do what a line that they are sent asks for."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
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

    def __init__(
        self, process: subprocess.Popen[str], said: Any, patience: Callable[[], float] = lambda: PATIENCE
    ) -> None:
        self.process, self.said, self.patience = process, said, patience
        self.report: dict[str, Any] = self._answer()

    def turn(self, wish: object = "") -> Any:
        """Send it a line, mostly the seconds that it should train for; return what it answers.

        Raises
        ------
        Absent
            It has ended, or says nothing for too long.
        """
        assert self.process.stdin is not None  # noqa: S101 - it was opened with a pipe
        with suppress(BrokenPipeError):  # it has ended: what it said last is the reason
            print(wish, file=self.process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None  # noqa: S101 - it was opened with a pipe
        seconds = self.patience()
        watch = threading.Timer(seconds, self.process.kill)
        watch.start()
        line = self.process.stdout.readline()
        tired = not watch.is_alive()
        watch.cancel()
        if line:
            return json.loads(line)
        self.process.wait()
        self.said.seek(0)
        lines = [one for one in self.said.read().splitlines() if one.strip()]
        words = f"; the last it said: {lines[-1]}" if lines else ""
        if tired:
            raise Absent(f"it said nothing for {seconds:.3g} s{words}")
        raise Absent(lines[-1] if lines else "it ended without a word")


@contextmanager
def seated(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    patience: Callable[[], float] = lambda: PATIENCE,
) -> Iterator[Player]:
    """Start a worker, and end it.

    Parameters
    ----------
    command : sequence of str
    environment : mapping
    patience : function
        Asked before each answer: after how many seconds without one the worker is ended.

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
            yield Player(process, said, patience)
        finally:
            process.kill()
            with suppress(BrokenPipeError):
                process.communicate()
