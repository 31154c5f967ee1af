"""How a run shows that it goes on: a bar where there is a terminal, else plain lines; nothing on request."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bpcore.words.errors import choose

__all__ = ["AUTO", "Progress", "Shown", "lines", "progress_bar", "shown"]

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called after each epoch with its number, how many there are, and the epoch's row of the history."""

Within = Callable[[int, int, int | None], None]
"""Called within an epoch with its number, the samples that it has seen, and how many it has, if known."""

Rate = Callable[[], float]
"""Reads the learning rate."""

LINES = 10
"""How many lines there are where there is no bar."""

OFTEN = 0.2
"""Seconds between two readings of the rate: a GPU is waited for at each."""

MINUTE = 60.0
"""Seconds without a line after which one is written within an epoch."""

AUTO = "BPCORE_PROGRESS"
"""The variable of the environment that says what "auto" is: bar, lines or none."""


def _silent(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Shown:
    """What is called after an epoch, and, where there is such, within one."""

    done: Progress
    within: Within | None = None

    def __call__(self, epoch: int, epochs: int, row: Mapping[str, float]) -> None:
        """Show an epoch that is done."""
        self.done(epoch, epochs, row)


@contextmanager
def shown(
    progress: str | Progress | None, epochs: int, rate: Rate | None = None, made: int = 0
) -> Iterator[Shown]:
    """Yield what to call after each epoch, and within one.

    Parameters
    ----------
    progress : "auto", "bar", "lines", None or function
        "auto" is a bar on standard error where that is a terminal, and lines elsewhere; or what the variable
        BPCORE_PROGRESS of the environment says, ``bar``, ``lines`` or ``none``.
    epochs : int
    rate : function, or None
        Where the learning rate is read from.
    made : int
        How many epochs were made before.
    """
    if callable(progress):
        yield Shown(progress)
        return
    word = "none" if progress is None else choose("progress", progress, ("auto", "bar", "lines"))
    if word == "auto":
        word = os.environ.get(AUTO) or ("bar" if sys.stderr is not None and sys.stderr.isatty() else "lines")
        choose(AUTO, word, ("bar", "lines", "none"))
    if word == "lines":
        yield lines(rate, made)
    elif word == "bar":
        with progress_bar(epochs, rate, made) as bar:
            yield bar
    else:
        yield Shown(_silent)


@contextmanager
def progress_bar(epochs: int, rate: Rate | None = None, made: int = 0) -> Iterator[Shown]:
    """Yield what moves a rich bar on standard error, with numbers and the time that is left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=epochs, completed=made)
        looked, seen, words = -OFTEN, "", ""

        def advance(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
            nonlocal looked, seen, words
            now = time.monotonic()
            if rate is not None and (now - looked >= OFTEN or epoch == epochs):
                looked, seen = now, f"  rate {rate():.4g}"
            words = _worded(row)
            bar.update(task, completed=epoch, description=words + seen)

        def within(epoch: int, samples: int, total: int | None) -> None:
            share = samples / total if total else 0.0
            told = "  ".join(filter(None, (words, _samples(samples, total))))
            bar.update(task, completed=epoch - 1 + min(share, 1.0), description=told)

        yield Shown(advance, within)


def lines(rate: Rate | None = None, made: int = 0) -> Shown:
    """Return what writes ten lines in all, with the numbers and the time left; more where epochs are long."""
    began = written = time.monotonic()

    def line(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
        nonlocal written
        if epoch * LINES // epochs <= (epoch - 1) * LINES // epochs:
            return
        written = time.monotonic()
        left = (written - began) / max(1, epoch - made) * (epochs - epoch)
        its_rate = "" if rate is None else f"  rate {rate():.4g}"
        _write(f"epoch {epoch}/{epochs}  {_worded(row)}{its_rate}  {left:.0f} s left")

    def within(epoch: int, samples: int, total: int | None) -> None:
        nonlocal written
        if time.monotonic() - written >= MINUTE:
            written = time.monotonic()
            _write(f"epoch {epoch}  {_samples(samples, total)}")

    return Shown(line, within)


def _write(words: str) -> None:
    if sys.stderr is not None:  # as in a program without a console
        print(words, file=sys.stderr, flush=True)  # noqa: T201


def _samples(samples: int, total: int | None) -> str:
    return f"{samples:,} of {total:,} samples" if total else f"{samples:,} samples"


def _worded(row: Mapping[str, float]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items())
