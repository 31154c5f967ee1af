"""The samples of a run, found again: loaded, split and prepared as they were when it was trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath

from bpcore.doors.fingerprint import FINGERPRINT, fingerprint
from bpcore.doors.recipes import OPTIMIZERS
from bpcore.doors.sources import SPLIT, key_for, load_samples
from bpcore.doors.summary import BEST
from bpcore.ground.registry import backend as find_backend
from bpcore.machine.step import Batch, make_evaluation
from bpcore.run.datasets import DATASETS, Dataset
from bpcore.run.result import Run
from bpcore.run.tables.columns import listed
from bpcore.run.tables.preparation import Preparation
from bpcore.run.tables.splitting import split_samples
from bpcore.run.trouble.repetition import Repetition
from bpcore.words.errors import BackendError, DataError, FileError

__all__ = ["Material", "found_again", "loss_over", "repetition_of"]

NEAR = 0.01
"""By how much of itself the held-out loss may differ: other libraries round differently."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Material:
    """What a network learnt from, and what was held out.

    Attributes
    ----------
    source : str
        A name for people, without folders.
    train : Dataset
        As the network was given it; all samples where the split cannot be repeated.
    held : Dataset or None
    split_known : bool
        Whether what was held out is known, or that nothing was.
    doubtful : bool
        Whether the samples do not give the held-out loss that the run tells of.
    preparation : Preparation or None
    """

    source: str
    train: Dataset
    held: Dataset | None = None
    split_known: bool = True
    doubtful: bool = False
    preparation: Preparation | None = None


def found_again(run: Run, source: str | None = None, *, model: str = "the model") -> Material | None:
    """Return the samples of a run that ``bpcore train`` saved; None for one that does not name any.

    Parameters
    ----------
    run : Run
    source : str or None
        A file or a data set; left out, what the run says.
    model : str
        What errors call the run.

    Raises
    ------
    FileError
        The data is not where it was.
    DataError
        It does not fit the network, or is not the data that the network was trained on.
    """
    extra = run.extra
    if "preparation" not in extra:
        if source is not None:
            raise FileError(
                model, "the model does not say how its inputs are prepared", "Report it in Python: bp.report."
            )
        return None
    try:
        preparation = Preparation.from_dict(extra["preparation"])
    except DataError as error:
        raise FileError(model, str(error).rstrip("."), "Train again.") from None
    name = str(extra.get("data", "")) if source is None else source
    if source is None and name not in DATASETS and not Path(name).is_file():
        raise FileError(_file_name(name), "the data of this run is not here", "Name it with --data.")
    data = _loaded(name, run, preparation)
    _check_fit(name, data, preparation)
    material = _split(run, _file_name(name), data, preparation)
    _check_same(run, name, material)
    return material


def _file_name(name: str) -> str:
    """Return the last part of a path, of Windows or not."""
    return PureWindowsPath(name).name


def _loaded(name: str, run: Run, preparation: Preparation) -> Dataset:
    """Return the samples, read as they were for training."""
    extra = run.extra
    seed = extra.get("seed", 0)
    seed = seed if isinstance(seed, int) else 0
    if name in DATASETS:
        return load_samples(name, seed=seed)
    header, drop = extra.get("header"), extra.get("drop")
    return load_samples(
        name,
        seed=seed,
        target=preparation.targets[0],
        task=preparation.task,
        drop=[str(column) for column in drop] if isinstance(drop, list) else (),
        fill=str(extra["fill"]) if extra.get("fill") else ("zero" if preparation.fill else None),
        header=header if isinstance(header, bool) else None,
    )


def _check_fit(name: str, data: Dataset, preparation: Preparation) -> None:
    for what in ("features", "targets", "classes"):
        given, wanted = getattr(data, what), getattr(preparation, what)
        if given != wanted:
            raise DataError(
                f"{name}: its {what} are {listed(given, 6)}, the model's are {listed(wanted, 6)}: name the "
                "data that the model was trained on with --data."
            )


def _check_same(run: Run, name: str, material: Material) -> None:
    """Refuse a file that has changed; a network of an earlier version does not know its samples."""
    known = run.extra.get(FINGERPRINT)
    if (
        name not in DATASETS
        and isinstance(known, str)
        and fingerprint(material.train, material.held) != known
    ):
        raise DataError(
            f"{material.source} is not the data that this model was trained on: name that with --data, or "
            "train again."
        )


def _split(run: Run, name: str, data: Dataset, preparation: Preparation) -> Material:
    """Return the parts as they were; the loss on the held-out one tells whether they are."""
    whole = Material(source=name, train=preparation.apply(data), preparation=preparation)
    wanted = run.history.get("validation_loss")
    if not wanted:
        return whole
    unknown = Material(source=name, train=whole.train, split_known=False, preparation=preparation)
    share = run.extra.get("validation")
    seed = run.extra.get("seed")
    if not isinstance(share, float) or not isinstance(seed, int) or not 0 < share < 1:
        return unknown
    train, held = (preparation.apply(part) for part in split_samples(data, share, key_for(seed, SPLIT)))
    known, best = isinstance(run.extra.get(FINGERPRINT), str), run.extra.get(BEST)
    loss = wanted[best - 1 if isinstance(best, int) and 0 < best <= len(wanted) else -1]
    if not known and not math.isclose(loss_over(run, (held.x, held.y)), loss, rel_tol=NEAR):
        return replace(unknown, doubtful=True)
    return Material(source=name, train=train, held=held, preparation=preparation)


def loss_over(run: Run, data: Batch) -> float:
    """Return a run's loss over some samples."""
    report = make_evaluation(run.net, run.loss)(run.params, run.placed(data), run.state)
    return float(run.backend.to_host(report["loss"]))


def repetition_of(run: Run, material: Material) -> Repetition | None:
    """Return what is needed to train a saved run again; None where it does not say, or its split is lost."""
    extra = run.extra
    name, rate, seed, size = (extra.get(word) for word in ("optimizer", "rate", "seed", "batch_size"))
    known = isinstance(rate, float) and isinstance(seed, int) and isinstance(size, int)
    if name not in OPTIMIZERS or not known or not material.split_known:
        return None
    try:
        backend = find_backend(str(extra.get("backend", "numpy")))
    except BackendError:
        backend = run.backend
    precision = str(extra.get("precision", "float32"))
    if precision != "float32" and precision not in backend.precisions:
        return None
    return Repetition(
        net=run.net,
        data=(material.train.x, material.train.y),
        loss=run.loss,
        optimizer=OPTIMIZERS[str(name)](rate),
        batch_size=int(str(size)) or None,
        seed=int(str(seed)),
        backend=backend,
        precision=precision,
        dtype=str(extra.get("dtype", "float32")),
    )
