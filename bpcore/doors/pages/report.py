"""`bp.report`: the page of a training run, written to a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bpcore.doors.material import Material, found_again, repetition_of
from bpcore.doors.models import load_model
from bpcore.doors.output import Output
from bpcore.doors.pages.run_page import run_page
from bpcore.machine.step import Batch
from bpcore.parts.losses import BinaryLoss, ClassLoss
from bpcore.parts.optimizers import Optimizer
from bpcore.run.checks import check_data, check_pair
from bpcore.run.datasets import Dataset
from bpcore.run.result import Run
from bpcore.run.trouble.repetition import Repetition
from bpcore.words.errors import FileError
from bpcore.words.protocols import Tree

__all__ = ["page_of", "report", "report_of_file"]


def report(
    run: Run | str | os.PathLike[str],
    data: Batch | Dataset | str | None = None,
    /,
    *,
    path: str | os.PathLike[str] | None = None,
    title: str = "",
    optimizer: Optimizer | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    start: Tree = None,
    held_out: Batch | None = None,
    command: Sequence[str] = (),
) -> Path:
    """Write a standalone HTML page of a training run: what it was, how it went, and why its loss rose.

    The page needs no network, no script and no other file. It names no host, no user and no folder.

    Parameters
    ----------
    run : Run, or the path of a file that ``bpcore train`` or `save` wrote
    data : pair (x, y), Dataset, path, or None
        The samples that it was trained on, as `fit` was given them. For a file of ``bpcore train``: where
        its data is; None means where it was, or the data set that it names.
    path : path or None
        Where the page goes; a file of that name is replaced. None: ``report.html``, or the model's name
        with ``.html``, with a number if that is taken.
    title : str
    optimizer, batch_size, seed : as `fit` was given them
        Without an optimizer the training cannot be repeated, and the reason of a spike is not measured.
        A file of ``bpcore train`` holds them.
    start : tree of arrays or None
        ``params`` of `fit`, if it was given any.
    held_out : pair (x, y) or None
        ``validation`` of `fit`, if it was given samples.
    command : sequence of str
        The words of the command that trained it, for the reader to repeat.

    Returns
    -------
    Path
        Where the page is.

    Raises
    ------
    LibraryMissing
        When the extra ``pages`` is not installed.
    FileError
        When the run's file or its data is not there, or the page cannot be written.
    ShapeError, DataError
        When the data is not the network's.

    Examples
    --------
    >>> import bpcore as bp
    >>> spirals = bp.datasets.spiral()
    >>> net, adam = bp.MLP([2, 16, 8, 1], activation="tanh"), bp.Adam(0.02)
    >>> data = (spirals.x, spirals.y)
    >>> run = bp.fit(net, data, loss=bp.BinaryCrossEntropy(), optimizer=adam, epochs=50)
    >>> bp.report(run, spirals, optimizer=adam).name  # doctest: +SKIP
    'report.html'
    """
    if not isinstance(run, Run):
        place = page_of(Path(run), None if data is None else str(data), path, option="path=")
        report_of_file(place, Path(run), None if data is None else str(data))
        return place.path
    place = _place(path, Path("report.html"), (), option="path=")
    material = None if data is None else _material(run, data, held_out)
    repetition = None
    if material is not None and optimizer is not None:
        repetition = Repetition(
            net=run.net,
            data=(material.train.x, material.train.y),
            loss=run.loss,
            optimizer=optimizer,
            batch_size=batch_size,
            seed=seed,
            backend=run.backend,
            dtype=run.dtype,
            precision=run.precision,
            params=start,
        )
    html = run_page(run, material, repetition, title=title or "Training report", command=command)
    place.write(html.encode("utf-8"))
    return place.path


def page_of(
    model: Path, data: str | None, path: str | os.PathLike[str] | None, *, option: str = "--output"
) -> Output:
    """Return where the page of a run in a file goes, checked; errors as for `report`."""
    return _place(path, Path(f"{model.stem}.html"), (model, data), option=option)


def report_of_file(place: Output, model: Path, data: str | None = None, *, backend: str | None = None) -> str:
    """Write the page of a run that is in a file; return what is printed of it. Errors as for `report`."""
    run = load_model(model, backend=backend)
    material = found_again(run, data, model=str(model))
    repetition = None if material is None else repetition_of(run, material)
    words = run.extra.get("command", [])
    html = run_page(
        run,
        material,
        repetition,
        title=f"Training report: {model.stem}",
        model=model.name,
        command=[str(word) for word in words] if isinstance(words, list) else [],
    )
    return place.write(html.encode("utf-8"))


def _place(
    path: str | os.PathLike[str] | None,
    default: Path,
    inputs: Sequence[str | os.PathLike[str] | None],
    *,
    option: str,
) -> Output:
    if path is None:
        return Output.free(default, option=option)
    return Output.named(path, option=option, suffixes=(".html", ".htm"), inputs=inputs)


def _material(run: Run, data: Batch | Dataset | str, held_out: Batch | None) -> Material:
    """Return samples that were given in Python, with names for what has none."""
    if isinstance(data, str):
        raise FileError(data, "is a name, and this run is not from a file", "Give the samples, as (x, y).")
    held = None if held_out is None else _dataset(run, held_out, "held-out data")
    if isinstance(data, Dataset):
        return Material(source=data.name, train=data, held=held)
    return Material(source="", train=_dataset(run, data, "data"), held=held)


def _dataset(run: Run, data: Batch, name: str) -> Dataset:
    check_pair(data, name)
    placed = run.placed(data, name)
    check_data(placed, run.net, run.loss, name, run.features)
    x, y = (run.backend.to_host(part) for part in placed)
    width = int(x.shape[1]) if x.ndim > 1 else 1
    task = _task(run)
    targets = int(y.shape[1]) if y.ndim > 1 and task != "multiclass" else 1
    classes = {"binary": 2, "multiclass": run.net.output_shape(run.features)[-1], "regression": 0}[task]
    return Dataset(
        name="",
        x=x,
        y=y,
        features=tuple(f"x{i + 1}" for i in range(width)),
        targets=("y",) if targets == 1 else tuple(f"y{i + 1}" for i in range(targets)),
        classes=tuple(map(str, range(classes))),
        task=task,
    )


def _task(run: Run) -> str:
    if isinstance(run.loss, BinaryLoss):
        return "binary"
    return "multiclass" if isinstance(run.loss, ClassLoss) else "regression"
