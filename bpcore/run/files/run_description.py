"""What a run is, in words that a checkpoint keeps: two runs of one description make the same numbers."""

from __future__ import annotations

from collections.abc import Mapping

from bpcore.machine.step import Batch
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.callbacks import Callbacks
from bpcore.run.feeding.place import Place
from bpcore.run.feeding.streams import Stream
from bpcore.run.files.checkpoints import fingerprint
from bpcore.run.files.description import describe
from bpcore.words.protocols import Static, Tree
from bpcore.words.trees import leaves

__all__ = ["described"]

WEIGHTED = 3
"""Arrays of samples with weights."""


def described(
    place: Place,
    net: Layer,
    loss: Loss,
    params: Tree,
    train: Batch,
    held: Batch | None,
    callbacks: Callbacks,
    stream: Stream | None,
    options: Mapping[str, object],
) -> dict[str, Static]:
    """Return the description of a run, as JSON values; how many epochs there are to be is no part of it.

    Parameters
    ----------
    place : Place
    net : Layer
    loss : Loss
    params : tree of arrays
        To start from.
    train, held : tuples of arrays
        Of a stream the first piece.
    callbacks : Callbacks
    stream : Stream or None
    options : mapping
        Optimizer, penalty, seed and what else changes the numbers.
    """
    told: dict[str, Static] = {"net": describe(net), "loss": describe(loss)}
    told |= {name: describe(value) for name, value in options.items()}
    told |= {"backend": place.backend.library, "dtype": str(place.dtype).rpartition(".")[2].strip("'>")}
    told |= {"callbacks": callbacks.described, "stream": None if stream is None else stream.described()}
    told |= {"samples": train[0].shape[0], "held-out samples": 0 if held is None else held[0].shape[0]}
    told |= {"weights": len(train) == WEIGHTED}
    told |= {"data": fingerprint(*train), "held out": None if held is None else fingerprint(*held)}
    return {**told, "start": fingerprint(*leaves(params))}
