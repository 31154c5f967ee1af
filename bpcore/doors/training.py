"""What ``bpcore train`` does: samples, split, preparation, network, fit, file, and a word on each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from bpcore.doors.environment import environment
from bpcore.doors.recipes import LOSSES, recipe_for
from bpcore.doors.report import plain_progress, summary
from bpcore.doors.sources import SPLIT, key_for, load_samples
from bpcore.doors.wishes import Wishes
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.perceptron import MLP
from bpcore.run.datasets import DATASETS, Dataset
from bpcore.run.fit import fit
from bpcore.run.progress import Progress
from bpcore.run.result import Run
from bpcore.run.saving import save
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.splitting import split_samples
from bpcore.words.errors import FileError

__all__ = ["trained"]


def trained(wishes: Wishes) -> Run:
    """Train a network, write it to a file, and say what came of it."""
    _check_place(wishes)
    find_backend(wishes.backend)  # before a file is read: nothing is worth waiting for without it
    recipe = recipe_for(wishes.data)
    settled = wishes.settled(recipe)
    data = load_samples(
        wishes.data,
        seed=wishes.seed,
        target=wishes.target,
        task=wishes.task,
        fill=wishes.fill,
        header=wishes.header,
    )
    train, held = _split(settled, data)
    preparation = Preparation.measured(train, scaling=recipe.scaling, fill=wishes.fill)
    run = _fit(settled, preparation.apply(train), None if held is None else preparation.apply(held))
    path = save(_free_name(wishes), run, extra=_extra(settled, preparation, run))
    if not wishes.quiet:
        click.echo(summary(wishes.data, data, preparation, run, path, last_column=wishes.target is None))
    return run


def _split(settled: Wishes, data: Dataset) -> tuple[Dataset, Dataset | None]:
    if not settled.validation:
        return data, None
    return split_samples(data, settled.validation, key_for(settled.seed, SPLIT))


def _fit(settled: Wishes, train: Dataset, held: Dataset | None) -> Run:
    outputs = len(train.classes) if train.task == "multiclass" else train.y.shape[1]
    sizes = [train.x.shape[1], *(settled.hidden or ()), outputs]
    return fit(
        MLP(sizes, activation=str(settled.activation)),
        (train.x, train.y),
        loss=LOSSES[train.task],
        optimizer=settled.made_optimizer(),
        epochs=settled.epochs or 1,
        batch_size=settled.batch_size or None,
        seed=settled.seed,
        backend=settled.backend,
        dtype=settled.dtype,
        validation=None if held is None else (held.x, held.y),
        progress=_progress(settled),
    )


def _progress(wishes: Wishes) -> str | Progress | None:
    if wishes.quiet or not wishes.progress:
        return None
    if sys.stderr.isatty():
        return "auto"
    return plain_progress


def _check_place(wishes: Wishes) -> None:
    """Refuse a place where nothing can be written, before the training and not after it."""
    path = Path("." if wishes.save is None else wishes.save)
    folder = path if wishes.save is None else path.parent
    if wishes.save is not None and path.is_dir():
        raise FileError(path, "that is a folder", "Name a file in it.")
    if not folder.is_dir():
        raise FileError(path, f"there is no folder {folder}", "Make it, or name another.")
    if not os.access(folder, os.W_OK):
        raise FileError(path, "nothing can be written in this folder", "Name another with --save.")


def _free_name(wishes: Wishes) -> Path:
    """Return the file that was named, or the first name that is free: nothing is overwritten unasked."""
    if wishes.save is not None:
        return Path(wishes.save)
    stem = wishes.data if wishes.data in DATASETS else Path(wishes.data).stem
    path, number = Path(f"{stem}.safetensors"), 1
    while path.exists():
        number += 1
        path = Path(f"{stem}-{number}.safetensors")
    return path


def _extra(settled: Wishes, preparation: Preparation, run: Run) -> Mapping[str, object]:
    known = {"preparation": preparation.to_dict(), "environment": environment(run.backend)}
    return settled.kept() | known
