"""What ``bpcore train`` does: samples, split, preparation, network, fit, file, and a word on each."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from bpcore.doors.recipes import LOSSES, OPTIMIZERS, Recipe, recipe_for
from bpcore.doors.report import plain_progress, summary
from bpcore.doors.sources import SPLIT, key_for, load_samples
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.optimizers import Optimizer
from bpcore.parts.perceptron import MLP
from bpcore.run.datasets import DATASETS, Dataset
from bpcore.run.fit import fit
from bpcore.run.progress import Progress
from bpcore.run.result import Run
from bpcore.run.saving import save
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.splitting import split_samples
from bpcore.words.errors import FileError

__all__ = ["Wishes", "trained"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The options of ``bpcore train``; None is for the recipe to decide."""

    data: str
    target: str | None
    hidden: tuple[int, ...] | None
    activation: str | None
    backend: str
    optimizer: str | None
    rate: float | None
    epochs: int | None
    batch_size: int | None
    seed: int
    dtype: str
    validation: float | None
    fill: str | None
    task: str | None
    header: bool | None
    save: str | None
    progress: bool
    quiet: bool


def trained(wishes: Wishes) -> Run:
    """Train a network, write it to a file, and say what came of it."""
    _check_place(wishes)
    find_backend(wishes.backend)  # before a file is read: nothing is worth waiting for without it
    recipe = recipe_for(wishes.data)
    data = load_samples(
        wishes.data,
        seed=wishes.seed,
        target=wishes.target,
        task=wishes.task,
        fill=wishes.fill,
        header=wishes.header,
    )
    train, held = _split(wishes, recipe, data)
    preparation = Preparation.measured(train, scaling=recipe.scaling, fill=wishes.fill)
    run = _fit(wishes, recipe, preparation.apply(train), None if held is None else preparation.apply(held))
    path = save(_free_name(wishes), run, extra=_extra(wishes, preparation))
    if not wishes.quiet:
        click.echo(summary(wishes.data, data, preparation, run, path, last_column=wishes.target is None))
    return run


def _split(wishes: Wishes, recipe: Recipe, data: Dataset) -> tuple[Dataset, Dataset | None]:
    share = recipe.validation if wishes.validation is None else wishes.validation
    if share == 0:
        return data, None
    return split_samples(data, share, key_for(wishes.seed, SPLIT))


def _fit(wishes: Wishes, recipe: Recipe, train: Dataset, held: Dataset | None) -> Run:
    outputs = len(train.classes) if train.task == "multiclass" else train.y.shape[1]
    hidden = recipe.hidden if wishes.hidden is None else wishes.hidden
    net = MLP([train.x.shape[1], *hidden, outputs], activation=wishes.activation or recipe.activation)
    batch_size = recipe.batch_size if wishes.batch_size is None else wishes.batch_size
    return fit(
        net,
        (train.x, train.y),
        loss=LOSSES[train.task],
        optimizer=_optimizer(wishes, recipe),
        epochs=wishes.epochs or recipe.epochs,
        batch_size=batch_size or None,
        seed=wishes.seed,
        backend=wishes.backend,
        dtype=wishes.dtype,
        validation=None if held is None else (held.x, held.y),
        progress=_progress(wishes),
    )


def _optimizer(wishes: Wishes, recipe: Recipe) -> Optimizer:
    """Return the optimizer; the recipe's rate is for the recipe's optimizer only."""
    name = wishes.optimizer or recipe.optimizer
    if wishes.rate is not None:
        return OPTIMIZERS[name](wishes.rate)
    return OPTIMIZERS[name](recipe.rate) if name == recipe.optimizer else OPTIMIZERS[name]()


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


def _extra(wishes: Wishes, preparation: Preparation) -> Mapping[str, object]:
    return {"data": wishes.data, "seed": wishes.seed, "preparation": preparation.to_dict()}
