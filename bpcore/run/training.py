"""A run that goes on, epoch by epoch: what is written down of each, who is told of it, what is kept."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Protocol

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.loss_scale import LEAST, LOSS_SCALE, SKIPPED
from bpcore.machine.step import LAYERS, Batch
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import AVERAGE
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.run.callbacks import Callbacks, Ending, Epoch
from bpcore.run.feeding.epochs import Between, Done
from bpcore.run.feeding.held_out import HeldOut
from bpcore.run.feeding.place import Place
from bpcore.run.feeding.rows import is_stuck, row_of
from bpcore.run.files.checkpoints import Keeper, Reached
from bpcore.run.files.interrupts import Interrupts, Stopped
from bpcore.run.progress import Progress, Shown, shown
from bpcore.run.rates import Plateau
from bpcore.run.result import History
from bpcore.run.trouble.replay import Replay
from bpcore.words.errors import Diverged
from bpcore.words.frames import stack_level
from bpcore.words.protocols import Array, Tree

__all__ = ["Engine", "Training"]


APART = 0.5
"""Seconds between two looks at how far an epoch is."""


class Engine(Protocol):
    """What makes the steps of epochs: `Epochs` on arrays, `StreamEpochs` on a stream."""

    params: Tree
    state: Tree
    step: Callable[..., Tree]
    made: int
    between: Between | None
    most: int | None

    @property
    def samples(self) -> int | None:
        """How many an epoch has, where that is known."""

    def many(
        self, epochs: int, *, one_by_one: bool, made: int = 0, part: Done | None = None
    ) -> Iterator[Done]:
        """Make the epochs after the first `made`, up to `epochs`; yield each one when it is done."""

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch once more."""

    def sample(self, epoch: int, batch: int, row: int) -> int | None:
        """Return which sample is in a row of a batch; None where samples have no number."""


class Training:
    """A run.

    Parameters
    ----------
    engine : Engine
        With the parameters and the state to start from.
    place : Place
    loss : Loss
    epochs : int
        How many there are to be in all.
    held : HeldOut or None
    plateau : ReduceOnPlateau or None
        A rate that follows the history.
    callbacks : Callbacks
    keeper : Keeper or None
        Of the checkpoint.
    replay : Replay or None
        That finds out where it went wrong.
    averaged : bool
        Whether held-out samples are measured with the averaged parameters.

    Attributes
    ----------
    history : dict of lists of float
    first_loss : float
        Of the first step of all.
    epoch : int
        How many epochs are made.
    """

    def __init__(
        self,
        engine: Engine,
        place: Place,
        loss: Loss,
        epochs: int,
        *,
        held: HeldOut | None,
        plateau: ReduceOnPlateau | None,
        callbacks: Callbacks,
        keeper: Keeper | None,
        replay: Replay | None,
        averaged: bool = False,
    ) -> None:
        self.engine, self.place, self.loss, self.epochs = engine, place, loss, epochs
        self.held, self.callbacks, self.keeper = held, callbacks, keeper
        self.plateau = None if plateau is None else Plateau(plateau)
        self.replay, self.averaged = replay, averaged
        self.history: History = {}
        self.first_loss, self.epoch = math.nan, 0
        self._since = 0.0
        self._part: Done | None = None
        self._steps, self._of_epoch = 0, 0
        self._over = False
        self._wanted: Ending | None = None

    def run(self, progress: str | Progress | None) -> Ending:
        """Make the epochs, or those that a checkpoint leaves; return what the run ends with.

        Raises
        ------
        Diverged
            A loss is not finite.
        Stopped
            Ctrl-C, after the checkpoint was written.
        """
        with ExitStack() as scopes:
            scopes.enter_context(self._alone())
            over = self._begin()
            show = scopes.enter_context(shown(progress, self.epochs, self.rate, self.epoch))
            interrupts = scopes.enter_context(self._interrupts())
            if not over:
                self._go_on(show, interrupts)
        return self._with_average(self.engine.params, self.engine.state)

    def look_back(self) -> None:
        """Warn of what stops nothing: no step that was taken, a validation loss that was not finite."""
        skipped, steps = self.history.get(SKIPPED, []), self._of_epoch
        if steps and all(count >= steps for count in skipped) and skipped:
            last = self.history[LOSS_SCALE][-1]
            words = (
                f"all steps of all {len(skipped)} epochs were skipped, for at each a gradient was not finite "
                f"in float16: the parameters are those of the start. The loss scale came down to {last:g}. "
                "Bring targets and features to the size of 1, or begin with a smaller scale, as "
                f"loss_scale=bpcore.LossScale(init_scale={max(last, LEAST):g}), or train in bfloat16."
            )
            warnings.warn(words, UserWarning, stacklevel=stack_level())
        losses = self.history.get("validation_loss", [])
        bad = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), None)
        if bad is not None:
            words = (
                f"validation_loss became {losses[bad]} in epoch {bad + 1}: look for held-out samples "
                "that are far from those that are trained on."
            )
            warnings.warn(words, UserWarning, stacklevel=stack_level())

    def last_good(self) -> Ending | None:
        """Return what a run that diverged is left with, where something is."""
        good = None if self.replay is None else self.replay.good
        return self._ended() if good is None else self._with_average(*good)

    def _ended(self) -> Ending | None:
        """Tell the callbacks that it is over, once; return what one of them wants the run to end with."""
        if not self._over:
            self._over, self._wanted = True, self.callbacks.ended()
        return self._wanted

    def _with_average(self, params: Tree, state: Tree) -> Ending:
        """Return the ending that a callback wants, or that of parameters and state."""
        average, ending = state.get(AVERAGE), self._ended()
        if ending is None:
            return Ending(params, state.get(LAYERS), average)
        return ending if ending.averaged is not None else ending._replace(averaged=average)

    def rate(self) -> float:
        """Read the learning rate."""
        return self.place.number(self.engine.state["rate"])

    def diverged(self, what: str, *, inside: bool = False) -> Diverged:
        """Return the error of a run that has become not finite, with where that began."""
        epoch = self.epoch + inside
        origin = self.replay and self.replay.origin(self.engine, epoch, self.history)
        return Diverged(what, epoch, self.rate(), origin)

    def _alone(self) -> AbstractContextManager[None]:
        return nullcontext() if self.keeper is None else self.keeper.locked()

    @contextmanager
    def _interrupts(self) -> Iterator[Interrupts]:
        """Let Ctrl-C wait for the step's end where something is kept."""
        interrupts = Interrupts()
        with nullcontext() if self.keeper is None else interrupts:
            yield interrupts

    def _begin(self) -> bool:
        """Begin, or go on from the checkpoint; return whether the run was over there."""
        self.callbacks.started(self.epochs)
        engine = self.engine
        reached = self.keeper and self.keeper.read(engine.params, engine.state, self.epochs)
        self._since = time.perf_counter()
        if not reached:
            return False
        engine.params, engine.state = reached.params, reached.state
        self.epoch, self.history, self.first_loss = reached.epoch, reached.history, reached.first_loss
        if reached.part is not None:
            self._part = Done([*reached.part["samples"]], [reached.part["reports"]])
        return self.callbacks.resumed(reached.callbacks)

    def _go_on(self, show: Shown, interrupts: Interrupts) -> None:
        engine, part = self.engine, self._part
        self._steps -= len(part.samples) if part else 0
        self._remember(len(part.samples) if part else 0)
        watched = bool(self.held or self.plateau or self.callbacks or self.keeper)
        if self.keeper is not None:
            engine.most = self.keeper.checkpoint.steps
        engine.between = self._between(show, interrupts)
        for done in engine.many(self.epochs, one_by_one=watched, made=self.epoch, part=part):
            row = self._noted(done)
            self._steps += len(done.samples)
            if engine.made == self.epoch:
                self._remember()
            show(self.epoch, self.epochs, row)
            over = bool(self.callbacks) and self._told(row)
            self._keep(interrupts, last=over or self.epoch == self.epochs)
            if over:
                return

    def _remember(self, batches: int = 0) -> None:
        if self.replay is not None:
            self.replay.keep(self.engine, self.epoch, batches)

    def _noted(self, done: Done) -> dict[str, float]:
        """Write an epoch's row into the history."""
        row, first = row_of(self.place, done, self.loss)
        self._of_epoch = len(done.samples)
        self.epoch += 1
        if self.epoch == 1:
            self.first_loss = first
        engine = self.engine
        if self.held is not None:
            params = engine.state[AVERAGE] if self.averaged else engine.params
            row |= self.held.row(params, engine.state.get(LAYERS))
        for name, value in row.items():
            self.history.setdefault(name, []).append(value)
        if not math.isfinite(row["loss"]):
            raise self.diverged(f"the loss became {row['loss']}")
        if is_stuck(row, len(done.samples)):
            raise self.diverged("no gradient was finite, at the least loss scale,")
        if self.plateau is not None:
            engine.state = self.plateau.rescheduled(engine.state, self.history)
        return row

    def _told(self, row: dict[str, float]) -> bool:
        """Tell the callbacks of an epoch; return whether one ends the run."""
        now = time.perf_counter()
        seconds, self._since = now - self._since, now
        epoch = Epoch(
            number=self.epoch,
            epochs=self.epochs,
            row=row,
            rate=self.rate(),
            seconds=seconds,
            params=self.engine.params,
            state=self.engine.state,
        )
        return self.callbacks.epoch_done(epoch)

    def _keep(self, interrupts: Interrupts, *, last: bool) -> None:
        """Write the checkpoint where it is time to; stop where Ctrl-C was pressed."""
        if self.keeper is None:
            return
        stopping = interrupts.came and not last  # read once: what comes later is for the next step
        if last or stopping or self.keeper.due(self.epoch, self._steps):
            self._write(self.keeper, None, self._steps, stopping=stopping)
        if stopping:
            raise Stopped(self.epoch, self.epochs, str(self.keeper.path))

    def _between(self, show: Shown, interrupts: Interrupts) -> Between | None:
        """Return the function that shows, and keeps, between two steps of an epoch what is reached."""
        keeper, last = self.keeper, time.monotonic()
        total = self.engine.samples

        def between(done: Done) -> None:
            nonlocal last
            if show.within is not None and time.monotonic() - last >= APART:
                last = time.monotonic()
                show.within(self.epoch + 1, sum(done.samples), total)
            if keeper is None:
                return
            steps, stopping = self._steps + len(done.samples), interrupts.came
            if stopping or keeper.due(self.epoch, steps):
                self._write(keeper, done, steps, stopping=stopping)
            if stopping:
                raise Stopped(self.epoch, self.epochs, str(keeper.path), len(done.samples))

        return None if keeper is None and show.within is None else between

    def _write(self, keeper: Keeper, done: Done | None, steps: int, *, stopping: bool) -> None:
        """Write the checkpoint, but nothing that is not finite: the epoch's end tells of that."""
        reached = self._reached(done)
        if reached.sound:
            keeper.write(reached, steps)
        elif stopping:
            raise self.diverged("a loss or a parameter became infinite or not a number", inside=bool(done))

    def _reached(self, done: Done | None = None) -> Reached:
        """Return what is reached: after an epoch, or inside of one that has reported so much."""
        engine, kept = self.engine, self.callbacks.kept()
        part = None if done is None else {"samples": [*done.samples], "reports": _joined(done.reports)}
        return Reached(self.epoch, engine.params, engine.state, self.history, self.first_loss, kept, part)


def _joined(reports: list[dict[str, Array]]) -> dict[str, Array]:
    """Return the reports of some steps as one, whose arrays are (steps,)."""
    xp = array_namespace(reports[0]["loss"])
    return {
        name: xp.concat([xp.reshape(report[name], (-1,)) for report in reports])
        for name in sorted(reports[0])
    }
