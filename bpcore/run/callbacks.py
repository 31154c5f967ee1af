"""Callbacks: what is told of every epoch, and may end the run.

A callback is any object with some of these methods, all of them optional:

=====================  ==========================================================================
``started(epochs)``    before the first epoch of this call
``epoch_done(epoch)``  after each `Epoch`; what is true ends the run
``ended()``            after the last one; None, or the `Ending` that the run ends with instead
``kept()``             what a checkpoint keeps of it: numbers, text, None, arrays, and dicts,
                       lists and tuples of them
``resumed(kept)``      after ``started``, when the run goes on from a checkpoint: what it kept;
                       what is true says that the run was over already
=====================  ==========================================================================

One with the attribute ``options``, a dict of JSON values, is another one where these are others: a
checkpoint refuses it. One with the attribute ``only_looks = True`` changes nothing of the run, which goes on
from a checkpoint with it or without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bpcore.machine.step import LAYERS
from bpcore.parts.optimizers import AVERAGE
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Static, Tree

__all__ = ["METHODS", "Callbacks", "Ending", "Epoch"]

METHODS = ("started", "epoch_done", "ended", "kept", "resumed")
"""What a callback has some of."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Epoch:
    """What a callback is told of an epoch.

    Attributes
    ----------
    number, epochs : int
        This one, from 1, and how many there are to be.
    row : mapping of str to float
        The epoch's row of the history: ``loss``, ``accuracy``, ``validation_loss``, ...
    rate : float
        The learning rate of the last step.
    seconds : float
        What the epoch took, on the wall clock.
    params : tree of arrays
        After the epoch. The next epoch may overwrite them: copy what is to be kept.
    state : tree of arrays
        The step's: of the optimizer, and of layers that carry something.
    """

    number: int
    epochs: int
    row: Mapping[str, float]
    rate: float
    seconds: float
    params: Tree
    state: Tree

    @property
    def layers(self) -> Tree:
        """What layers carry beside their parameters; None where they carry nothing."""
        return self.state.get(LAYERS)

    @property
    def averaged(self) -> Tree:
        """The moving average of the parameters; None where the optimizer makes none."""
        return self.state.get(AVERAGE)


class Ending(NamedTuple):
    """What a run ends with.

    Attributes
    ----------
    params : tree of arrays
    layers : tree of arrays, or None
        What layers carry beside their parameters.
    averaged : tree of arrays, or None
        The moving average of the parameters; None for what the optimizer has at the end.
    """

    params: Tree
    layers: Tree = None
    averaged: Tree = None


class Callbacks:
    """Several callbacks as one, which has every method.

    Raises
    ------
    OptionError
        One of them has none of the methods.
    """

    def __init__(self, callbacks: Sequence[object]) -> None:
        if not isinstance(callbacks, list | tuple):
            raise OptionError("callbacks", callbacks, "a list of callbacks", f"Write [{callbacks!r}].")
        for callback in callbacks:
            if isinstance(callback, type) or not any(hasattr(callback, name) for name in METHODS):
                raise OptionError(
                    "a callback", callback, f"an object with one of the methods {', '.join(METHODS)}"
                )
        self.all = tuple(callbacks)

    def __bool__(self) -> bool:
        return bool(self.all)

    @property
    def described(self) -> list[Static]:
        """What the callbacks are, in order, as JSON values; those that only look are left out."""
        changing = (callback for callback in self.all if not getattr(callback, "only_looks", False))
        return [{"kind": _name(callback), **getattr(callback, "options", {})} for callback in changing]

    def started(self, epochs: int) -> None:
        """Tell how many epochs there are to be."""
        self._call("started", epochs)

    def epoch_done(self, epoch: Epoch) -> bool:
        """Tell of an epoch; return whether one of them ends the run. All are told in any case."""
        return any(self._call("epoch_done", epoch))

    def ended(self) -> Ending | None:
        """Return what the run is to end with, by the last callback that has something to say."""
        endings = [ending for ending in self._call("ended") if ending is not None]
        return endings[-1] if endings else None

    def kept(self) -> list[Static]:
        """Return the name of each that keeps something, and what it keeps."""
        return [(_name(callback), callback.kept()) for callback in self.all if hasattr(callback, "kept")]

    def resumed(self, kept: Sequence[Static]) -> bool:
        """Give each what one of its name kept, in order; return whether one of them had ended the run."""
        left, told = list(kept), []
        for callback in self.all:
            place = next((i for i, (name, _) in enumerate(left) if name == _name(callback)), None)
            if place is not None and hasattr(callback, "resumed"):
                told.append(callback.resumed(left.pop(place)[1]))
        return any(told)

    def _call(self, method: str, *args: object) -> list[Static]:
        return [getattr(callback, method)(*args) for callback in self.all if hasattr(callback, method)]


def _name(callback: object) -> str:
    return type(callback).__name__
