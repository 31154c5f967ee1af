"""Where the batches of a stream are made ready: on the host, if they are brought to the device one ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backend_of
from bpcore.machine.step import Batch
from bpcore.run.feeding.place import Place
from bpcore.words.protocols import Array

__all__ = ["Stage", "staged"]

Stage = Callable[[Iterable[Batch]], Iterator[Batch]]


def staged(place: Place, x: Array) -> tuple[Place, Stage]:
    """Return where pieces of a stream are looked at and cut to batches, and how those come to `place`.

    Parameters
    ----------
    place : Place
        Of the run.
    x : array of any library, or nested lists
        Of the stream's first piece. Where it is the device's library's, all stays there.
    """
    stage = place.backend.stage
    if stage is None or (hasattr(x, "dtype") and backend_of(x).library == place.backend.library):
        return place, iter
    host = find_backend("numpy")
    name = str(place.dtype).rpartition(".")[2].strip("'<>")
    return replace(place, backend=host, device=None, dtype=host.dtype(name)), stage
