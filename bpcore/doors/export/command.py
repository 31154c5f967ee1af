"""``bpcore export``: a trained network as a file for something else."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpcore.doors.models import load_model
from bpcore.doors.one_line import one_of
from bpcore.doors.output import Output

if TYPE_CHECKING:
    from bpcore.run.result import Run

__all__ = ["export"]

SUFFIXES = {"c": ".c", "onnx": ".onnx", "python": ".py", "torch": ".safetensors"}
"""What each kind of file ends in."""
WITHOUT = "the weights alone: what bpcore train does to inputs and outputs is not in this file"


@click.command(short_help="Write a trained network for something else: ONNX, C, Python, PyTorch.")
@click.argument("model")
@click.option("--to", "kind", required=True, **one_of(SUFFIXES), help="The kind of file.")
@click.option(
    "--output", metavar="FILE", help="Left out: MODEL with the kind's suffix, and a number if that is taken."
)
@click.option("--alone", is_flag=True, help="The network alone, for inputs that are prepared elsewhere.")
def export(model: str, *, kind: str, output: str | None, alone: bool) -> None:
    """Write the network in MODEL, a file that bpcore train or bpcore.save wrote, for something else.

    onnx: any runtime of ONNX; needs the package onnx. c: one C99 file with predict(x, y), of dense networks.
    python: one file of the standard library, of dense networks. torch: the weights of a
    torch.nn.Sequential. Except for torch, a file of bpcore train takes features as they stand in the table,
    and gives probabilities or quantities. C and Python files are tested before they are written.
    """
    suffix = SUFFIXES[kind]
    if output is None:
        stem = Path(Path(model).name).with_suffix(".torch.safetensors" if kind == "torch" else suffix)
        place = Output.free(stem, option="--output")
    else:
        place = Output.named(output, option="--output", suffixes=(suffix,), inputs=(model,))
    run = load_model(model, backend=None)
    said = place.said()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        lines = _written(kind, place.path, run, prepared=not alone)
    click.echo(f"wrote {said}: {run.net}")
    for line in lines:
        click.echo(f"  {line}")
    for warning in told:
        if warning.category is UserWarning:  # bpcore's own; what libraries say of themselves is not for here
            click.echo(f"bpcore: {warning.message}", err=True)


def _written(kind: str, path: Path, run: Run, *, prepared: bool) -> tuple[str, ...]:
    """Write the file; return what it does not say itself, a line each."""
    from bpcore.doors.export import onnx_file, standalone, table, torch_file
    from bpcore.doors.export.subject import subject_of

    if kind == "torch":
        torch_file.save_torch(path, run)
        return (WITHOUT,) if "preparation" in run.extra else ()
    writers: dict[str, Callable[..., Path]] = {
        "c": standalone.export_c,
        "onnx": onnx_file.export_onnx,
        "python": standalone.export_python,
    }
    writers[kind](path, run, prepared=prepared)
    notes = table.notes(table.preparation_of(run, wanted=prepared))
    if kind != "onnx":
        return notes
    x = subject_of(run, (), prepared=prepared).args[-1]
    return (
        *notes,
        f'its input "x" wants {str(x.dtype).rpartition(".")[2]}, as numpy.asarray(rows, dtype=...)',
    )
