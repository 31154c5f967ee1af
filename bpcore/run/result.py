"""What training leaves: the network, its parameters, and how it got there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.machine.step import Batch
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.feeding.pieces import in_pieces, piece_of
from bpcore.run.feeding.place import Place
from bpcore.run.recipe import Recipe
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array, Tree
from bpcore.words.ranges import check_whole
from bpcore.words.trees import leaves

__all__ = ["History", "Run", "check_run"]

History = dict[str, list[float]]
"""One list for each quantity, one number an epoch: ``loss``, ``accuracy``, ``validation_loss``, ..."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Run:
    """A trained network.

    Attributes
    ----------
    net : Layer
    params : tree of arrays, on the backend's device
    loss : Loss
    averaged : tree of arrays, or None
        The moving average of the parameters, of an optimizer with ``averaging``; `with_averaged` predicts
        with it.
    state : tree of arrays, or None
        What layers carry beside their parameters, as running means; None where they carry nothing.
    features : tuple of int
        The shape of one sample.
    backend : Backend
    history : dict of lists of float
        Losses and accuracies of an epoch are means over its batches, each seen before its update.
    first_loss : float
        The loss of the first step, before any update; NaN in a run that was loaded. The number to compare
        between backends.
    precision : str
        What its steps computed in.
    seconds : float
        What training took, on the wall clock; 0 for a run with a checkpoint.
    extra : mapping
        What was saved along with the network; JSON values.
    recipe : Recipe or None
        What `fit` was given, data included, for `bpcore.doctor`; None in a run that was loaded, or pickled.
    """

    net: Layer
    params: Tree
    loss: Loss
    features: tuple[int, ...]
    backend: Backend
    history: History = field(default_factory=dict)
    first_loss: float = math.nan
    seconds: float = 0.0
    extra: Mapping[str, object] = field(default_factory=dict)
    state: Tree = None
    averaged: Tree = None
    precision: str = "float32"
    recipe: Recipe | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, object]:
        """Return what is pickled: all but the recipe, which holds the data; of the backend its name."""
        return {**self.__dict__, "backend": self.backend.name, "recipe": None}

    def __setstate__(self, state: dict[str, object], /) -> None:
        """Take what was pickled, and open the backend of that name; errors as for `bpcore.backend`."""
        self.__dict__.update(state, backend=find_backend(state["backend"]))  # type: ignore[arg-type]

    def with_averaged(self) -> Run:
        """Return the run with its averaged parameters in place of the last ones, to predict, save and export.

        Raises
        ------
        OptionError
            Its optimizer averaged none.
        """
        if self.averaged is None:
            do = "Train with one, as bpcore.Adam(1e-3, averaging=0.99)."
            raise OptionError("the run", self, "one whose optimizer averages", do)
        return replace(self, params=self.averaged, averaged=None)

    def predict(self, x: Array, /, *, batch_size: int | None = None) -> Array:
        """Return the network's output for `x`.

        Parameters
        ----------
        x : array (samples, features)
            Of any library; it is brought to the run's backend.
        batch_size : int >= 1, or None
            Samples at a time; None for as many as make a million numbers in the widest layer.

        Returns
        -------
        array (samples, outputs)
            On the run's backend: logits where the loss takes logits.
        """
        first = leaves(self.params)[0]
        place = Place(self.backend, first.device, first.dtype)
        x = place.whole(x, "x of predict") if self.net.integers else place.numbers(x, "x of predict")
        if tuple(x.shape[1:]) != self.features:
            raise ShapeError("predict", f"samples of shape {('n', *self.features)}", tuple(x.shape))
        self.net.check_samples(x)
        if batch_size is not None:
            check_whole("batch_size of predict", batch_size, 1)
        size = batch_size or piece_of(self.net, self.features)
        outputs = [self._output(piece) for (piece,) in in_pieces((x,), size)]
        return outputs[0] if len(outputs) == 1 else array_namespace(x).concat(outputs, axis=0)

    def _output(self, x: Array) -> Array:
        if self.state is None:
            return self.net(self.params, x)
        return self.net.forward(self.params, self.state, x)[0]

    @property
    def place(self) -> Place:
        """Where its parameters are."""
        return Place.of(leaves(self.params)[0], None, None)

    def placed(self, data: Batch, name: str = "data") -> Batch:
        """Return samples and targets where its parameters are; errors as for `Place.data`."""
        return self.place.data(data, self.loss, name, integers=self.net.integers)

    @property
    def dtype(self) -> str:
        """The name of its parameters' dtype, as ``float32``."""
        return str(leaves(self.params)[0].dtype).rpartition(".")[2]

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name} {values[-1]:.6g}" for name, values in self.history.items() if values)
        return f"<Run of {self.net} on {self.backend.name}: {numbers or 'no history'}>"


def check_run(given: object, name: str) -> None:
    """Want what `bpcore.fit` returned, and not its network, or its path.

    Raises
    ------
    OptionError
    """
    if not isinstance(given, Run):
        raise OptionError(name, type(given).__name__, "a run, as bpcore.fit or bpcore.load returns it")
