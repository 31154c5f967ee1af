"""What ``bpcore train`` prints in the end: a summary."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bpcore.parts.layers import Chain, Linear
from bpcore.run.datasets import DATASETS, Dataset
from bpcore.run.result import Run
from bpcore.run.tables.columns import listed
from bpcore.run.tables.preparation import Preparation
from bpcore.words.trees import size

__all__ = ["BEST", "summary"]

BEST = "best_epoch"
"""Where a file says which epoch's weights it holds, where that is not the last."""

ORDER = ("loss", "accuracy", "validation_loss", "validation_accuracy")


def summary(
    source: str,
    data: Dataset,
    preparation: Preparation,
    run: Run,
    written: str,
    *,
    last_column: bool,
    best_epoch: int = 0,
) -> str:
    """Return the closing lines: name, then number or words; `best_epoch` is that of the weights, or 0."""
    weights = f", the weights are those of epoch {best_epoch}" if best_epoch else ""
    lines = [
        ("data", f"{source}: {data.x.shape[0]} samples, {_counted(len(data.features), 'feature')}"),
        ("target", _target(source, data, last_column=last_column)),
        ("network", _network(run)),
        ("backend", f"{run.backend.name} {run.backend.version}, {_floats(run)}"),
        ("first loss", f"{run.first_loss:.8g}"),
        *_results(run, preparation, best_epoch - 1),
        ("time", f"{_time(run)}{_counted(len(run.history['loss']), 'epoch')}{weights}"),
        ("model", written),
    ]
    return "\n".join(f"{name:<19}{value}" for name, value in lines)


def _floats(run: Run) -> str:
    """Return the dtype of the parameters, and what steps computed in where that is another."""
    plain = run.backend.precision(run.precision).plain(run.place.device)
    return run.dtype if run.precision == "float32" or plain else f"{run.dtype}, steps in {run.precision}"


def _time(run: Run) -> str:
    """Return what the training took; nothing for a run with a checkpoint, which may have been stopped."""
    return f"{run.seconds:.2f} s for " if run.seconds else ""


def _target(source: str, data: Dataset, *, last_column: bool) -> str:
    names = listed(data.targets)
    if last_column and source not in DATASETS:
        names += " (the last column; --target names another)"
    if data.task == "regression":
        return f"{names}: a quantity"
    return f"{names}: {len(data.classes)} classes, {listed(data.classes)}"


def _network(run: Run) -> str:
    net = run.net
    layers = net.layers if isinstance(net, Chain) else ()
    sizes = [*run.features, *(layer.outputs for layer in layers if isinstance(layer, Linear))]
    between = [str(layer).lower() for layer in layers if not isinstance(layer, Linear)]
    return ", ".join(["-".join(map(str, sizes)), *between[:1], f"{size(run.params)} parameters"])


def _results(run: Run, preparation: Preparation, epoch: int) -> Iterator[tuple[str, str]]:
    """Yield an epoch's numbers, the last one's for -1; for a quantity also the error in its own unit."""
    for name in ORDER:
        if name in run.history:
            form = ".4f" if name.endswith("accuracy") else ".6g"
            yield _worded(name), format(run.history[name][epoch], form)
    for scale in preparation.target_scale:
        for name in ("loss", "validation_loss"):
            if name in run.history:
                error = math.sqrt(run.history[name][epoch]) * scale
                yield _worded(name.replace("loss", "error")), f"{error:.6g} (root mean square)"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def _worded(name: str) -> str:
    return name.replace("validation_", "held-out ")
