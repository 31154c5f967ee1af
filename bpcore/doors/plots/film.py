"""How a decision boundary came about: frames taken while a network is trained, and a film of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.plots.canvas import canvas, owner
from bpcore.doors.plots.regions import Grid, check_plane, classed, frame, margins, paint
from bpcore.doors.plots.samples import scatter
from bpcore.machine.step import Batch, make_evaluation, make_step
from bpcore.parts.keys import split
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import Optimizer
from bpcore.program.compiled import compile
from bpcore.run.checks import check_data, check_kinds, check_pair, check_pairing, check_params
from bpcore.run.place import Place
from bpcore.words.errors import Diverged, OptionError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import tree_map

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes

__all__ = ["Frame", "boundary_film", "film_of_training"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Frame:
    """A network at one moment of its training.

    Attributes
    ----------
    epoch : int
        The updates that lie behind it; 0 at the start.
    params : tree of arrays
    loss : float
        Of these parameters.
    """

    epoch: int
    params: Tree
    loss: float


def film_of_training(
    net: Layer,
    data: Batch,
    /,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 100,
    every: int = 5,
    seed: int = 0,
    params: Tree | None = None,
) -> tuple[Frame, ...]:
    """Train a network on all samples at once, and keep its parameters now and then.

    The steps are those of ``bp.fit`` without batches: one seed gives the same start.

    Parameters
    ----------
    net, data, loss, optimizer, epochs, seed, params
        As for ``bp.fit``; it computes where `data` is.
    every : int >= 1
        Epochs between two frames.

    Returns
    -------
    tuple of Frame
        The start, every so many epochs, and the end.

    Raises
    ------
    OptionError, ShapeError, DataError, Diverged
        As for ``bp.fit``.
    """
    for name, count in (("epochs", epochs), ("every", every)):
        if type(count) is not int or count < 1:
            raise OptionError(name, count, "a whole number, 1 or more")
    check_kinds(net, loss, optimizer)
    check_pairing(net, loss)
    check_pair(data, "data")
    place = Place.of(data[0], None, None)
    batch = place.data(data, loss)
    check_data(batch, net, loss)
    params = _start(net, batch, place, seed, params)
    step: Callable[..., Any] = compile(make_step(net, loss, optimizer), carry=2, backend=place.backend)
    evaluate = make_evaluation(net, loss)
    state = optimizer.init(params)
    frames = []
    for epoch in range(epochs + 1):
        if epoch % every == 0 or epoch == epochs:
            frames.append(_frame(epoch, params, float(evaluate(params, batch)["loss"]), optimizer))
        if epoch < epochs:
            params, state, _ = step(params, state, batch)
    return tuple(frames)


def _start(net: Layer, batch: Batch, place: Place, seed: int, params: Tree | None) -> Tree:
    start_key, features = split(place.key(seed), 3)[0], tuple(batch[0].shape[1:])
    if params is None:
        return net.init(start_key, features, dtype=place.dtype)
    check_params(net, params, features, start_key)
    return tree_map(lambda p: place.array(p, place.dtype), params)


def _frame(epoch: int, params: Tree, loss: float, optimizer: Optimizer) -> Frame:
    if not math.isfinite(loss):
        raise Diverged(f"the loss became {loss}", epoch, optimizer.rate)
    kept = tree_map(lambda p: array_namespace(p).asarray(p, copy=True), params)  # a step may overwrite them
    return Frame(epoch=epoch, params=kept, loss=loss)


def boundary_film(
    net: Layer,
    frames: Sequence[Frame],
    x: Array,
    y: Array,
    /,
    *,
    loss: Loss,
    output: int | None = None,
    resolution: int = 100,
    pause: float = 0.12,
    names: Sequence[str] = ("$x_1$", "$x_2$"),
    classes: Sequence[str] = (),
    ax: Axes | None = None,
) -> FuncAnimation:
    """Return the decision boundary as it came about, as an animation.

    Parameters
    ----------
    net : Layer
    frames : sequence of Frame
        As from `film_of_training`.
    x, y, output, names, classes, ax
        As for `data`.
    loss : Loss
        It says what the network's outputs mean.
    resolution : int
        Points of the grid along each feature.
    pause : float > 0
        Seconds between two frames.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        ``bp.plots.save(path, film)`` writes it as a GIF.

    Raises
    ------
    OptionError
        When there are no frames.
    ShapeError, DataError, LibraryMissing
        As for `boundary`.
    """
    if not frames:
        raise OptionError("frames", list(frames), "one frame or more", "Take them with film_of_training.")
    check_plane(tuple(x.shape[1:]))
    found = classed(loss, x, y, output)
    ax = canvas(ax, 5, 4.4)
    from matplotlib.animation import FuncAnimation

    grid = Grid.around(found, resolution)
    scatter(ax, found, classes)
    frame(ax, grid, names)
    drawn: list[Any] = []

    def show(i: int) -> list[Any]:
        while drawn:
            drawn.pop().remove()
        drawn.extend(paint(ax, grid, margins(net, frames[i].params, loss, grid, output)))
        ax.set_title(f"Decision boundary after {frames[i].epoch} epochs: loss {frames[i].loss:.4f}")
        return drawn

    return FuncAnimation(owner(ax), show, frames=len(frames), interval=1000 * pause, init_func=lambda: drawn)
