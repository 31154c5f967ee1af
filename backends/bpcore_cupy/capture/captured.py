"""`Captured`: a step that is warmed up, captured at its first call, and replayed at the others.

::

    new --first call--> warmed up --capture--> captured --call--> captured
                                     |
                                     `--refused, one warning--> eager, for good
    any of them --close()--> closed
"""

from __future__ import annotations

import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Self

from bpcore.words.errors import OptionError, StepClosed
from bpcore.words.frames import stack_level
from bpcore.words.protocols import Array, Static
from bpcore_cupy.capture.device import Device, Graph, Kind, Stream
from bpcore_cupy.capture.held import Held
from bpcore_cupy.capture.homes import Homes, memory_named
from bpcore_cupy.capture.launching import Uncapturable, capture, perform
from bpcore_cupy.capture.parts import Key, Parts
from bpcore_cupy.capture.recipe import Call, Recipe
from bpcore_cupy.capture.rows import Rows, bytes_of, rows_wanted

__all__ = ["Captured"]

TINY = 2**20
"""Bytes of a step's buffers, data aside, below which its work is taken to be no longer than its launch."""

MANY = 8
"""Steps in one launch of a loop over a tiny step."""


class Captured:
    """A step on one device, for one signature.

    Parameters
    ----------
    recipe : Recipe
    device : Device
    warm_ups : int >= 1
        Eager runs before the capture, so that kernels, handles and memory are there. They change nothing.
    at_once : int >= 1 or None
        Steps in one launch of `loop`; None chooses by the size of the buffers.
    shared : dict or None
        The same for all steps of one function, whatever their batches: what they carry then has one home,
        and goes from one to the other without a copy.

    Attributes
    ----------
    eager : bool
        Whether the step could not be captured, and runs call by call.

    Notes
    -----
    It is of one thread, that of its first call. What is carried is handed out as the buffers themselves,
    which a later call overwrites; the other outputs are fresh. Graphs are launched on the caller's current
    stream, so that it orders them; a step that is not captured runs on a stream of its own, between what the
    caller's was given before and what it is given later. The host never waits, but once between the warm-up
    and the capture, and in `close`.
    """

    def __init__(
        self,
        recipe: Recipe,
        device: Device,
        *,
        warm_ups: int = 2,
        at_once: int | None = None,
        shared: dict[str, Static] | None = None,
    ) -> None:
        for name, count in (("warm_ups", warm_ups), ("at_once", 1 if at_once is None else at_once)):
            if type(count) is not int or count < 1:
                raise OptionError(name, count, "a whole number, 1 or more")
        self.recipe, self.device, self.warm_ups, self.eager = recipe, device, warm_ups, False
        self.at_once = _at_once(recipe) if at_once is None else at_once
        inputs, outputs = ({pair[side] for pair in recipe.carried} for side in (0, 1))
        self._others_in = [i for i in range(len(recipe.inputs)) if i not in inputs]
        self._others_out = [o for o in range(len(recipe.outputs)) if o not in outputs]
        self._fresh = [recipe.outputs[o] for o in self._others_out]
        with device.entered():
            self._homes = _homes_of(recipe, device, shared)
        self._held = Held(self._homes)
        self._end = weakref.finalize(self, self._held.close)
        self._end.atexit = False  # CUDA may be gone by then

    def __call__(self, *inputs: Array) -> Sequence[Array]:
        """Make a step.

        Parameters
        ----------
        *inputs : arrays of the device
            As the recipe has them. Carried ones that the last call returned are where they belong.

        Returns
        -------
        list of arrays
            All outputs in the recipe's order.

        Raises
        ------
        StepClosed, OtherThread
        MemoryExhausted
            After it the step is as before its first call. What was carried is as it was, if it was given as
            it had been returned.
        """
        self._check()
        given = [inputs[i] for i, _ in self.recipe.carried]
        return self._all(self._step(given, [inputs[i] for i in self._others_in]))

    def again(self, *others: Array) -> Sequence[Array]:
        """Make a step with what the last one carried; take and return what is not carried.

        Where the recipe is not in place, what is carried is in the other home afterwards.
        """
        self._check()
        if not self._homes.places:
            raise OptionError("again", "nothing", "called after a step", "Call the step itself first.")
        return self._step(self._homes.here(), others)

    def loop(self, length: int, /, *inputs: Array) -> Sequence[Array]:
        """Make `length` steps; inputs and outputs that are not carried are stacked along a first axis."""
        self._check()
        given = [inputs[i] for i, _ in self.recipe.carried]
        stacked = [inputs[i] for i in self._others_in]
        with self._within(), self._homes.ordered() as caller:
            fresh = [self.device.empty(Kind((length, *kind.shape), kind.dtype)) for kind in self._fresh]
            parts = self._prepared(given, [x[0, ...] for x in stacked], caller)
            rows = self._rows(parts, length, caller)
            for first in range(0, length, rows.count):
                count = min(rows.count, length - first)
                rows.fill(stacked, first, count, caller)
                self._go_through(parts, rows, count, caller)
                rows.hand_out(fresh, first, count, caller)
        return self._all(fresh)

    def callers(self) -> Stream:
        """Return the caller's current stream; raises `StreamCaptures` while that is capturing."""
        return self._homes.callers()

    def close(self) -> None:
        """Free graphs, memory and events; a later call raises one clear line.

        Arrays that were handed out stay as they are.
        """
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _check(self) -> None:
        if self._held.closed:
            raise StepClosed(self.recipe.name)
        self._homes.check(self.recipe.name)

    @contextmanager
    def _within(self) -> Iterator[None]:
        """Be on the device; where its memory is exhausted say so, and give back all of it."""
        with self.device.entered():
            try:
                with memory_named(self.device, self.recipe.name):
                    yield
            except MemoryError as error:
                _let_go(error)
                for held in self._homes.users:
                    held.drop()
                self._homes.release()
                raise

    def _all(self, others: Sequence[Array]) -> list[Array]:
        """Return all outputs, the carried ones from where they are now."""
        outputs: dict[int, Array] = dict(zip(self._others_out, others, strict=True))
        outputs |= {o: x for (_, o), x in zip(self.recipe.carried, self._homes.here(), strict=True)}
        return [outputs[o] for o in range(len(outputs))]

    def _step(self, given: Sequence[Array], others: Sequence[Array]) -> list[Array]:
        """Make a step; return what is not carried."""
        device, homes = self.device, self._homes
        with device.entered():
            try:
                caller = homes.taken()
                try:
                    fresh = [device.empty(kind) for kind in self._fresh]
                    parts = self._prepared(given, others, caller)
                    turn = homes.turn
                    graph = parts.steps[turn]
                    if graph is None:
                        self._launch(parts, ("step", turn), lambda: parts.calls[turn], caller)
                    else:
                        graph.launch(caller)
                    homes.turn = (turn + 1) % homes.turns
                    for target, source in zip(fresh, parts.outputs, strict=True):
                        device.copy(target, source, caller)
                finally:
                    homes.left(caller)
            except Exception:
                with self._within():  # which knows what to make of it
                    raise
        return fresh

    def _prepared(self, given: Sequence[Array], others: Sequence[Array], caller: Stream) -> Parts:
        """Bring everything to where it is read; make the buffers and warm up, where that was not done."""
        homes, held, copy = self._homes, self._held, self.device.copy
        parts = held.parts
        if parts is None or parts.generation != homes.generation or not homes.is_here(given):
            return self._brought(given, others, caller)
        for target, source in zip(parts.inputs, others, strict=True):
            copy(target, source, caller)
        return parts

    def _brought(self, given: Sequence[Array], others: Sequence[Array], caller: Stream) -> Parts:
        """Do so where something is not there yet."""
        homes, held = self._homes, self._held
        homes.settle(given)
        parts = held.parts
        new = parts is None or parts.generation != homes.generation
        if parts is None or new:
            held.drop()
            homes.follow(homes.stream)  # constants may be copied
            parts = held.parts = Parts(self.recipe, homes)
            homes.follow(caller)
        for target, source in zip(parts.inputs, others, strict=True):
            self.device.copy(target, source, caller)
        homes.carry(given)
        if new:
            homes.follow(homes.stream)
            self._warm_up(parts, given)
            homes.follow(caller)
        return parts

    def _warm_up(self, parts: Parts, given: Sequence[Array]) -> None:
        """Run the calls, so that all they need is there; what is carried is afterwards as it was given."""
        homes, stream = self._homes, self._homes.stream
        kept = homes.kept(given)
        try:
            for _ in range(self.warm_ups):
                for calls in parts.calls:
                    perform(calls, stream, parts.temporary)
        finally:
            homes.restore(kept)
        del kept
        stream.synchronize()  # the one time: what fails on the device fails here, and not in a graph

    def _launch(self, parts: Parts, key: Key, calls: Callable[[], Sequence[Call]], caller: Stream) -> None:
        """Launch the graph of some calls on the caller's stream, or run them on their own."""
        homes = self._homes
        graph = parts.graphs.get(key)
        if graph is None and not self.eager:
            graph = self._captured(parts, key, calls())
        if graph is not None:
            graph.launch(caller)
            return
        homes.follow(homes.stream)
        perform(calls(), homes.stream, parts.temporary)
        homes.follow(caller)

    def _captured(self, parts: Parts, key: Key, calls: Sequence[Call]) -> Graph | None:
        """Return the graph of calls; None where they cannot be captured, now and from now on."""
        try:
            graph = capture(calls, self._homes.stream, parts.temporary)
        except Uncapturable as refused:
            self.eager = True
            self._homes.wait()
            parts.give_up_graphs()
            message = f"{self.recipe.name} runs call by call on {self.device.name}: {refused}"
            warnings.warn(message, RuntimeWarning, stacklevel=stack_level())
            return None
        parts.keep(key, graph)
        return graph

    def _rows(self, parts: Parts, length: int, caller: Stream) -> Rows:
        """Return stacks for a loop of that length; where they are made anew, so are its graphs."""
        homes, wanted = self._homes, rows_wanted(self.recipe, length)
        if parts.rows is None or parts.rows.count < wanted:
            homes.wait()
            parts.give_up_rows()
            parts.rows = Rows(homes, wanted, parts.inputs, parts.outputs)
            homes.follow(homes.stream)
            perform(parts.rows.rehearsal(), homes.stream, parts.temporary)
            homes.follow(caller)
        return parts.rows

    def _go_through(self, parts: Parts, rows: Rows, count: int, caller: Stream) -> None:
        """Make that many steps, several in one launch where that is wanted."""
        homes = self._homes
        while count:
            turn = homes.turn
            together = self.at_once if count >= self.at_once else 1
            bound = [parts.calls[(turn + i) % homes.turns] for i in range(together)]
            key = ("many" if together > 1 else "row", turn)
            self._launch(parts, key, partial(_joined, rows, bound), caller)
            homes.turn = (turn + together) % homes.turns
            count -= together


def _joined(rows: Rows, bound: Sequence[Sequence[Call]]) -> list[Call]:
    return [call for calls in bound for call in rows.around(calls)]


def _let_go(error: BaseException | None) -> None:
    """Drop the arrays that the frames of an error still hold, so that their memory can be given back."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__


def _at_once(recipe: Recipe) -> int:
    read = [kind for i, kind in enumerate(recipe.inputs) if i not in recipe.unchanged]
    size = sum(map(bytes_of, [*read, *recipe.outputs])) + recipe.work_bytes
    kept = sum(bytes_of(recipe.outputs[o]) for i, o in recipe.carried if i in recipe.unchanged)
    return MANY if size - kept < TINY else 1


def _homes_of(recipe: Recipe, device: Device, shared: dict[str, Static] | None) -> Homes:
    """Return the homes that steps of one function share, where they carry the same."""
    known: list[Homes] = [] if shared is None else shared.setdefault("homes", [])
    for homes in known:
        if homes.device is device and homes.like(recipe):
            return homes
    known.append(Homes(recipe, device))
    return known[-1]
