"""``bpcore predict``: a saved network's answers for new rows."""

from __future__ import annotations

import csv
import io

import click

from bpcore.doors.models import load_model
from bpcore.doors.output import Output
from bpcore.doors.sources import load_table
from bpcore.run.result import Run
from bpcore.run.tables.answers import Answers, answers, compared
from bpcore.run.tables.preparation import Preparation
from bpcore.words.errors import DataError, FileError

__all__ = ["predict"]

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet computes."""
WRITTEN = "Write the answers to this .csv file, replaced if it is there; else to standard output."


@click.command(short_help="Answer for new rows with a trained network.")
@click.argument("model")
@click.argument("data")
@click.option("--output", metavar="FILE", help=WRITTEN)
@click.option("--backend", metavar="NAME", help="Where to compute; left out, numpy.")
@click.option("--header/--no-header", default=None, help="Whether the first row of a CSV file holds names.")
def predict(model: str, data: str, *, output: str | None, backend: str | None, header: bool | None) -> None:
    """Answer for the rows of DATA with the network in MODEL, a file that bpcore train wrote.

    DATA is a CSV, NPZ or Parquet file with the columns that the network was trained on, found by their
    names, or spiral, gates, iris, digits. The answers are CSV: the class and the probability of each class,
    or the quantity. Where DATA holds the true target too, a line on standard error says how good they are.
    """
    place = None
    if output is not None:
        place = Output.named(output, option="--output", suffixes=(".csv",), inputs=(model, data))
    run = load_model(model, backend=backend)
    preparation = _preparation(model, run)
    table = load_table(data, header=header)
    outputs = run.backend.to_host(run.predict(preparation.inputs_of(table)))
    found = answers(preparation, outputs)
    if place is None:
        click.echo(_as_csv(found), nl=False)
    else:
        click.echo(f"wrote {place.write(_as_csv(found).encode('utf-8'))}", err=True)
    for name in (*preparation.targets, *preparation.classes):
        if name[:1] in FORMULA and not _is_number(name):
            told = "begins like a formula, which a spreadsheet computes when it opens the file."
            click.echo(f'bpcore: the name "{name[:40]}" {told}', err=True)
            break
    verdict = compared(preparation, found, table)
    if verdict:
        click.echo(verdict, err=True)


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _preparation(model: str, run: Run) -> Preparation:
    do = "Use bpcore.load in Python, or train it with bpcore train."
    if "preparation" not in run.extra:
        raise FileError(model, "the model does not say how its inputs are prepared", do)
    try:
        preparation = Preparation.from_dict(run.extra["preparation"])
    except DataError as error:
        raise FileError(model, str(error).rstrip("."), do) from None
    sizes = (len(preparation.features), preparation.outputs)
    if (*run.features, *run.net.output_shape(run.features)) != sizes:
        what = (
            f"its preparation is for a network of {sizes[0]} inputs and {sizes[1]} outputs, not for its own"
        )
        raise FileError(model, what, do)
    return preparation


def _as_csv(found: Answers) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found.names)
    for row in zip(*found.columns, strict=True):
        writer.writerow([cell if isinstance(cell, str) else f"{cell:.6g}" for cell in row])
    return text.getvalue()
