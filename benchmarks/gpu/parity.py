"""Three small trainings on the device and on NumPy in lockstep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bpcore.doors.parity_nets import TRAININGS
from bpcore.ground.registry import backend as find_backend
from bpcore.program.parity.lockstep import parity as compared

__all__ = ["parity"]

STEPS = 3


def parity(backend: str, in_time: Callable[[], bool] = lambda: True) -> dict[str, Any]:
    """Return what was found, by dtype and training; what raised is told as such, and the others go on.

    Parameters
    ----------
    backend : str
    in_time : function
        Whether there is time left: no training is begun after it says no.
    """
    found: dict[str, Any] = {}
    for dtype in ("float32", "float64"):
        for name, training in TRAININGS.items():
            if not in_time():
                found[f"{name} {dtype}"] = {"absent": "no time was left"}
                continue
            try:
                start = training().begun(find_backend("numpy"), dtype)
                result = compared(
                    start.step, start.params, start.state, start.batch, backend=backend, carry=2, steps=STEPS
                )
            except Exception as error:  # noqa: BLE001 - an hour is too short to stop at the first fault
                found[f"{name} {dtype}"] = {"good": False, "raised": f"{type(error).__name__}: {error}"}
            else:
                found[f"{name} {dtype}"] = result.data()
    return found
