"""`doctor`: a run is trained again with the change that was advised, and both curves are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bpcore.doors.plots.canvas import BLUE, ORANGE, canvas
from bpcore.doors.treatment import Treatment, treated
from bpcore.machine.step import Batch
from bpcore.parts.optimizers import Optimizer
from bpcore.run.advice import Advice
from bpcore.run.fit import fit
from bpcore.run.monitor import monitor
from bpcore.run.result import History, Run
from bpcore.words.errors import Diverged, OptionError

__all__ = ["Checkup", "doctor"]

VISITS = 4
"""How often it is trained again at most: what is left after a change is treated too."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Checkup:
    """A run before and after.

    Attributes
    ----------
    advice : tuple of Advice
        About the run as it was.
    changes : tuple of str
        What was changed, in order.
    before, after : dict of lists of float
        Both histories. The losses of the second are in the unit of the first.
    left : tuple of Advice
        About the run that was trained last.
    run : Run
        That run. It takes features, and gives targets, as they were changed.
    """

    advice: tuple[Advice, ...]
    changes: tuple[str, ...]
    before: History
    after: History
    left: tuple[Advice, ...]
    run: Run

    def __str__(self) -> str:
        if not self.advice:
            return "nothing was found"
        lines = [str(one) for one in self.advice]
        if self.changes:
            first, last = self.before["loss"][-1], self.after["loss"][-1]
            lines.append(f"With {', '.join(self.changes)} the last loss is {last:.3g}; it was {first:.3g}.")
        return "\n".join(lines)

    def plot(self, *, ax: Any = None) -> Any:
        """Draw both curves of the loss; return matplotlib's axes, those that were given or new ones.

        Raises
        ------
        LibraryMissing
            When matplotlib is not installed.
        """
        ax = canvas(ax, 6.4, 4.4)
        curves = (("as it was", self.before, BLUE), (", ".join(self.changes), self.after, ORANGE))
        for label, history, colour in curves if self.changes else curves[:1]:
            ax.plot(range(1, len(history["loss"]) + 1), history["loss"], color=colour, label=label)
        if all(loss > 0 for _, history, _ in curves for loss in history["loss"]):
            ax.set_yscale("log")
        ax.set(title="Training loss, before and after", xlabel="epoch", ylabel="loss")
        ax.grid(alpha=0.3, which="both")
        ax.legend(loc="best")
        return ax


def doctor(
    run: Run,
    data: Batch,
    /,
    *,
    optimizer: Optimizer,
    batch_size: int | None = None,
    seed: int = 0,
    epochs: int | None = None,
    advice: Sequence[Advice] | None = None,
) -> Checkup:
    """Train a run again with the changes that are advised, and return both histories.

    Parameters
    ----------
    run : Run
    data : pair (x, y)
        The samples that it was trained on.
    optimizer : Optimizer
    batch_size : int or None
    seed : int
        As `fit` was given them.
    epochs : int or None
        None for as many as the run had.
    advice : sequence of Advice, or None
        What to change; None for what `monitor` says.

    Returns
    -------
    Checkup
        With ``advice``, ``changes``, ``before``, ``after``, ``left`` and ``plot()``. Rates are lowered to a
        third at a time, features and targets brought to mean 0 and deviation 1, columns left out, weights
        drawn anew from `He` or `Glorot`, activations replaced. Where something is still found after that it
        is changed too, four times at most.

    Raises
    ------
    OptionError
        For an optimizer that searches, or a run without a history.
    ShapeError, DataError
        When the data do not fit.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> x = np.linspace(-1.0, 1.0, 20)[:, None]
    >>> data = (x, 300.0 + x**2)
    >>> how = {"optimizer": bp.Adam(0.01)}
    >>> run = bp.fit(bp.MLP([1, 8, 1]), data, loss=bp.SquaredError(), epochs=20, **how)
    >>> checkup = bp.doctor(run, data, **how)
    >>> checkup.changes
    ('targets of mean 0 and standard deviation 1',)
    >>> checkup.after["loss"][-1] < checkup.before["loss"][-1]
    True
    """
    if not isinstance(optimizer, Optimizer):
        raise OptionError("optimizer of doctor", optimizer, "one that makes steps, as bpcore.Adam(1e-3)")
    if not run.history.get("loss"):
        raise OptionError("run of doctor", run, "one with a history")
    found = (
        monitor(run, data, optimizer=optimizer, batch_size=batch_size) if advice is None else tuple(advice)
    )
    case = Treatment(net=run.net, data=run.placed(data), loss=run.loss, optimizer=optimizer)
    epochs = epochs or len(run.history["loss"])
    after, left = run, found
    for _ in range(VISITS):
        changed = treated(case, left)
        if changed is case:
            break
        case = changed
        again = _trained(case, run, epochs, batch_size, seed)
        if again is None:  # it diverged: only a lower rate is left
            left = (_LOWER,)
            continue
        after = again
        left = monitor(after, case.data, optimizer=case.optimizer, batch_size=batch_size)
    history = dict(after.history) | {
        name: [loss * case.unit for loss in column]
        for name, column in after.history.items()
        if name == "loss" and after is not run
    }
    return Checkup(
        advice=found, changes=case.changes, before=run.history, after=history, left=left, run=after
    )


_LOWER = Advice(kind="rate", words="the loss is not finite", what_to_do="Lower the rate.", option="rate")


def _trained(case: Treatment, run: Run, epochs: int, batch_size: int | None, seed: int) -> Run | None:
    """Return the training with its changes; None where it diverges."""
    try:
        return fit(
            case.net,
            case.data,
            loss=case.loss,
            optimizer=case.optimizer,
            epochs=epochs,
            batch_size=batch_size,
            seed=seed,
            backend=run.backend,
            dtype=run.dtype,
            precision=run.precision,
            progress=None,
        )
    except Diverged:
        return None
