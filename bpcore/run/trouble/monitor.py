"""`monitor`: what is wrong with a run, in words."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import replace

from bpcore.machine.step import Batch
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.run.feeding.pieces import piece_of
from bpcore.run.feeding.streams import is_stream
from bpcore.run.result import Run, check_run
from bpcore.run.trouble.advice import Advice, threshold
from bpcore.run.trouble.diagnosis import limit
from bpcore.run.trouble.sharpness import sharpness
from bpcore.run.trouble.signs_in_data import signs_in_data, thinned
from bpcore.run.trouble.signs_in_gradients import signs_in_gradients
from bpcore.run.trouble.signs_in_layers import signs_in_units
from bpcore.run.trouble.stability import rising, spikes
from bpcore.words.errors import GradientError, OptionError
from bpcore.words.protocols import Array
from bpcore.words.ranges import check_whole
from bpcore.words.trees import leaves

__all__ = ["monitor"]

LEAST_EPOCHS = 4
"""From fewer losses nothing is said of how they rise."""
LEAST_SAMPLES = 128
"""Of so many the gradient is looked at, though more would not fit into memory beside the layers' outputs."""


def monitor(
    run: Run,
    data: Batch | None = None,
    /,
    *,
    optimizer: Optimizer | LBFGS | None = None,
    batch_size: int | None = None,
) -> tuple[Advice, ...]:
    """Return what is wrong with a run, and what to do.

    Parameters
    ----------
    run : Run
    data : pair (x, y), or None
        The samples that it was trained on; None for those that the run remembers, and then with its
        optimizer and batch size.
    optimizer : Optimizer or LBFGS, or None
        With which. With plain descent or momentum the largest curvature is measured too.
    batch_size : int or None
        As `fit` was given it.

    Returns
    -------
    tuple of Advice
        Nothing where nothing was found. What is looked at: ReLUs that are 0 for all samples, sigmoids and
        tanhs at the ends of their range, the gradient of the first layer beside the last one's, spikes of
        the loss and the curvature beside what the rate allows, the scales of features and targets, columns
        that are constant or the target itself. From where on each is told stands, with reasons, in
        ``bpcore.run.trouble.advice.THRESHOLDS``.

    Raises
    ------
    ShapeError, DataError
        When the data do not fit.
    OptionError
        When the run remembers none, and none are given; for an optimizer or a batch size that is none.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> x = np.linspace(-1.0, 1.0, 20)[:, None]
    >>> y = 300.0 + x**2
    >>> run = bp.fit(bp.MLP([1, 8, 1]), (x, y), loss=bp.SquaredError(), optimizer=bp.Adam(0.01))
    >>> [advice.kind for advice in bp.monitor(run, (x, y))]
    ['target_scale']
    """
    check_run(run, "run of monitor")
    if optimizer is not None and not isinstance(optimizer, Optimizer | LBFGS):
        raise OptionError("optimizer of monitor", optimizer, "that of the run, as bpcore.Adam(1e-3), or None")
    if batch_size is not None:
        check_whole("batch_size of monitor", batch_size, 1)
    if is_stream(data):
        raise OptionError("data of monitor", type(data).__name__, "samples (x, y): a stream is not looked at")
    recipe = run.recipe
    if data is None and recipe is not None and not is_stream(recipe.data):
        data, optimizer = recipe.data, optimizer or recipe.optimizer
        batch_size = recipe.options["batch_size"] if batch_size is None else batch_size
    if data is None:
        raise OptionError("data of monitor", data, "the samples (x, y) of the run, which remembers none")
    placed = run.placed(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numbers that have grown beyond all bounds
        return _signs(run, placed, optimizer, batch_size)


def _signs(
    run: Run, placed: Batch, optimizer: Optimizer | LBFGS | None, batch_size: int | None
) -> tuple[Advice, ...]:
    some = thinned(placed, int(threshold("samples looked at")))
    size = piece_of(run.net, run.features, least=LEAST_SAMPLES)
    start = _first_outputs(run, some[0], size)
    return (
        *signs_in_data(run.net, run.loss, placed, start),
        *signs_in_units(run.net, run.params, some[0], state=run.state),
        *signs_in_gradients(run.net, run.params, thinned(some, size), run.loss, state=run.state),
        *_signs_in_losses(run, some, optimizer, full=batch_size is None or batch_size >= placed[0].shape[0]),
    )


def _first_outputs(run: Run, x: Array, size: int) -> Array:
    """Return the outputs of the network with weights as they are drawn."""
    first = leaves(run.params)[0]
    params = run.net.init(run.place.key(0), run.features, dtype=first.dtype)
    state = None if run.state is None else run.net.init_state(run.features, like=first)
    drawn = replace(run, params=params, state=state)
    return drawn.predict(x, batch_size=size)


def _signs_in_losses(
    run: Run, data: Batch, optimizer: Optimizer | LBFGS | None, *, full: bool
) -> Iterator[Advice]:
    """Yield what is to be said of how the loss went."""
    losses = run.history.get("loss", [])
    bad = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), None)
    if bad is not None:
        yield Advice(
            kind="rate",
            words=f"the loss became {losses[bad]} in epoch {bad + 1}",
            what_to_do="Lower the rate, to a third or so, or begin with bp.Warmup().",
            option="rate",
        )
        return
    if len(losses) < LEAST_EPOCHS:
        return
    least = threshold("spike of the start") * abs(losses[0])
    found = [one for one in spikes(losses, least=threshold("spike")) if one.height - one.before > least]
    share = rising(losses) / (len(losses) - 1)
    edge = limit(optimizer) if isinstance(optimizer, Optimizer) and full and run.state is None else math.nan
    most = math.nan
    if not math.isnan(edge) and (found or share > threshold("rising epochs")):
        most = _sharpness(run, data)
    past = most > edge
    if not found and not past:
        return
    words = f"the loss rose in {rising(losses)} of {len(losses)} epochs"
    if found:
        worst = max(found, key=lambda one: one.height)
        words += f", from {worst.before:.3g} to {worst.height:.3g} in epochs {worst.start} to {worst.peak}"
    if past:
        words += f"; the largest curvature is {most:.3g}, the rate allows {edge:.3g}"
    yield Advice(
        kind="rate",
        words=words,
        what_to_do="Lower the rate, to a third or so, or begin with bp.Warmup().",
        option="rate",
    )


def _sharpness(run: Run, data: Batch) -> float:
    """Return the largest curvature; NaN where the network has no second derivative."""
    try:
        return sharpness(run.net, run.params, data[0], data[1], run.loss, state=run.state)
    except GradientError:
        return math.nan
