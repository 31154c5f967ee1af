"""`doctor`: a run is trained again with the change that was advised, and both curves are shown."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bpcore.doors.plots.canvas import BLUE, ORANGE, canvas
from bpcore.doors.treatment import Treatment, treated
from bpcore.machine.step import Batch
from bpcore.parts.optimizers import Optimizer
from bpcore.run.feeding.streams import is_stream
from bpcore.run.fit import fit
from bpcore.run.result import History, Run, check_run
from bpcore.run.trouble.advice import Advice
from bpcore.run.trouble.monitor import monitor
from bpcore.words.errors import Diverged, OptionError
from bpcore.words.ranges import check_whole

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
        What was changed in the run that is after, in order.
    before, after : dict of lists of float
        Both histories. The losses of the second are in the unit of the first.
    left : tuple of Advice
        About the run that was trained last.
    run : Run
        That run. It takes features, and gives targets, as they were changed.
    diverged : tuple of str
        With what it diverged, where a training with more changes did.
    """

    advice: tuple[Advice, ...]
    changes: tuple[str, ...]
    before: History
    after: History
    left: tuple[Advice, ...]
    run: Run
    diverged: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.advice:
            return "nothing was found"
        lines = [str(one) for one in self.advice]
        if self.changes:
            first, last = self.before["loss"][-1], self.after["loss"][-1]
            lines.append(
                f"Changed: {', '.join(self.changes)}. The last loss is {last:.3g}; it was {first:.3g}."
            )
        if self.diverged:
            lines.append(f"Changed: {', '.join(self.diverged)}. With that it diverged.")
        if not self.changes and not self.diverged:
            lines.append("Nothing was changed: that is left to you.")
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
    data: Batch | None = None,
    /,
    *,
    optimizer: Optimizer | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    advice: Sequence[Advice] | None = None,
) -> Checkup:
    """Train a run again with the changes that are advised, and return both histories.

    Parameters
    ----------
    run : Run
        From `fit`, which is trained again as it was: with its samples that are held out, weights, penalty,
        metrics and so on, but without callbacks and checkpoints. That of a `Diverged` is one too.
    data : pair (x, y), or None
        The samples that it was trained on; None for those that the run remembers. A run that was loaded, and
        one that was trained on a stream, is to be given them.
    optimizer : Optimizer or None
    batch_size : int or None
    seed : int or None
        As `fit` was given them; None for what the run remembers.
    epochs : int or None
        None for as many as the run had, or was to have before it diverged.
    advice : sequence of Advice, or None
        What to change; None for what `monitor` says.

    Returns
    -------
    Checkup
        With ``advice``, ``changes``, ``before``, ``after``, ``left`` and ``plot()``. Rates are lowered to a
        third at a time, features and targets brought to mean 0 and deviation 1, columns left out, weights
        drawn anew from `He` or `Glorot`, activations replaced. Where something is still found after that it
        is changed too, four times at most; where the training diverges its rate is lowered.

    Raises
    ------
    OptionError
        For an optimizer that searches, or a run without a history; where a run remembers no data or
        optimizer and none is given; for epochs, a batch size or advice that are none.
    ShapeError, DataError
        When the data do not fit.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> x = np.linspace(-1.0, 1.0, 20)[:, None]
    >>> how = {"loss": bp.SquaredError(), "optimizer": bp.Adam(0.01), "epochs": 20}
    >>> run = bp.fit(bp.MLP([1, 8, 1]), (x, 300.0 + x**2), progress=None, **how)
    >>> checkup = bp.doctor(run)
    >>> checkup.changes
    ('targets of mean 0 and standard deviation 1',)
    >>> checkup.after["loss"][-1] < checkup.before["loss"][-1]
    True
    """
    check_run(run, "run of doctor")
    for name, number in (("epochs", epochs), ("batch_size", batch_size)):
        if number is not None:
            check_whole(f"{name} of doctor", number, 1)
    _check_advice(advice)
    given = {"batch_size": batch_size, "seed": seed}
    course = _Course(run, *_remembered(run, data, optimizer, given), epochs or _epochs(run))
    if not run.history.get("loss"):
        raise OptionError("run of doctor", run, "one with a history")
    return course.taken(course.advice(run, course.case) if advice is None else tuple(advice))


def _check_advice(advice: object) -> None:
    sequence = isinstance(advice, Sequence) and all(isinstance(one, Advice) for one in advice)
    if advice is not None and not sequence:
        raise OptionError("advice of doctor", advice, "some of what bpcore.monitor returned, or None")


@dataclass(frozen=True)
class _Course:
    """Visits, one after the other."""

    run: Run
    data: Batch
    optimizer: Optimizer
    options: Mapping[str, Any]
    epochs: int

    def taken(self, found: tuple[Advice, ...]) -> Checkup:
        """Return what came of the changes."""
        case = tried = self.case
        after, left, still = self.run, found, found
        failed: tuple[str, ...] = ()
        for _ in range(VISITS):
            changed = treated(tried, still)
            if changed is tried:
                break
            tried = changed
            again = self._trained(tried)
            if again is None:  # only a lower rate is left
                still, failed = (_LOWER,), tried.changes
                continue
            case, after, failed = tried, again, ()
            left = still = self.advice(after, case)
        return Checkup(
            advice=found,
            changes=case.changes,
            before=self.run.history,
            after=_in_unit(after.history, case),
            left=left,
            run=after,
            diverged=failed,
        )

    def advice(self, run: Run, case: Treatment) -> tuple[Advice, ...]:
        """Return what is said of a run."""
        return monitor(run, case.data, optimizer=case.optimizer, batch_size=self.options["batch_size"])

    @property
    def case(self) -> Treatment:
        """The training as it was."""
        run, held = self.run, self.options.get("validation")
        if isinstance(held, tuple | list):
            held = (*run.placed(tuple(held[:2]), "validation data"), *held[2:])
        return Treatment(
            net=run.net,
            data=run.placed(self.data),
            loss=run.loss,
            optimizer=self.optimizer,
            held=held if isinstance(held, tuple) else None,
            penalty=self.options.get("penalty"),
        )

    def _trained(self, case: Treatment) -> Run | None:
        """Return the training with its changes; None where it diverges."""
        options = dict(self.options) | {"penalty": case.penalty}
        if case.held is not None:
            options["validation"] = case.held
        elif is_stream(options.get("validation")):
            options |= {"validation": None, "metrics": (), "evaluate_averaged": False}
        if case.net is not self.run.net:  # they were of another network
            options["params"] = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that grow beyond all bounds
                return fit(
                    case.net,
                    case.data,
                    loss=case.loss,
                    optimizer=case.optimizer,
                    epochs=self.epochs,
                    backend=self.run.backend,
                    dtype=self.run.dtype,
                    diagnose=False,
                    progress=None,
                    **options,
                )
        except Diverged:
            return None


_LOWER = Advice(kind="rate", words="the loss is not finite", what_to_do="Lower the rate.", option="rate")


def _remembered(
    run: Run, data: Batch | None, optimizer: Optimizer | None, options: Mapping[str, int | None]
) -> tuple[Batch, Optimizer, dict[str, Any]]:
    """Return data, optimizer and options of a run: as it remembers, but for what is given."""
    recipe, its_optimizer = run.recipe, optimizer or (run.recipe and run.recipe.optimizer)
    if data is None and recipe is not None and not is_stream(recipe.data):
        data = recipe.data
    if data is None:
        raise OptionError("data of doctor", data, "the samples (x, y) of the run, which remembers none")
    if not isinstance(its_optimizer, Optimizer):
        wanted = "one that makes steps, as bpcore.Adam(1e-3)"
        raise OptionError("optimizer of doctor", its_optimizer, wanted)
    kept = {"precision": run.precision, "batch_size": None, "seed": 0}
    kept |= {} if recipe is None else recipe.options
    return data, its_optimizer, kept | {name: value for name, value in options.items() if value is not None}


def _epochs(run: Run) -> int:
    losses = run.history.get("loss", [])
    over = not losses or math.isfinite(losses[-1])
    return len(losses) if over or run.recipe is None else run.recipe.epochs


def _in_unit(history: History, case: Treatment) -> History:
    """Return the history with its losses in the unit of the targets as they were."""
    units = {"loss": case.unit, "validation_loss": case.unit, "validation_mae": case.scale}
    return {name: [units.get(name, 1.0) * one for one in column] for name, column in history.items()}
