"""Pictures of data, and of training on it at several rates."""

from __future__ import annotations

from typing import Any

from bpcore.doors import plots
from bpcore.doors.pictures.destination import Destination
from bpcore.doors.pictures.labels import labels, plain
from bpcore.doors.plots.canvas import figure
from bpcore.doors.recipes import LOSSES, recipe_for
from bpcore.doors.sources import load_samples
from bpcore.parts.perceptron import MLP
from bpcore.run.datasets import Dataset
from bpcore.run.tables.preparation import Preparation
from bpcore.words.errors import DataError, OptionError, choose

__all__ = ["column_of", "data_picture", "rates_picture"]

PAIR = 2


def data_picture(
    source: str,
    *,
    features: str | None,
    target: str | None,
    seed: int,
    output: str | None,
    dpi: float | None,
) -> str:
    """Draw samples."""
    place = Destination(output, source, "data")
    several = source == "gates"
    found = load_samples(source, seed=seed, target=None if several else target)
    x, names = _two(found, features)
    known = {**labels(found), "names": tuple(map(plain, names))}
    shown = plots.data(x, found.y, output=column_of(found, target), **known)
    return place.take(shown, dpi)


def _two(found: Dataset, features: str | None) -> tuple[Any, tuple[str, ...]]:
    """Return two columns of the features, and their names."""
    if features is None:
        if len(found.features) != PAIR:
            known = ", ".join(found.features[:6])
            more = f"two of {known}{', ...' if len(found.features) > 6 else ''}"  # noqa: PLR2004
            raise DataError(f"{found.name} has {len(found.features)} features: name {more} with --features.")
        return found.x, found.features
    words = tuple(word.strip() for word in features.split(","))
    if len(words) != PAIR:
        raise OptionError("--features", features, "two names with a comma between")
    places = [found.features.index(choose("--features", word, found.features)) for word in words]
    return found.x[:, places], words


def column_of(found: Dataset, target: str | None) -> int | None:
    """Return which target is meant, where there are several."""
    if len(found.targets) == 1:
        return None
    if target is None:
        raise DataError(
            f"{found.name} has several targets: name one of {', '.join(found.targets)} with --target."
        )
    return found.targets.index(choose("--target", target, found.targets))


def rates_picture(
    source: str, *, rates: tuple[float, ...], epochs: int, seed: int, output: str | None, dpi: float | None
) -> str:
    """Train at several rates, and draw where each leads."""
    place = Destination(output, source, "rates")
    recipe = recipe_for(source)
    found = load_samples(source, seed=seed)
    found = Preparation.measured(found, scaling=recipe.scaling).apply(found)
    outputs = len(found.classes) if found.task == "multiclass" else found.y.shape[1]
    net = MLP([found.x.shape[1], *recipe.hidden, outputs], activation=recipe.activation)
    sweep = plots.rate_sweep(
        net, (found.x, found.y), rates=sorted(set(rates)), loss=LOSSES[found.task], epochs=epochs, seed=seed
    )
    whole = figure(12.5, 4.6)
    left, right = whole.subplots(1, 2)
    plots.final_losses(sweep, ax=left)
    plots.rates(sweep, ax=right)
    return place.take(whole, dpi)
