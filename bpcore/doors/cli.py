"""The command line: ``bpcore train``, ``predict``, ``explain``, ``plot``, ``report`` and the others."""

from __future__ import annotations

import click

from bpcore import __version__
from bpcore.doors.bench import bench
from bpcore.doors.export.command import export
from bpcore.doors.one_line import Door
from bpcore.doors.pages.command import report
from bpcore.doors.paper.command import explain
from bpcore.doors.parity import parity
from bpcore.doors.plot import plot
from bpcore.doors.predict import predict
from bpcore.doors.survey import backends, check
from bpcore.doors.train import train

__all__ = ["cli", "main"]


@click.group(cls=Door, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="bpcore %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Train small networks on the arrays you already have.

    \b
    bpcore train spiral                          two spirals, in a second
    bpcore train digits --hidden 128,64          handwritten digits
    bpcore train table.csv --target price        a table of your own
    bpcore predict table.safetensors new.csv     answers for new rows
    bpcore explain mazur                         one step of backpropagation on paper
    bpcore plot boundary spiral.safetensors      a picture: bpcore plot --help
    bpcore report table.safetensors              a page on how the training went
    bpcore export table.safetensors --to onnx    for something else: onnx, c, python, torch
    bpcore backends                              what can compute here, and why not
    bpcore bench                                 what a step takes here, eager and compiled
    bpcore parity --backend torch                where two backends differ, function by function

    Exit codes: 0 fine; 1 a check failed; 2 something given is wrong; 130 stopped.
    """  # noqa: D301 -- \b is click's mark for lines that stay as they are
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (train, predict, explain, backends, check, bench, parity, plot, report, export):
    cli.add_command(_command)


def main() -> None:
    """Run the command line."""
    cli.main(prog_name="bpcore")
