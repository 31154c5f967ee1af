"""Products timed once for a device and a library; what was fastest is kept, so that runs repeat."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Any

from bpcore.words.errors import OptionError
from bpcore_cupy.products import Algorithm, Handle, Plan, ProductFailed
from bpcore_cupy.products.offers import schemes_of
from bpcore_cupy.trial import Trial
from bpcore_numba.store import keep, kept

__all__ = ["TUNE", "Tuning", "tuning"]

TUNE = "BPCORE_TUNE"
"""The environment variable that says ``1`` where products are to be timed before they are chosen."""


class Tuning:
    """The algorithms that were fastest on one kind of device, in the folder that ``BPCORE_CACHE`` names.

    Parameters
    ----------
    cp : module
        CuPy; the device is its current one.
    handle : Handle
    deterministic : bool
        As the handle is: what was found fastest without it is not taken with it.
    """

    def __init__(self, cp: Any, handle: Handle, *, deterministic: bool) -> None:
        self.cp, self._handle = cp, handle
        about = cp.cuda.runtime.getDeviceProperties(cp.cuda.Device().id)
        device = (
            bytes(about["name"]),
            int(about["multiProcessorCount"]),
            cp.cuda.Device().compute_capability,
        )
        self._where, self._deterministic = (device, handle.version), deterministic
        self._seen: set[Plan] = set()

    def choose(self, plan: Plan) -> None:
        """Take the algorithm that was kept for a plan; or else time what is offered, and keep the fastest.

        Raises
        ------
        ProductFailed
            There is none for the product itself.
        """
        if plan in self._seen:
            return
        self._seen.add(plan)
        if self._taken(plan) or self._handle.prepare(plan) is None or plan in self._handle.proved:
            return
        with contextlib.suppress(MemoryError), Trial(self.cp, self._handle, plan) as trial:
            self._handle.tune(plan, trial.seconds)
            keep(self._name(plan), self._handle.chosen[plan.key].encode())

    def _taken(self, plan: Plan) -> bool:
        """Return whether what was kept is there, and the library takes it."""
        text = kept(self._name(plan))
        if text is None:
            return False
        try:
            return self._handle.take(plan, Algorithm.of_text(text.decode())) is not None
        except (ProductFailed, OptionError, UnicodeDecodeError):
            return False

    def _name(self, plan: Plan) -> str:
        schemes = schemes_of(plan, deterministic=self._deterministic)
        return f"cublaslt-{hashlib.sha256(repr((*self._where, schemes, plan.key)).encode()).hexdigest()}"


def tuning(cp: Any, handle: Handle, *, deterministic: bool) -> Tuning | None:
    """Return it where the environment asks for it."""
    return Tuning(cp, handle, deterministic=deterministic) if os.environ.get(TUNE) == "1" else None
