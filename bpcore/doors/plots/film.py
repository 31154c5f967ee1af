"""How a decision boundary came about: frames taken while a network is trained, and a film of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from bpcore.doors.plots.canvas import canvas, owner
from bpcore.doors.plots.regions import Grid, check_plane, check_resolution, classed, frame, margins, paint
from bpcore.doors.plots.samples import scatter
from bpcore.ground.backend import Backend
from bpcore.machine.step import LAYERS, Batch, init_step_state, make_evaluation, make_step
from bpcore.parts.keys import fold_in, split
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import Optimizer
from bpcore.program.compiled import compile
from bpcore.run.checks import check_data, check_kinds, check_options, check_pair, check_pairing, check_params
from bpcore.run.copies import copied
from bpcore.run.feeding.epochs import Epochs
from bpcore.run.feeding.place import Place
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
    state : tree of arrays, or None
        What layers carry; None where they carry nothing.
    """

    epoch: int
    params: Tree
    loss: float
    state: Tree = None


def film_of_training(
    net: Layer,
    data: Batch,
    /,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int = 100,
    every: int = 5,
    batch_size: int | None = None,
    seed: int = 0,
    params: Tree | None = None,
    backend: str | Backend | None = None,
    dtype: str | None = None,
) -> tuple[Frame, ...]:
    """Train a network as ``bp.fit`` does, and keep its parameters now and then.

    Parameters
    ----------
    net, data, loss, optimizer, epochs, batch_size, seed, params, backend, dtype
        As for ``bp.fit``: the same give the same training.
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
    check_options(epochs, batch_size, None)
    if type(every) is not int or every < 1:
        raise OptionError("every", every, "a whole number, 1 or more")
    check_kinds(net, loss, optimizer)
    if not isinstance(optimizer, Optimizer):
        raise OptionError("optimizer", type(optimizer).__name__, "one that makes a step from each gradient")
    check_pairing(net, loss)
    check_pair(data, "data")
    place = Place.of(data[0], backend, dtype)
    batch = place.data(data, loss)
    check_data(batch, net, loss)
    start_key, _, order_key = split(place.key(seed), 3)  # as `fit` has them
    params = _start(net, batch, place, start_key, params)
    step: Callable[..., Any] = compile(make_step(net, loss, optimizer), carry=2, backend=place.backend)
    evaluate = make_evaluation(net, loss)
    state = init_step_state(net, optimizer, params, tuple(batch[0].shape[1:]), fold_in(start_key, 1))
    training = Epochs(step, params, state, batch, batch_size, order_key, place.backend)
    frames = []
    for epoch, _ in enumerate(chain([None], training.many(epochs, one_by_one=True))):
        if epoch % every == 0 or epoch == epochs:
            carried = training.state.get(LAYERS)
            value = float(evaluate(training.params, batch, carried)["loss"])
            frames.append(_frame(epoch, training.params, carried, value, optimizer))
    return tuple(frames)


def _start(net: Layer, batch: Batch, place: Place, start_key: Array, params: Tree | None) -> Tree:
    features = tuple(batch[0].shape[1:])
    if params is None:
        return net.init(start_key, features, dtype=place.dtype)
    check_params(net, params, features, start_key)
    return tree_map(lambda p: place.array(p, place.dtype), params)


def _frame(epoch: int, params: Tree, carried: Tree, loss: float, optimizer: Optimizer) -> Frame:
    if not math.isfinite(loss):
        raise Diverged(f"the loss became {loss}", epoch, optimizer.highest_rate)
    kept, state = copied(params), copied(carried)  # a step may overwrite them
    return Frame(epoch=epoch, params=kept, loss=loss, state=state)


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
    check_resolution(resolution)
    found = classed(loss, x, y, output)
    ax = canvas(ax, 5, 4.4)
    from matplotlib.animation import FuncAnimation

    grid = Grid.around(found, resolution)
    scatter(ax, found, classes)
    frame(ax, grid, names)
    drawn: list[Any] = []

    def show(i: int) -> list[Any]:
        one = frames[i]
        while drawn:
            drawn.pop().remove()
        drawn.extend(paint(ax, grid, margins(net, one.params, loss, grid, output, one.state)))
        ax.set_title(f"Decision boundary after {one.epoch} epochs: loss {one.loss:.4f}")
        return drawn

    return FuncAnimation(owner(ax), show, frames=len(frames), interval=1000 * pause, init_func=lambda: drawn)
