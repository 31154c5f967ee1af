"""A sweep of learning rates: the same start at each, and which of them diverged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bpcore.doors.plots.canvas import BLUE, GREY, RED, canvas
from bpcore.doors.plots.curves import History, history_of
from bpcore.machine.step import Batch
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import SGD, Optimizer
from bpcore.run.fit import fit
from bpcore.run.result import Run
from bpcore.words.errors import DataError, Diverged
from bpcore.words.protocols import Tree

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["final_losses", "rate_sweep", "rates"]

ROOM, DEPTH = 100, 1e-9
"""How many times its first loss a curve may rise, or fall to, before it leaves the picture."""

Sweep = Mapping[float, Run | History | Sequence[float]]
"""For each rate the losses of its epochs; the last of them is not finite where the run diverged."""


def rate_sweep(
    net: Layer,
    data: Batch,
    /,
    *,
    rates: Sequence[float],
    loss: Loss,
    optimizer: Callable[[float], Optimizer] = SGD,
    epochs: int = 100,
    seed: int = 0,
    params: Tree | None = None,
) -> dict[float, list[float]]:
    """Train from one start at several rates.

    Parameters
    ----------
    net, data, loss, epochs, seed, params
        As for ``bp.fit``.
    rates : sequence of float
    optimizer : function
        Of the rate, to an optimizer.

    Returns
    -------
    dict
        For each rate the loss of each epoch. A run that diverged ends with infinity.
    """
    return {
        rate: _losses(
            net, data, loss=loss, optimizer=optimizer(rate), epochs=epochs, seed=seed, params=params
        )
        for rate in rates
    }


def _losses(
    net: Layer,
    data: Batch,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    seed: int,
    params: Tree | None,
) -> list[float]:
    seen: list[float] = []

    def watch(epoch: int, epochs: int, row: Mapping[str, float]) -> None:
        seen.append(row["loss"])

    try:
        fit(
            net, data, loss=loss, optimizer=optimizer, epochs=epochs, seed=seed, params=params, progress=watch
        )
    except Diverged:
        seen.append(math.inf)
    return seen


def rates(sweep: Sweep, /, *, ax: Axes | None = None) -> Axes:
    """Draw one curve of the loss for each rate; where a run diverged its curve leaves the picture at a cross.

    Parameters
    ----------
    sweep : mapping of rate to losses, or to a Run, or to a history
        As from `rate_sweep`. Where the last loss is not finite the run diverged.
    ax : Axes or None
        Where to draw; left out, a figure of its own.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        When the sweep holds no losses.
    LibraryMissing
        When matplotlib is not installed.
    """
    curves = _curves(sweep)
    ax = canvas(ax, 6.8, 4.6)
    from matplotlib import colormaps

    colours = colormaps["viridis"]
    _logarithmic(ax, curves)
    top = _top(curves)
    for i, (rate, losses) in enumerate(curves.items()):
        shown = [value for value in losses if math.isfinite(value)]
        colour = colours(0.88 * i / max(1, len(curves) - 1))
        last = "diverged" if diverged(losses) else f"{losses[-1]:.3g}"
        ax.plot(range(1, len(shown) + 1), shown, color=colour, linewidth=1.4, label=f"{rate:g}: {last}")
        if diverged(losses) and shown:
            place = next((i for i, value in enumerate(shown, start=1) if value > top), len(shown))
            height = min(shown[place - 1], top)
            ax.plot([place], [height], "X", color=RED, markersize=9, zorder=4, clip_on=False)
    if max(value for losses in curves.values() for value in losses) > top:
        ax.set_ylim(top=top)
    if ax.get_yscale() == "log" and ax.get_ylim()[0] < DEPTH * top:
        ax.set_ylim(bottom=DEPTH * top)
    ax.set(title="One start, several rates", xlabel="epoch", ylabel="loss")
    ax.grid(alpha=0.3)
    ax.legend(title="rate: last loss", loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=9)
    return ax


def final_losses(sweep: Sweep, /, *, ax: Axes | None = None) -> Axes:
    """Draw the last loss against the rate; rates at which the run diverged are marked at the upper edge.

    Parameters, result and errors: as for `rates`.
    """
    curves = _curves(sweep)
    ax = canvas(ax, 6.4, 4.4)
    ends = {rate: losses[-1] for rate, losses in sorted(curves.items()) if not diverged(losses)}
    if ends:
        ax.plot(list(ends), list(ends.values()), "o-", color=BLUE)
    if all(rate > 0 for rate in curves):
        ax.set_xscale("log")
    if all(ends.values()):  # 0 has no place on a logarithmic axis
        _logarithmic(ax, curves)
    lost = [rate for rate in sorted(curves) if rate not in ends]
    edge = ax.get_xaxis_transform()  # the height as a share of the picture
    ax.plot(lost, [0.95] * len(lost), "X", color=RED, markersize=9, transform=edge, linestyle="none")
    for rate in lost:
        ax.axvline(rate, color=RED, alpha=0.25, linewidth=1)
        ax.text(rate, 0.89, "diverged", color=RED, ha="center", va="top", rotation=90, transform=edge)
    lowest = min(ends, key=lambda rate: ends[rate], default=None)
    if lowest is not None:
        ax.axvline(lowest, color=GREY, linestyle=":", label=f"lowest: {ends[lowest]:.3g} at {lowest:g}")
        ax.legend(loc="best")
    ax.set(title="Where each rate ends", xlabel="rate", ylabel="last loss")
    ax.grid(alpha=0.3)
    return ax


def diverged(losses: Sequence[float]) -> bool:
    """Return whether a curve ends in what is not a number of any use."""
    return not math.isfinite(losses[-1])


def _curves(sweep: Sweep) -> dict[float, list[float]]:
    curves = {float(rate): _of(run) for rate, run in sweep.items()}
    empty = [rate for rate, losses in curves.items() if not losses]
    if empty or not curves:
        what = f"no losses at rate {empty[0]:g}" if empty else "no rates"
        raise DataError(f"there are {what} in this sweep: make one with rate_sweep.")
    return curves


def _of(run: Run | History | Sequence[float]) -> list[float]:
    return list(history_of(run).get("loss", ())) if isinstance(run, Run | Mapping) else list(run)


def _top(curves: Mapping[float, Sequence[float]]) -> float:
    """Return where the picture ends: a curve on its way to infinity leaves it."""
    return ROOM * max((losses[0] for losses in curves.values() if math.isfinite(losses[0])), default=1.0)


def _logarithmic(ax: Axes, curves: Mapping[float, Sequence[float]]) -> None:
    """Make the axis logarithmic, unless a loss is below 0; one of exactly 0 is below the picture."""
    values = [value for losses in curves.values() for value in losses if not math.isnan(value)]
    if min(values, default=0) >= 0 and max(values, default=0) > 0:
        ax.set_yscale("log", nonpositive="clip")
