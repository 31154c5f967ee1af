"""Epochs over a stream: the steps of one, batch by batch as the samples come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bpcore.machine.step import Batch
from bpcore.parts.keys import key
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.checks import check_data
from bpcore.run.feeding.epochs import Between, Done
from bpcore.run.feeding.pieces import in_pieces
from bpcore.run.feeding.place import Place
from bpcore.run.feeding.staging import Stage
from bpcore.run.feeding.streams import Stream, rebatched
from bpcore.run.feeding.weights import ClassWeight, class_weighted, taken_apart, weighted
from bpcore.words.errors import DataError
from bpcore.words.protocols import Array, Shape, Tree

__all__ = ["StreamEpochs", "bringing", "held_pieces"]


class StreamEpochs:
    """The training of some parameters on a stream, as `Epochs` on arrays.

    Attributes
    ----------
    params, state : trees of arrays
    made : int
        How many epochs these have seen.
    between : function of Done, or None
        Called between two steps of an epoch, with what it has reported so far.
    most : int or None
        Of steps that are made in one call: here it is always one.
    """

    between: Between | None = None
    most: int | None = None

    def __init__(
        self,
        step: Callable[..., Tree],
        params: Tree,
        state: Tree,
        stream: Stream,
        size: int | None,
        key: Array,
        *,
        bring: Callable[[Batch], Batch],
        stage: Stage = iter,
    ) -> None:
        self.step, self.params, self.state = step, params, state
        self.stream, self.size, self.key, self.bring = stream, size, key, bring
        self.stage = stage
        self.made, self.samples = 0, stream.samples

    def many(
        self, epochs: int, *, one_by_one: bool, made: int = 0, part: Done | None = None
    ) -> Iterator[Done]:
        """Make the epochs after the first `made`, up to `epochs`; yield each when it is done.

        `part` is what the first of them has reported already: it goes on after it.
        """
        for epoch in range(made + 1, epochs + 1):
            done, part = part or Done([], []), None
            for batch in self.batches(epoch, sum(done.samples)):
                if done.samples and self.between is not None:
                    self.between(done)
                self.params, self.state, report = self.step(self.params, self.state, batch)
                done.samples.append(batch[0].shape[0])
                done.reports.append(report)
            if not done.samples:
                raise DataError(
                    f"the stream yielded nothing in epoch {epoch}: give a function that makes it anew."
                )
            self.made = epoch
            yield done

    def batches(self, epoch: int, seen: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, but for those of its first samples."""
        pieces = self.stream.after(epoch, self.key, seen) if seen else self.stream.pieces(epoch, self.key)
        return self.stage(rebatched(map(self.bring, pieces), self.size))

    def sample(self, epoch: int, batch: int, row: int) -> int | None:
        """Return None: samples of a stream have no number."""


def bringing(
    place: Place,
    net: Layer,
    loss: Loss,
    features: Shape,
    name: str = "stream",
    class_weight: ClassWeight | None = None,
) -> Callable[[Batch], Batch]:
    """Return the function that brings a piece of a stream to its place, looks at it, and weighs its classes.

    It raises `DataError` where some pieces come with weights, and others without.
    """
    lengths: set[int] = set()

    def bring(piece: Batch) -> Batch:
        lengths.add(len(piece))
        if len(lengths) > 1:
            raise DataError(
                f"the {name} yields batches with weights and batches without: weigh all, or none."
            )
        pair, own = taken_apart(piece, name)
        brought = place.data(pair, loss, name, integers=net.integers)
        check_data(brought, net, loss, name, features)
        brought = weighted(place, brought, own, f"weights of the {name}", some=False)
        return class_weighted(place, brought, loss, net.output_shape(features)[-1], class_weight)

    return bring


def held_pieces(
    held: Batch | None, stream: Stream | None, bring: Callable[[Batch], Batch], size: int
) -> Callable[[], Iterable[Batch]] | None:
    """Return what returns the held-out samples, `size` at a time or in a stream's pieces; None for none."""
    if stream is not None:
        its_key = key(0)
        return lambda: map(bring, stream.pieces(1, its_key))
    return None if held is None else lambda: in_pieces(held, size)
