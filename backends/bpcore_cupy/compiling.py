"""A Program on a CUDA device: lowered, captured, replayed; or, with the reason said once, as CuPy runs it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from bpcore.ground.backend import as_plain_function
from bpcore.program.program import Program
from bpcore.program.stepwise import stepwise
from bpcore.words.frames import stack_level
from bpcore_cupy.capture.device import Device
from bpcore_cupy.lowering.lowering import lowered
from bpcore_cupy.lowering.machine import Machine
from bpcore_cupy.lowering.merging import with_merged
from bpcore_cupy.lowering.refusal import NotCapturable
from bpcore_cupy.products import Plan
from bpcore_cupy.running import OnDevices, Runs

__all__ = ["Compiler", "NotCaptured"]

Run = Callable[..., Sequence[Any]]

DETERMINISTIC = "BPCORE_DETERMINISTIC"
"""The environment variable that says ``0`` where sums may be made in an order that is not fixed."""

SMALL = "BPCORE_SMALL_PRODUCTS"
"""The environment variable that says ``0`` where small products too are to be cuBLASLt's."""


class NotCaptured(RuntimeWarning):
    """A compiled function runs function by function, because one of them cannot be captured."""


class Offering(Machine, Protocol):
    """A machine that also says which products it has."""

    def offers(self, plan: Plan, /) -> bool:
        """Return whether there is an algorithm for a product with its end."""


class Compiler:
    """What compiles for one opened backend.

    Parameters
    ----------
    device : function of a sequence of arrays
        Return the `Device` that they are on; of none, the one that is to be computed on now.
    machine : function ``(functions, deterministic)``
        Return a new machine on the device that is current; of one owner thread, as what is compiled with it.
    several : bool
        Whether arrays may be on several devices.
    """

    def __init__(
        self,
        device: Callable[[Sequence[Any]], Device],
        machine: Callable[[Any, bool], Offering],
        *,
        several: bool = False,
    ) -> None:
        self._device, self._machine, self._several = device, machine, several
        self._said: set[str] = set()

    def compile(self, program: Any, functions: Any, shared: dict[str, Any], /) -> Run:
        """Return a function that runs the Program."""
        made = self._made_once(program, functions, shared, self._device(()))
        if made is None:
            return as_plain_function(program, functions, shared)
        if not self._several:
            return made

        def there(arrays: Sequence[Any]) -> Runs:
            found = self._made_once(program, functions, shared, self._device(arrays))
            assert found is not None  # noqa: S101 - what can be captured does not depend on the device
            return found

        return OnDevices(made, there)

    def loop(self, program: Any, functions: Any, shared: dict[str, Any], /) -> Run:
        """Return a function that runs it many times."""
        run: Any = self.compile(program, functions, shared)
        if isinstance(run, Runs | OnDevices):
            return run.loop
        return stepwise(program, run, functions)

    def _made_once(
        self, program: Program, functions: Any, shared: dict[str, Any], device: Device
    ) -> Runs | None:
        """Return the captured step, made once for `compile` and `loop`; None where there can be none."""
        key = f"{device.name} {id(program.equations)}"
        if key not in shared:  # the equations are held: an id may come again
            shared[key] = (program.equations, self._made(program, functions, shared, device))
        made: Runs | None = shared[key][1]
        return made

    def _made(self, program: Program, functions: Any, shared: dict[str, Any], device: Device) -> Runs | None:
        with device.entered():
            deterministic = bool(shared.get("deterministic", os.environ.get(DETERMINISTIC) != "0"))
            name = f"machine of {device.name}"
            if name not in shared:
                shared[name] = self._machine(functions, deterministic)
            machine: Offering = shared[name]
            small = os.environ.get(SMALL) != "0"
            precision = "tf32" if shared.get("precision") == "tf32" else "float32"  # 16 bits are the arrays'
            try:
                steps = lowered(program, functions, offers=machine.offers, precision=precision, small=small)
                steps = with_merged(steps) if small else steps
            except NotCapturable as refused:
                self._say(refused)
                return None
            return Runs(program, steps, machine, device, shared)

    def _say(self, refused: NotCapturable) -> None:
        if refused.name in self._said:
            return
        self._said.add(refused.name)
        message = (
            f"a compiled function runs function by function on cupy: {refused.name} cannot be part of a "
            f"graph ({refused.why})"
        )
        warnings.warn(message, NotCaptured, stacklevel=stack_level())
