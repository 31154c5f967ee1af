"""``bpcore train``: from a name or a file to a trained network in a file."""

from __future__ import annotations

from typing import Any

import click

from bpcore.doors.one_line import one_of
from bpcore.doors.recipes import OPTIMIZERS
from bpcore.doors.training import trained
from bpcore.doors.wishes import PATIENCE, Wishes
from bpcore.ground.precision import PRECISIONS
from bpcore.parts.activations import ACTIVATIONS
from bpcore.run.tables.samples import FILLS, TASKS

__all__ = ["train"]


def _sizes(context: click.Context, option: click.Parameter, given: str | None) -> tuple[int, ...] | None:
    """Read ``64,64``; ``none`` is a network without hidden layers."""
    if given is None:
        return None
    if given.strip().lower() == "none":
        return ()
    try:
        sizes = tuple(int(word) for word in given.split(","))
    except ValueError:
        sizes = (0,)
    if min(sizes) < 1:
        wanted = "whole numbers, 1 or more, as in 64,64; or none"
        raise click.UsageError(f"--hidden must be {wanted}, was given {given!r}.", context)
    return sizes


@click.command(short_help="Train a network and write it to a file.")
@click.argument("data")
@click.option("--target", metavar="NAME", help="The column to predict; in a file without names its number.")
@click.option(
    "--hidden", metavar="N,N", callback=_sizes, help="Units of the hidden layers, as 64,64; or none."
)
@click.option("--activation", **one_of(ACTIVATIONS), help="Of the hidden layers.")
@click.option(
    "--backend",
    metavar="NAME",
    default="numpy",
    show_default=True,
    help="Where to compute, as in torch or cupy:0.",
)
@click.option("--optimizer", **one_of(OPTIMIZERS), help="How weights follow their gradients.")
@click.option("--rate", type=float, metavar="R", help="The learning rate.")
@click.option("--epochs", type=click.IntRange(min=1), metavar="N", help="How often all samples are seen.")
@click.option(
    "--batch-size", type=click.IntRange(min=0), metavar="N", help="Samples a step; 0 for all of them."
)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), metavar="N", default=0, show_default=True)
@click.option("--dtype", **one_of(["float32", "float64"]), default="float32", show_default=True)
@click.option(
    "--precision",
    **one_of(PRECISIONS),
    default="float32",
    show_default=True,
    help="What steps compute in; weights are kept in float32.",
)
@click.option("--validation", type=float, metavar="SHARE", help="How much is held out; 0 for nothing.")
@click.option(
    "--early-stopping",
    is_flag=True,
    help="End when the loss on what is held out is no longer better, with the weights of the best epoch.",
)
@click.option(
    "--patience",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"With --early-stopping: epochs without a better loss, until the end. Left out, {PATIENCE}.",
)
@click.option(
    "--min-delta",
    type=click.FloatRange(min=0),
    metavar="D",
    help="With --early-stopping: by how much a loss must be better to count. Left out, by anything.",
)
@click.option(
    "--drop",
    metavar="NAME",
    multiple=True,
    help="A column to leave out, such as one that only numbers the rows; say it again for each one.",
)
@click.option("--fill", **one_of(FILLS), help="What to do about missing values.")
@click.option("--task", **one_of(TASKS), help="Left out, it is seen from the target.")
@click.option("--header/--no-header", default=None, help="Whether the first row of a CSV file holds names.")
@click.option(
    "--save",
    metavar="FILE",
    help="A .safetensors file; one that is there is replaced. Left out: DATA.safetensors here, with a number "
    "if that is taken.",
)
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="Save the run there while it goes on; the same command goes on from it, to the same bytes.",
)
@click.option(
    "--checkpoint-every",
    type=click.IntRange(min=1),
    metavar="N",
    help="Epochs from one to the next. With none of these: as often as costs a twentieth of the time.",
)
@click.option(
    "--checkpoint-steps",
    type=click.IntRange(min=1),
    metavar="N",
    help="Steps from one to the next, also inside an epoch.",
)
@click.option(
    "--checkpoint-seconds",
    type=click.FloatRange(min=0),
    metavar="T",
    help="Seconds from one to the next, also inside an epoch.",
)
@click.option("--log", metavar="FILE", help="Write a line of JSON there for each epoch.")
@click.option("--progress/--no-progress", default=True, help="Show how training goes.")
@click.option("--quiet", is_flag=True, help="Print nothing but warnings and errors.")
def train(**options: Any) -> None:
    """Train a network on DATA: spiral, gates, iris, digits, or a CSV, NPZ or Parquet file.

    What is not said is taken from a recipe: one for each data set that comes along, one for files. In a CSV
    file the samples are rows; the target is the last column unless --target says so. The network goes
    to a file together with all that bpcore predict needs.
    """
    trained(Wishes(**options))
