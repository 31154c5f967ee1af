"""``bpcore report``: the page of a training run."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]

WRITTEN = (
    "An .html file; one that is there is replaced. Left out: RUN.html here, with a number if that is taken."
)


@click.command(short_help="Write a page on a training run.")
@click.argument("run")
@click.option("--output", metavar="FILE", help=WRITTEN)
@click.option("--data", metavar="FILE", help="The data that it was trained on, where it is not found again.")
@click.option("--backend", metavar="NAME", help="Where to compute; left out, numpy.")
def report(run: str, *, output: str | None, data: str | None, backend: str | None) -> None:
    """Write a page on the training in RUN, a file that bpcore train wrote.

    One HTML file that opens without a network: how training went and, where the loss rose, why; the answers;
    gradients by layer; network, environment, and how to repeat it.
    """
    from bpcore.doors.pages.report import page_of, report_of_file  # templates are not for every command

    place = page_of(Path(run), data, output)
    click.echo(report_of_file(place, Path(run), data, backend=backend))
