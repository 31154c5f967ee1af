"""How a run shows that it goes on: a bar where there is a terminal, plain lines, nothing, or as one likes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from bpcore.words.errors import choose

__all__ = ["Progress", "lines", "progress_bar", "shown"]

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called after each epoch with its number, how many there are, and the epoch's row of the history."""

Rate = Callable[[], float]
"""Reads the learning rate."""

LINES = 10
"""How many lines there are where there is no bar."""

OFTEN = 0.2
"""Seconds between two readings of the rate: a GPU is waited for at each."""


def _silent(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
    """Show nothing."""


@contextmanager
def shown(
    progress: str | Progress | None, epochs: int, rate: Rate | None = None, made: int = 0
) -> Iterator[Progress]:
    """Yield the function to call after each epoch.

    Parameters
    ----------
    progress : "auto", "bar", "lines", None or function
        "auto" is a bar on standard error where that is a terminal, and nothing elsewhere.
    epochs : int
    rate : function, or None
        Where the learning rate is read from.
    made : int
        How many epochs were made before.
    """
    if callable(progress):
        yield progress
        return
    word = None if progress is None else choose("progress", progress, ("auto", "bar", "lines"))
    if word == "lines":
        yield lines(rate, made)
    elif word == "bar" or (word == "auto" and sys.stderr.isatty()):
        with progress_bar(epochs, rate, made) as bar:
            yield bar
    else:
        yield _silent


@contextmanager
def progress_bar(epochs: int, rate: Rate | None = None, made: int = 0) -> Iterator[Progress]:
    """Yield a function that moves a rich bar on standard error, with numbers and the time that is left."""
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
        looked, seen = -OFTEN, ""

        def advance(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
            nonlocal looked, seen
            now = time.monotonic()
            if rate is not None and (now - looked >= OFTEN or epoch == epochs):
                looked, seen = now, f"  rate {rate():.4g}"
            bar.update(task, completed=epoch, description=_worded(row) + seen)

        yield advance


def lines(rate: Rate | None = None, made: int = 0) -> Progress:
    """Return a function that prints ten lines in all, with the numbers and the time that is left."""
    began = time.monotonic()

    def line(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
        if epoch * LINES // epochs <= (epoch - 1) * LINES // epochs:
            return
        left = (time.monotonic() - began) / max(1, epoch - made) * (epochs - epoch)
        its_rate = "" if rate is None else f"  rate {rate():.4g}"
        print(f"epoch {epoch}/{epochs}  {_worded(row)}{its_rate}  {left:.0f} s left", file=sys.stderr)  # noqa: T201

    return line


def _worded(row: Mapping[str, float]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items())
