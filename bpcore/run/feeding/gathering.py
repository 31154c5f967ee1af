"""Steps that take their batch out of the data themselves: where the data lie beside them, on a device.

The data are carried from step to step as they are, so that a backend keeps them where they are; what a step
is given is the numbers of its samples alone. An epoch is one call then, and its order all that is sent.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from bpcore.ground.backend import Backend
from bpcore.machine.step import Batch
from bpcore.program.compiled import Compiled
from bpcore.run.feeding.batches import select
from bpcore.words.protocols import Array, Tree

__all__ = ["gathering"]


def gathering(step: Callable[..., Tree], data: Batch, backend: Backend) -> Compiled | None:
    """Return ``(params, state, data, rows) -> (params, state, data, report)``; None where nothing is won.

    Parameters
    ----------
    step : function ``(params, state, batch) -> (params, state, report)``
        One that is not compiled is left alone.
    data : tuple of arrays (samples, ...)
    backend : Backend
        That is asked whether it `gathers`.
    """
    if not isinstance(step, Compiled) or not backend.gathers(sum(map(_bytes, data))):
        return None
    f = step.f

    @functools.wraps(f)
    def gathered(params: Tree, state: Tree, data: Batch, rows: Array) -> Tree:
        params, state, report = f(params, state, select(data, rows))
        return params, state, data, report

    return Compiled(
        gathered,
        carry=3,
        backend=step.backend,
        uncompilable=step.uncompilable,
        deterministic=step.deterministic,
    )


def _bytes(x: Array) -> int:
    """Return how many bytes an array takes, a little more where its dtype is unknown."""
    size: int = math.prod(x.shape) * int(getattr(x.dtype, "itemsize", 8))
    return size
