"""Pictures of a network that ``bpcore train`` wrote."""

from __future__ import annotations

from pathlib import Path

from bpcore.doors import plots
from bpcore.doors.material import Material, found_again, repetition_of
from bpcore.doors.models import load_model
from bpcore.doors.pictures.destination import Destination
from bpcore.doors.pictures.labels import labels, plain
from bpcore.doors.pictures.of_data import column_of
from bpcore.doors.plots.canvas import figure
from bpcore.doors.plots.regions import check_plane
from bpcore.doors.plots.writing import FILMS
from bpcore.run.datasets import DATASETS
from bpcore.run.result import Run
from bpcore.words.errors import DataError, FileError

__all__ = ["boundary_picture", "curves_picture", "figure_picture", "film_picture", "flow_picture"]


def _known(model: str, data: str | None) -> tuple[Run, Material]:
    """Return a run of a file, and its samples."""
    run = load_model(model)
    material = found_again(run, data, model=model)
    if material is None:
        do = "Draw it in Python, with bp.plots, or train it with bpcore train."
        raise FileError(model, "the model does not say what data it was trained on", do)
    return run, material


def _plane(run: Run, material: Material) -> None:
    check_plane(run.features)
    if material.train.task == "regression":
        raise DataError(f"{material.source} has no classes: a decision boundary is one between classes.")


def boundary_picture(
    model: str, *, data: str | None, target: str | None, output: str | None, dpi: float | None
) -> str:
    """Draw a decision boundary."""
    place = Destination(output, model, "boundary", data=data)
    run, material = _known(model, data)
    _plane(run, material)
    train = material.train
    shown = plots.boundary(
        run, train.x, train.y, output=column_of(train, target), **labels(train, material.preparation)
    )
    return place.take(shown, dpi)


def film_picture(
    model: str, *, data: str | None, target: str | None, frames: int, output: str | None, dpi: float | None
) -> str:
    """Train again, and film the boundary."""
    place = Destination(output, model, "film", kinds=FILMS, data=data)
    run, material = _known(model, data)
    _plane(run, material)
    again = repetition_of(run, material)
    if again is None and not material.split_known:
        raise DataError(
            f"{material.source} is not known to be the data that this model was trained on: name that with "
            "--data, or train again."
        )
    if again is None:
        do = "Train it again with bpcore train."
        raise FileError(model, "the model does not say how it was trained", do)
    epochs = len(run.history.get("loss", ())) or 1
    taken = plots.film_of_training(
        again.net,
        again.data,
        loss=again.loss,
        optimizer=again.optimizer,
        epochs=epochs,
        every=max(1, epochs // (frames - 1)),
        batch_size=again.batch_size,
        seed=again.seed,
        backend=again.backend,
        dtype=again.dtype,
    )
    train = material.train
    column = column_of(train, target)
    shown = plots.boundary_film(
        run.net, taken, train.x, train.y, loss=run.loss, output=column, **labels(train, material.preparation)
    )
    return place.take(shown, dpi or 80)


def curves_picture(model: str, *, output: str | None, dpi: float | None) -> str:
    """Draw loss and accuracy."""
    place = Destination(output, model, "curves")
    run = load_model(model)
    several = "accuracy" in run.history
    whole = figure(11 if several else 6.4, 4.4)
    axes = whole.subplots(1, 2 if several else 1, squeeze=False)[0]
    plots.loss(run, ax=axes[0])
    if several:
        plots.accuracy(run, ax=axes[1])
    return place.take(whole, dpi)


def figure_picture(
    model: str, *, data: str | None, target: str | None, output: str | None, dpi: float | None
) -> str:
    """Draw the notebook's figure."""
    place = Destination(output, model, "figure", data=data)
    run, material = _known(model, data)
    _plane(run, material)
    train = material.train
    stem = Path(material.source).stem
    title = f"{stem.capitalize() if stem in DATASETS else plain(stem)} dataset"
    column = column_of(train, target)
    shown = plots.notebook_figure(
        run, train.x, train.y, output=column, title=title, **labels(train, material.preparation)
    )
    return place.take(shown, dpi)


def flow_picture(model: str, *, data: str | None, output: str | None, dpi: float | None) -> str:
    """Draw the gradient flow of a trained network."""
    place = Destination(output, model, "flow", data=data)
    run, material = _known(model, data)
    x, y = run.placed((material.train.x, material.train.y))
    return place.take(plots.gradient_flow(run.net, run.params, x, y, run.loss, state=run.state), dpi)
