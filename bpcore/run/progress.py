"""The progress bar: rich where there is a terminal, nothing where there is none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from bpcore.words.errors import choose

__all__ = ["Progress", "progress_bar", "shown"]

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called after each epoch with its number, how many there are, and the epoch's row of the history."""


def _silent(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
    """Show nothing."""


@contextmanager
def shown(progress: str | Progress | None, epochs: int) -> Iterator[Progress]:
    """Yield the function to call after each epoch.

    Parameters
    ----------
    progress : "auto", None or function
        "auto" is a bar on standard error where that is a terminal.
    epochs : int
    """
    if callable(progress):
        yield progress
    elif progress is None or (choose("progress", progress, ("auto",)) and not sys.stderr.isatty()):
        yield _silent
    else:
        with progress_bar(epochs) as bar:
            yield bar


@contextmanager
def progress_bar(epochs: int) -> Iterator[Progress]:
    """Yield a function that moves a rich bar on standard error."""
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
        task = bar.add_task("", total=epochs)

        def advance(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
            words = "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items())
            bar.update(task, completed=epoch, description=words)

        yield advance
