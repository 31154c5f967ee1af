"""What a page says of a run, as names and values: nothing here is HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.environment import environment, today
from bpcore.doors.material import Material
from bpcore.doors.summary import BEST
from bpcore.parts.layers import Chain
from bpcore.parts.metrics import predicted
from bpcore.run.datasets import Dataset
from bpcore.run.result import Run
from bpcore.run.tables.columns import listed
from bpcore.run.trouble.repetition import Repetition
from bpcore.words.protocols import Array
from bpcore.words.trees import size

__all__ = ["Confusion", "LayerRow", "confusion", "layer_rows", "summary", "surroundings"]

Rows = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """A layer: what it is, the shape of a sample after it, and how many parameters it has."""

    name: str
    shape: str
    parameters: int


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """How often a class was taken for another.

    Attributes
    ----------
    title : str
    classes : tuple of str
    counts : tuple of tuples of int
        A row for each true class, a column for each answer.
    """

    title: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(row[i] for i, row in enumerate(self.counts))

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(map(sum, self.counts))


def summary(run: Run, material: Material | None, repetition: Repetition | None, epochs: int) -> Rows:
    """Return the summary, one line a row."""
    return [*_data(material), *_training(run, repetition, epochs), *_results(run)]


def _data(material: Material | None) -> Iterator[tuple[str, str]]:
    if material is None:
        yield "data", "not known"
        return
    train, held = material.train, material.held
    samples = f"{train.x.shape[0]} samples" + (
        f" to train on, {held.x.shape[0]} held out" if held is not None else ""
    )
    yield "data", ", ".join([*filter(None, [material.source]), samples, f"{len(train.features)} features"])
    if train.task == "regression":
        yield "target", f"{listed(train.targets, 6)}: a quantity"
    else:
        yield (
            "target",
            f"{listed(train.targets, 6)}: {len(train.classes)} classes, {listed(train.classes, 6)}",
        )
    if material.doubtful:
        said = "does not give the held-out loss of this run: it is not the data that the model was trained on"
        yield (
            "held out",
            f"{material.source} {said}, or was split otherwise; all of it is shown together",
        )
    elif not material.split_known:
        yield (
            "held out",
            "samples were held out, and which is not known: below all of them are shown together",
        )


def _training(run: Run, repetition: Repetition | None, epochs: int) -> Iterator[tuple[str, str]]:
    yield "network", f"{run.net}, {size(run.params)} parameters"
    yield "loss function", str(run.loss)
    if repetition is None:
        yield "optimizer", _told(run)
    else:
        some = f"batches of {repetition.batch_size}"
        batches = "all samples in one batch" if repetition.full_batch else some
        yield (
            "optimizer",
            f"{type(repetition.optimizer).__name__}, rate {repetition.optimizer.highest_rate:g}, {batches}",
        )
        given = ", which drew no start: the parameters were given" if repetition.params is not None else ""
        yield "seed", f"{repetition.seed}{given}"
    yield "training", f"{epochs} epochs" + (f" in {run.seconds:.2f} s" if run.seconds else "")
    best = run.extra.get(BEST)
    if isinstance(best, int) and best:
        yield "weights", f"those of epoch {best}, the best on the samples held out"


def _told(run: Run) -> str:
    """Return what a file says of its optimizer, where the training cannot be repeated."""
    name, rate, size = (run.extra.get(word) for word in ("optimizer", "rate", "batch_size"))
    if not isinstance(name, str) or not isinstance(rate, float) or not isinstance(size, int):
        return "not known"
    return f"{name}, rate {rate:g}, {f'batches of {size}' if size else 'all samples in one batch'}"


def _results(run: Run) -> Iterator[tuple[str, str]]:
    """Yield first, last and best of each quantity of the history."""
    for name, values in run.history.items():
        if not values:
            continue
        best = max if name.endswith("accuracy") else min
        at = values.index(best(values)) + 1
        said = f"first {values[0]:.6g}, last {values[-1]:.6g}, best {values[at - 1]:.6g} in epoch {at}"
        yield name.replace("validation_", "held-out "), said


def layer_rows(run: Run) -> list[LayerRow]:
    """Return the layers of a network, in order."""
    if not isinstance(run.net, Chain):
        shape = run.net.output_shape(run.features)
        return [LayerRow(name=str(run.net), shape=_sized(shape), parameters=size(run.params))]
    rows, shape = [], run.features
    for layer, params in zip(run.net.layers, run.params, strict=True):
        shape = layer.output_shape(shape)
        rows.append(LayerRow(name=str(layer), shape=_sized(shape), parameters=size(params)))
    return rows


def _sized(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "1"


def confusion(run: Run, data: Dataset, title: str) -> list[Confusion]:
    """Return a table for each target of classes: one, or one for each column of several that are binary."""
    labels = predicted(run.loss, run.predict(data.x))
    if labels is None or data.task == "regression":
        return []
    answers = run.backend.to_host(labels)
    if data.task == "multiclass":
        return [_counted(title, data.classes, _integers(data.y), _integers(answers))]
    names = data.targets if len(data.targets) > 1 else ("",)
    return [
        _counted(
            f"{title}: {name}" if name else title,
            data.classes,
            _integers(data.y[:, i] > 0.5),  # noqa: PLR2004
            _integers(answers[:, i]),
        )
        for i, name in enumerate(names)
    ]


def _integers(labels: Array) -> list[int]:
    xp = array_namespace(labels)
    if labels.ndim > 1:
        labels = xp.argmax(labels, axis=-1)
    return [int(label) for label in xp.astype(labels, xp.int64).tolist()]


def _counted(title: str, classes: tuple[str, ...], truth: list[int], answers: list[int]) -> Confusion:
    counts = [[0] * len(classes) for _ in classes]
    for true, answer in zip(truth, answers, strict=True):
        counts[true][answer] += 1
    return Confusion(title=title, classes=classes, counts=tuple(map(tuple, counts)))


def surroundings(run: Run) -> Rows:
    """Return where it was trained, as far as the run says so, and where the page was made."""
    told = run.extra.get("environment")
    here = environment(run.backend)
    if not isinstance(told, Mapping):
        return [("trained", "the run does not say where"), *here.items()]
    names = [name for name in here if isinstance(told.get(name), str)]
    return [
        *((name, str(told[name])) for name in names),
        ("page made", f"{today()}, bpcore {here['bpcore']}"),
    ]
