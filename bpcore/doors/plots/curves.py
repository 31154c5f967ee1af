"""Curves over the epochs: loss and accuracy, with the epochs at which training was unstable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bpcore.doors.plots.canvas import BLUE, ORANGE, RED, canvas
from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy, SquaredError
from bpcore.run.result import Run
from bpcore.run.trouble.stability import Spike, spikes
from bpcore.words.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["accuracy", "history_of", "loss"]

LOSSES = {
    BinaryCrossEntropy: "binary cross-entropy",
    CrossEntropy: "cross-entropy",
    SquaredError: "squared error",
}
"""What they are called in words."""

LABELLED = 3
"""Spikes that get a label: the highest."""

History = Mapping[str, Sequence[float]]


def loss(run: Run | History, /, *, ax: Axes | None = None) -> Axes:
    """Draw the loss over the epochs, on a logarithmic axis; spikes are shaded, the highest labelled.

    Parameters
    ----------
    run : Run, or its history
        Losses of training and, where there are some, of validation.
    ax : Axes or None
        Where to draw; left out, a figure of its own.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        When no loss was recorded.
    LibraryMissing
        When matplotlib is not installed.

    Notes
    -----
    A spike is what `bpcore.run.trouble.stability.spikes` finds: the loss rises by a twentieth of itself or
    more, and comes back.
    """
    history = history_of(run)
    ax = _drawn(history, "loss", canvas(ax, 6.4, 4.4))
    if all(number > 0 for name in ("loss", "validation_loss") for number in history.get(name, ())):
        ax.set_yscale("log")
    found = spikes(history["loss"])
    _shade(ax, found)
    for spike in sorted(found, key=lambda spike: -spike.height)[:LABELLED]:
        ax.plot([spike.peak], [spike.height], "o", color=RED, markersize=4)
        words = f"epoch {spike.peak}: {spike.height:.3g}"
        ax.annotate(words, (spike.peak, spike.height), xytext=(6, 2), textcoords="offset points", color=RED)
    ax.set(title=f"Training loss{_kind(run)}", ylabel="loss")
    return ax


def accuracy(run: Run | History, /, *, ax: Axes | None = None) -> Axes:
    """Draw the accuracy over the epochs, from 0 to 1.05; the spikes of the loss are shaded.

    Parameters, result and errors: as for `loss`.
    """
    history = history_of(run)
    ax = _drawn(history, "accuracy", canvas(ax, 6.4, 4.4))
    _shade(ax, spikes(history.get("loss", ())))
    ax.set(title="Training accuracy", ylabel="accuracy", ylim=(0, 1.05))
    return ax


def history_of(run: Run | History) -> History:
    """Return the history of a run, or the one that was given."""
    return run.history if isinstance(run, Run) else run


def _kind(run: Run | History) -> str:
    return f" ({LOSSES[type(run.loss)]})" if isinstance(run, Run) and type(run.loss) in LOSSES else ""


def _drawn(history: History, name: str, ax: Axes) -> Axes:
    values = history.get(name, ())
    if not values:
        known = ", ".join(history) or "nothing"
        raise DataError(
            f"there is no {name} in this history, which holds {known}: a curve needs one an epoch."
        )
    epochs = range(1, len(values) + 1)
    ax.plot(epochs, values, color=BLUE, linewidth=1.6, label="training")
    held = history.get(f"validation_{name}", ())
    if held:
        ax.plot(range(1, len(held) + 1), held, "--", color=ORANGE, linewidth=1.4, label="validation")
        ax.legend(loc="best")
    ax.set_xlabel("epoch")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3, which="both")
    return ax


def _shade(ax: Axes, found: Sequence[Spike]) -> None:
    for spike in found:
        ax.axvspan(spike.start, spike.end, color=RED, alpha=0.12, linewidth=0)
