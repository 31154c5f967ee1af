"""Checkpoints: all that a run has reached, in a file, so that it goes on as if it had never been stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.registry import backend_of
from bpcore.machine.loss_scale import SKIPPED
from bpcore.run.copies import all_finite
from bpcore.run.feeding.place import Place
from bpcore.run.files.checkpoint_file import read_checkpoint, write_checkpoint
from bpcore.run.files.lock import locked
from bpcore.run.files.whole_file import remove_stale
from bpcore.words.errors import FileError, OptionError
from bpcore.words.finite import is_finite
from bpcore.words.protocols import Array, Static, Tree
from bpcore.words.trees import flatten, named_leaves, tree_map

__all__ = ["Checkpoint", "Keeper", "Reached", "fingerprint"]

SHARE = 20
"""Where nothing is said, a checkpoint is written when this many times what the last one took have passed."""


@dataclass(frozen=True)
class Checkpoint:
    """Where a run is saved while it goes on, and how often.

    Parameters
    ----------
    path : path
        A run that finds its checkpoint there goes on from it.
    every : int >= 1, or None
        Epochs from one to the next.
    seconds : float >= 0, or None
        Seconds from one to the next, also inside an epoch.
    steps : int >= 1, or None
        Steps from one to the next at least, also inside an epoch. With none of the three, as often as costs a
        twentieth of the time at most. The last epoch, and the step in which Ctrl-C is pressed, are saved in
        any case.
    """

    path: str | os.PathLike[str]
    every: int | None = None
    seconds: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | os.PathLike):
            raise OptionError("checkpoint", self.path, "a path, or a Checkpoint")
        if self.every is not None and (type(self.every) is not int or self.every < 1):
            raise OptionError("every of Checkpoint", self.every, "a whole number of epochs, 1 or more")
        if self.steps is not None and (type(self.steps) is not int or self.steps < 1):
            raise OptionError("steps of Checkpoint", self.steps, "a whole number of steps, 1 or more")
        seconds = self.seconds
        if seconds is not None and (not is_finite(seconds) or seconds < 0):
            raise OptionError("seconds of Checkpoint", seconds, "a finite number, 0 or more")

    @classmethod
    def of(cls, given: str | os.PathLike[str] | Checkpoint) -> Checkpoint:
        """Return the checkpoint at a path, or what is one already."""
        return given if isinstance(given, Checkpoint) else cls(given)


class Reached(NamedTuple):
    """What a run has reached.

    Attributes
    ----------
    epoch : int
        How many are made. The order of the next one follows from the seed and this.
    params, state : trees of arrays
        Of the step.
    history : dict of lists of float
    first_loss : float
    callbacks : list
        What each keeps.
    part : dict or None
        What the next epoch's steps, as far as they are made, have reported: ``samples``, a list, and
        ``reports``, an array (steps,) for each quantity.
    """

    epoch: int
    params: Tree
    state: Tree
    history: dict[str, list[float]]
    first_loss: float
    callbacks: list[Static]
    part: dict[str, Static] | None = None

    @property
    def steps(self) -> int:
        """How many steps of the next epoch are made."""
        return len(self.part["samples"]) if self.part else 0

    @property
    def sound(self) -> bool:
        """Whether a run can go on from here: finite parameters, and losses but of skipped steps."""
        reports = self.part["reports"] if self.part else {}
        if SKIPPED not in reports:
            return all_finite((self.params, reports.get("loss", ())))
        xp, losses = array_namespace(reports["loss"]), reports["loss"]
        return all_finite((self.params, xp.where(reports[SKIPPED] > 0, xp.zeros_like(losses), losses)))


class Keeper:
    """Writes and reads the checkpoint of one run.

    Parameters
    ----------
    checkpoint : Checkpoint
    run : mapping
        What the run is, as JSON values: a checkpoint of another one is refused.
    """

    def __init__(self, checkpoint: Checkpoint, run: Mapping[str, Static]) -> None:
        self.checkpoint, self.run = checkpoint, dict(run)
        self.path = Path(checkpoint.path)
        self._saved, self._epoch, self._took = time.monotonic(), 0, 0.0
        self._steps, self._place = 0, ""

    def locked(self) -> AbstractContextManager[None]:
        """Return the scope in which no other run may use the file."""
        if not self.path.parent.is_dir():
            raise FileError(self.path, f"there is no folder {self.path.parent}", "Make it, or name another.")
        if self.path.is_dir():
            raise FileError(self.path, "that is a folder", "Name a file in it.")
        return locked(self.path)

    def read(self, params: Tree, state: Tree, epochs: int) -> Reached | None:
        """Return what was reached, None where there is no file; `params` and `state` are what to begin with.

        Raises
        ------
        FileError
            The file cannot be read, is no whole checkpoint, or is that of another run.
        OptionError
            It has made more epochs than there are to be.
        """
        remove_stale(self.path)
        if not self.path.exists():
            return None
        value = read_checkpoint(self.path)
        try:
            self._check_run(value["run"])
            named = {name: value[name] for name in Reached._fields if name != "part"}
            reached = Reached(**named, part=value.get("part"))  # files of format 1 have none
            _check_told(reached)
            _check_trees(self.path, {"params": params, "state": state}, reached)
            brought = {name: _brought(getattr(reached, name), params) for name in WITH_ARRAYS}
        except (AttributeError, LookupError, TypeError) as error:
            raise FileError(self.path, "is a checkpoint that cannot be understood") from error
        begun = reached.epoch + bool(reached.part)
        if begun > epochs:
            wanted = f"{begun} or more: so many {self.path} has {'begun' if reached.part else 'made'}"
            raise OptionError("epochs", epochs, wanted)
        self._epoch, self._place = reached.epoch, _place(reached)
        return reached._replace(**brought)

    def _check_run(self, found: Mapping[str, Static]) -> None:
        difference = _difference(found, self.run)
        if difference is not None:
            name, there, here = difference
            what = f"is the checkpoint of another run: {name} is {there} there, {here} here"
            raise FileError(self.path, what, "Name another checkpoint, or take this one away.")

    def due(self, epoch: int, steps: int) -> bool:
        """Return whether the checkpoint is to be written, after so many epochs and steps of this call."""
        passed = time.monotonic() - self._saved
        every, seconds, apart = self.checkpoint.every, self.checkpoint.seconds, self.checkpoint.steps
        if every is None and seconds is None and apart is None:
            return passed >= SHARE * self._took
        return (
            (every is not None and epoch - self._epoch >= every)
            or (seconds is not None and passed >= seconds)
            or (apart is not None and steps - self._steps >= apart)
        )

    def write(self, reached: Reached, steps: int) -> None:
        """Write the checkpoint, after so many steps of this call.

        Raises
        ------
        FileError
            It cannot be written; the one before it is whole.
        """
        began = time.monotonic()
        try:
            arrays = {name: _on_host(getattr(reached, name)) for name in WITH_ARRAYS}
            write_checkpoint(self.path, {"run": self.run, **reached._asdict(), **arrays})
        except FileError as error:
            kept = f"That of {self._place} is still there." if self._place and self.path.is_file() else ""
            raise FileError(self.path, error.what, kept) from error
        self._saved, self._epoch, self._steps = time.monotonic(), reached.epoch, steps
        self._took = self._saved - began
        self._place = _place(reached)


WITH_ARRAYS = ("params", "state", "callbacks", "part")
"""What of that which was reached holds arrays."""


def _place(reached: Reached) -> str:
    return f"step {reached.steps} of epoch {reached.epoch + 1}" if reached.part else f"epoch {reached.epoch}"


def fingerprint(*parts: Array) -> str:
    """Return the SHA-256 of arrays: of shapes, dtypes and values."""
    digest = sha256()
    for part in parts:
        host = backend_of(part).to_host(part)
        digest.update(f"{tuple(host.shape)} {host.dtype}\n".encode())
        digest.update(host.tobytes())
    return digest.hexdigest()


def _is_array(x: Static) -> bool:
    return hasattr(x, "dtype") and hasattr(x, "shape")


def _on_host(value: Tree) -> Tree:
    return tree_map(lambda x: backend_of(x).to_host(x) if _is_array(x) else x, value)


def _brought(value: Tree, params: Tree) -> Tree:
    """Return a tree of host arrays, and of what is no array, on the parameters' backend and device."""
    first = flatten(params)[0][0]
    place = Place.of(first, None, None)

    def bring(x: Array) -> Array:
        if not _is_array(x):
            return x
        own = array_namespace(x).asarray(x, copy=True)  # what was read from a file cannot be written to
        return place.array(own, place.backend.dtype(str(x.dtype)))

    return tree_map(bring, value)


def _check_told(reached: Reached) -> None:
    """Raise `TypeError` for what `Keeper.write` cannot have written."""
    history: Static = reached.history
    callbacks: Static = reached.callbacks
    if type(reached.epoch) is not int or reached.epoch < (reached.part is None):
        raise TypeError(reached.epoch)
    if type(reached.first_loss) is not float:
        raise TypeError(reached.first_loss)
    if reached.part is not None:
        _check_part(**reached.part)
    for column in history.values():
        if not isinstance(column, list) or len(column) != reached.epoch or {*map(type, column)} != {float}:
            raise TypeError(history)
    if not all(isinstance(kept, tuple) and len(kept) == 2 for kept in callbacks):  # noqa: PLR2004
        raise TypeError(callbacks)


def _check_part(*, samples: Static, reports: Static) -> None:
    if not samples or not all(type(count) is int and count > 0 for count in samples):
        raise TypeError(samples)
    if "loss" not in reports or any(tuple(x.shape) != (len(samples),) for x in reports.values()):
        raise TypeError(reports)


def _check_trees(path: Path, wanted: Mapping[str, Tree], reached: Reached) -> None:
    """Want trees as the run begins with: the step is made for them."""
    for name, tree in wanted.items():
        found, its = getattr(reached, name), flatten(tree)
        kinds = [{place: _kind(x) for place, x in named_leaves(part, name)} for part in (found, tree)]
        if flatten(found)[1] != its[1] or kinds[0] != kinds[1]:
            differing = sorted(set(kinds[0].items()) ^ set(kinds[1].items()))
            where = differing[0][0] if differing else name
            there, here = (kind.get(where, "missing") for kind in kinds)
            raise FileError(path, f"holds other numbers than this run has: {where} is {there}, wanted {here}")


def _kind(x: Array) -> str:
    return f"{str(x.dtype).rpartition('.')[2]} {tuple(x.shape)}"


def _difference(found: Static, wanted: Static, name: str = "") -> tuple[str, Static, Static] | None:
    """Return the name of the first entry that differs, and both; None where nothing does."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        keys = [*wanted, *(key for key in found if key not in wanted)]
        pairs = [(f"{name}.{key}" if name else str(key), found.get(key), wanted.get(key)) for key in keys]
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        both = zip(found, wanted, strict=True)
        pairs = [(f"{name}[{i}]", one, other) for i, (one, other) in enumerate(both)]
    elif isinstance(found, list) and isinstance(wanted, list):
        return f"the number of {name}", len(found), len(wanted)
    elif type(found) is type(wanted) and found == wanted:
        return None
    else:
        return name, _short(found), _short(wanted)
    differences = (_difference(one, other, place) for place, one, other in pairs)
    return next((difference for difference in differences if difference is not None), None)


def _short(value: Static) -> str:
    text = str(value.get("kind", value)) if isinstance(value, dict) else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."  # noqa: PLR2004
