"""A lowered Program, run on the device that its arrays are on: what is carried lies in blocks of memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

from bpcore.program.program import Program
from bpcore_cupy.capture.captured import Captured
from bpcore_cupy.capture.device import Device, Kind, kind_of
from bpcore_cupy.lowering.binding import after, carried_regions, leaves, recipe_of, view_of
from bpcore_cupy.lowering.checking import Difference, differences
from bpcore_cupy.lowering.listing import listing
from bpcore_cupy.lowering.lowered import Lowered
from bpcore_cupy.lowering.machine import Machine
from bpcore_cupy.lowering.places import Place, Role

__all__ = ["OnDevices", "Runs"]

Run = Callable[..., Sequence[Any]]

CAPTURE = "BPCORE_CAPTURE"
"""The environment variable that says ``0`` where steps are to run call by call, to find one that fails."""


class OnDevices:
    """A Program on the device that its arrays are on, made for each when it is first asked for.

    Attributes
    ----------
    source, apart, again
        As those of `Runs`, for the device that was last computed on.
    """

    apart = True

    def __init__(self, last: Runs, there: Callable[[Sequence[Any]], Runs]) -> None:
        self.last, self._there, self._made = last, there, [last]
        self.again: Run | None = None if last.again is None else self._again

    @property
    def source(self) -> str:
        """The text."""
        return self.last.source

    def __call__(self, *inputs: Any) -> Sequence[Any]:
        """Run the Program once."""
        return self._on(inputs)(*inputs)

    def loop(self, length: int, /, *inputs: Any) -> Sequence[Any]:
        """Run it as often as the first axis of the inputs that are not carried is long."""
        return self._on(inputs).loop(length, *inputs)

    def differences(self, functions: Any, /, *inputs: Any) -> list[Difference]:
        """Run one step piece by piece, as `Runs.differences` does."""
        return self._on(inputs).differences(functions, *inputs)

    @property
    def captured(self) -> Captured:
        """The captured step on the device that was last computed on."""
        return self.last.captured

    def close(self) -> None:
        """Free graphs and memory on every device."""
        for run in self._made:
            run.close()

    def _on(self, inputs: Sequence[Any]) -> Runs:
        self.last = self._there(inputs)
        if self.last not in self._made:
            self._made.append(self.last)
        return self.last

    def _again(self, *others: Any) -> Sequence[Any]:
        assert self.last.again is not None  # noqa: S101 - what is in place does not depend on the device
        return self.last.again(*others)


class Runs:
    """A lowered Program, to be run once or many times.

    Attributes
    ----------
    source : str
        Its steps and its kernels.
    apart : bool
        Always: what it returns and does not carry shares no memory with anything else.
    again : function or None
        Run it once more on what it carries; None where that goes to and fro between two homes.
    """

    apart = True

    def __init__(
        self, program: Program, steps: Lowered, machine: Machine, device: Device, shared: dict[str, Any]
    ) -> None:
        self.steps, self.machine, self.device = steps, machine, device
        self.regions = carried_regions(steps)
        self.count = len(program.carried)
        self.outputs = list(range(len(program.outputs)))
        self.carried = {j: number for number, (_, j) in enumerate(program.carried)}
        self.given = [i for i, _ in program.carried]
        self.others = [i for i in range(len(program.inputs)) if i not in set(self.given)]
        self._views = [view_of(place) for place in steps.results]
        layout = f"{device.name} {_layout(steps)}"
        self.shared = shared.setdefault(f"carried {layout}", {})
        recipe = recipe_of(steps, machine, "a compiled function")
        self.captured = Captured(recipe, device, shared=self.shared)
        self.captured.eager = os.environ.get(CAPTURE) == "0"

    @property
    def again(self) -> Run | None:
        """A step with what the last one carried; made when asked for, so that nothing here holds itself."""
        return None if (Role.TURN, "") in self.regions else self._again

    @property
    def source(self) -> str:
        """The text."""
        return listing(self.steps)

    def __call__(self, *inputs: Any) -> Sequence[Any]:
        """Run the Program once."""
        outputs = self.captured(*self._home(inputs), *[inputs[i] for i in self.others])
        return self._all(outputs, None)

    def _again(self, *others: Any) -> Sequence[Any]:
        return self._results(self.captured.again(*others), None)

    def loop(self, length: int, /, *inputs: Any) -> Sequence[Any]:
        """Run it as often as the first axis of the inputs that are not carried is long."""
        outputs = self.captured.loop(length, *self._home(inputs), *[inputs[i] for i in self.others])
        return self._all(outputs, length)

    def differences(self, functions: Any, /, *inputs: Any) -> list[Difference]:
        """Run one step piece by piece, beside the library's own functions; what is carried stays as it is.

        Parameters
        ----------
        functions : module-like
            The library's plain functions.
        *inputs : arrays
            As for a call.
        """
        given = [inputs[i] for i in (*self.given, *self.others)]
        with self.device.entered():
            stream = self.device.current().ptr
            return differences(
                self.steps, self.machine, functions, given,
                empty=self.device.empty, host=lambda x: x.get(), stream=stream,
            )  # fmt: skip

    def close(self) -> None:
        """Free graphs and memory; a later call raises one clear line. What was handed out stays."""
        for name in ("handed", "leaves"):
            self.shared.pop(name, None)
        self.captured.close()

    def _home(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Return the memory that what is carried lies in: what was handed out, or new."""
        carried = [inputs[i] for i in self.given]
        handed, whole = self.shared.get("handed", ((), ()))
        if self.count == len(handed) and all(map(is_, carried, handed)):
            return list(whole)
        with self.device.entered():
            self.captured.callers()  # a graph of the caller's must not write to new memory
            if self.count == len(handed):
                return self._brought(carried, handed, whole)
            return self._new(carried)

    def _new(self, carried: Sequence[Any]) -> list[Any]:
        """Return new memory with the arrays given; large ones that nobody writes are taken as they are."""
        stream, made = self.device.current(), dict[Any, Any]()
        for region in self.regions:
            if region[0] is Role.KEPT:
                made[region] = carried[int(region[1])]
            else:
                made[region] = self.device.empty(Kind((self.steps.sizes[region[0]],), "uint8"))
                self.device.zero(made[region], stream)
        for place, x in zip(leaves(self.steps.before, made, self.machine), carried, strict=True):
            if place is not x:
                self.device.copy(place, x, stream)
        return [made[region] for region in self.regions]

    def _brought(self, carried: Sequence[Any], handed: Sequence[Any], whole: Sequence[Any]) -> list[Any]:
        """Return the memory that was handed out last, with the arrays that are other ones brought there."""
        stream, made = self.device.current(), dict(zip(self.regions, whole, strict=True))
        written = [x for region, x in made.items() if region[0] is not Role.KEPT]
        away = []
        for before, x, place in zip(handed, carried, self.steps.before, strict=True):
            if x is before:
                continue
            if place.memory.region[0] is Role.KEPT:
                made[place.memory.region] = x
            elif any(self.device.overlap(x, block) for block in written):
                kept = self.device.empty(kind_of(x))  # it is read before it is written
                self.device.copy(kept, x, stream)
                away.append((before, kept))
            else:
                away.append((before, x))
        for before, x in away:
            self.device.copy(before, x, stream)
        return list(made.values())

    def _all(self, outputs: Sequence[Any], length: int | None) -> list[Any]:
        whole = tuple(outputs[: len(self.regions)])
        carried = self._handed(whole)
        rest = iter(self._results(outputs[len(self.regions) :], length))
        return [carried[self.carried[j]] if j in self.carried else next(rest) for j in self.outputs]

    def _handed(self, whole: tuple[Any, ...]) -> Sequence[Any]:
        """Return what is carried as it lies in its memory: the same arrays, as long as the memory is."""
        known: dict[tuple[int, ...], tuple[Sequence[Any], tuple[Any, ...]]] = self.shared.setdefault(
            "leaves", {}
        )
        key = tuple(map(id, whole))
        if key not in known:
            arrays = {after(region): x for region, x in zip(self.regions, whole, strict=True)}
            made = leaves(self.steps.after, arrays, self.machine)
            if len(known) > 1:
                known.clear()
            known[key] = (made, whole)  # the memory is held: an id may come again
        handed = self.shared["handed"] = known[key]
        return handed[0]

    def _results(self, outputs: Sequence[Any], length: int | None) -> list[Any]:
        if not self._views:
            return []
        if length is None:
            whole, view = outputs[0], self.machine.view
            return [view(whole, *each) for each in self._views]
        return leaves(self.steps.results, {(Role.RESULT, ""): outputs[0]}, self.machine, length)


def _layout(steps: Lowered) -> str:
    """Return where everything that is carried lies, as a text."""
    pairs = zip(steps.before, steps.after, strict=True)
    return repr([(_lies(before), _lies(after)) for before, after in pairs])


def _lies(place: Place) -> tuple[Any, ...]:
    root = place.memory.root
    return (root.role.value, root.start + place.start, place.dtype, place.shape)
