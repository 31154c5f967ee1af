"""What ``bpcore train`` does: samples, split, preparation, network, fit, file, and a word on each."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import click

from bpcore.doors.environment import environment
from bpcore.doors.fingerprint import FINGERPRINT, fingerprint
from bpcore.doors.output import Output
from bpcore.doors.recipes import LOSSES, recipe_for
from bpcore.doors.sources import SPLIT, key_for, load_samples
from bpcore.doors.summary import BEST, summary
from bpcore.doors.wishes import Wishes
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.perceptron import MLP
from bpcore.run.datasets import DATASETS, Dataset
from bpcore.run.early_stopping import EarlyStopping
from bpcore.run.files.saving import save
from bpcore.run.fit import fit
from bpcore.run.logs import JsonLines
from bpcore.run.result import Run
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.splitting import split_samples
from bpcore.words.errors import OptionError

__all__ = ["trained"]

MOST, HUGE = 10**9, 10**300
"""Parameters of a network that is trained here; and a number that is no longer written out."""


def trained(wishes: Wishes) -> Run:
    """Train a network, write it to a file, and say what came of it."""
    place = _place(wishes)
    found = find_backend(wishes.backend)  # before a file is read: nothing is worth waiting for without it
    found.precision(wishes.precision)
    _check_share(wishes.validation)
    wishes.made_checkpoint()  # what cannot be is said before a file is read
    stopping = wishes.made_stopping()
    recipe = recipe_for(wishes.data)
    settled = wishes.settled(recipe)
    data = load_samples(
        wishes.data,
        seed=wishes.seed,
        target=wishes.target,
        task=wishes.task,
        drop=wishes.drop,
        fill=wishes.fill,
        header=wishes.header,
    )
    train, held = _split(settled, data)
    preparation = Preparation.measured(train, scaling=recipe.scaling, fill=wishes.fill)
    parts = (preparation.apply(train), None if held is None else preparation.apply(held))
    run = _fit(settled, *parts, stopping)
    said = place.said()
    best = {} if stopping is None else {BEST: stopping.best_epoch}
    save(place.path, run, extra={**_extra(settled, preparation, run, parts), **best})
    if not wishes.quiet:
        told = summary(wishes.data, data, preparation, run, said, last_column=wishes.target is None, **best)
        click.echo(told)
    return run


def _check_share(validation: float | None) -> None:
    if validation is not None and not 0 <= validation < 1:
        wanted = "0, for nothing held out, or a share above 0 and below 1"
        raise OptionError("--validation", validation, wanted)


def _split(settled: Wishes, data: Dataset) -> tuple[Dataset, Dataset | None]:
    if not settled.validation:
        return data, None
    return split_samples(data, settled.validation, key_for(settled.seed, SPLIT))


def _fit(settled: Wishes, train: Dataset, held: Dataset | None, stopping: EarlyStopping | None) -> Run:
    outputs = len(train.classes) if train.task == "multiclass" else train.y.shape[1]
    sizes = [train.x.shape[1], *(settled.hidden or ()), outputs]
    _check_count(settled, sizes)
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
        precision=settled.precision,
        validation=None if held is None else (held.x, held.y),
        callbacks=[*filter(None, [stopping, None if settled.log is None else JsonLines(settled.log)])],
        checkpoint=settled.made_checkpoint(),
        progress=_progress(settled),
    )


def _check_count(settled: Wishes, sizes: Sequence[int]) -> None:
    """Refuse, before anything is made, a network that no computer of this kind trains."""
    count = sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))
    if count > MOST:
        given = ",".join(map(str, settled.hidden or ()))
        do = f"This one has {count:.3g}." if count < HUGE else ""
        raise OptionError("--hidden", given, f"a network of at most {MOST:,} parameters", do)


def _progress(wishes: Wishes) -> str | None:
    if wishes.quiet or not wishes.progress:
        return None
    return "bar" if sys.stderr.isatty() else "lines"


def _place(wishes: Wishes) -> Output:
    """Return the file that the network goes to: the one that was named, or the first name that is free."""
    if wishes.save is not None:
        return Output.named(wishes.save, option="--save", suffixes=(".safetensors",), inputs=(wishes.data,))
    stem = wishes.data if wishes.data in DATASETS else Path(wishes.data).stem
    return Output.free(Path(f"{stem}.safetensors"), option="--save")


def _extra(
    settled: Wishes, preparation: Preparation, run: Run, parts: Sequence[Dataset | None]
) -> Mapping[str, object]:
    known: dict[str, object] = {
        "preparation": preparation.to_dict(),
        "environment": environment(run.backend, dated=settled.checkpoint is None),
    }
    if settled.data not in DATASETS:  # what comes along cannot have changed
        known[FINGERPRINT] = fingerprint(*parts)
    return settled.kept() | known
