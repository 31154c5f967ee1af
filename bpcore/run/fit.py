"""`fit`: train a network on data."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.ground.backend import Backend
from bpcore.machine.searched import make_searched_step
from bpcore.machine.step import LAYERS, Batch, init_step_state, make_evaluation, make_step
from bpcore.parts.keys import fold_in, split
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.optimizers import AVERAGE, LBFGS, Optimizer
from bpcore.parts.penalties import Penalty
from bpcore.parts.schedules import ReduceOnPlateau
from bpcore.program.compiled import compile
from bpcore.run.checks import check_kinds, check_options, check_pair, check_pairing, check_searched
from bpcore.run.epochs import Done, Epochs
from bpcore.run.intake import parted, start_of
from bpcore.run.place import Place
from bpcore.run.progress import Progress, shown
from bpcore.run.rates import rescheduled
from bpcore.run.result import History, Run
from bpcore.run.weights import ClassWeight
from bpcore.words.errors import Diverged
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves, tree_map

__all__ = ["fit"]


def fit(
    net: Layer,
    data: Batch,
    /,
    *,
    loss: Loss,
    optimizer: Optimizer | LBFGS,
    epochs: int = 10,
    batch_size: int | None = None,
    seed: int = 0,
    backend: str | Backend | None = None,
    dtype: str | None = None,
    validation: float | Batch | None = None,
    params: Tree | None = None,
    sample_weight: Array | None = None,
    class_weight: ClassWeight | None = None,
    penalty: Penalty | None = None,
    compiled: bool = True,
    progress: str | Progress | None = "auto",
) -> Run:
    """Train a network.

    Parameters
    ----------
    net : Layer
    data : pair (x, y)
        `x` (samples, features), or (samples, *shape) as the first layer takes it; `y` as the loss takes
        it: numbers of the output's shape, or labels (samples,). Arrays of any backend's library, or nested
        lists.
    loss : Loss
    optimizer : Optimizer or LBFGS
    epochs : int >= 1
        How often all samples are seen.
    batch_size : int >= 1, or None
        Samples a step; None for all of them in one. The last batch of an epoch may be smaller.
    seed : int
        Of the start, the split and the order. One seed gives one result on a backend, and the same
        random numbers on every backend.
    backend : str, Backend or None
        Where to compute; None means where `x` is.
    dtype : "float32", "float64" or None
        None means that of `x` where it is real floating and the device has it, else float32.
    validation : float, pair (x, y), triple (x, y, weights), or None
        A share of the samples to hold out, or samples of their own.
    params : tree of arrays or None
        Parameters to start from.
    sample_weight : array (samples,) or None
        How much each sample counts, 0 or more. Losses that are means become weighted means.
    class_weight : "balanced", mapping, array, or None
        How much the samples of each class count, by its number; what a mapping leaves out counts 1.
        "balanced" is ``samples / (classes x samples of the class)``. Samples that were held out are not
        weighed by it.
    penalty : Penalty or None
        What is added to the loss, as ``bp.L2(1e-4)``.
    compiled : bool
        Whether the step is recorded once and then replayed by the backend's `compile`; if not, it is
        traced anew at every step.
    progress : "auto", None or function
        A bar where standard error is a terminal, nothing, or a function of
        ``(epoch, epochs, row of the history)``.

    Returns
    -------
    Run
        With ``params``, ``history``, ``predict(x)``.

    Raises
    ------
    ShapeError, DataError, OptionError
        Before the first step, when data, network and loss do not fit together.
    Diverged
        When the loss of an epoch is not finite.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> x = np.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.asarray([[0.0], [1.0], [1.0], [0.0]])
    >>> net = bp.Chain(bp.Linear(8), bp.Tanh(), bp.Linear(1))
    >>> run = bp.fit(net, (x, y), loss=bp.BinaryCrossEntropy(), optimizer=bp.Adam(0.05), epochs=200)
    >>> run.history["accuracy"][-1]
    1.0
    """
    check_options(epochs, batch_size, validation)
    check_kinds(net, loss, optimizer)
    check_pairing(net, loss)
    check_pair(data, "data")
    place = Place.of(data[0], backend, dtype)
    start_key, split_key, order_key = split(place.key(seed), 3)
    train, held = parted(
        *(place, net, loss, data, validation, split_key),
        sample_weight=sample_weight,
        class_weight=class_weight,
    )
    features = tuple(train[0].shape[1:])
    params = start_of(place, net, features, params, start_key)
    check_searched(optimizer, batch_size, train[0].shape[0])
    step, evaluate = _functions(net, loss, optimizer, penalty, place.backend if compiled else None)
    state = init_step_state(net, optimizer, params, features, fold_in(start_key, 1))
    training = Epochs(step, params, state, train, batch_size, order_key, place.backend)
    history: History = {}
    plateau = optimizer.rate if isinstance(optimizer.rate, ReduceOnPlateau) else None
    first_loss = math.nan
    began = time.perf_counter()
    with shown(progress, epochs) as show:
        one_by_one = held is not None or plateau is not None
        for epoch, done in enumerate(training.many(epochs, one_by_one=one_by_one), start=1):
            row, start = _row(place, done, loss)
            if epoch == 1:
                first_loss = start
            if held is not None:
                found, _ = _row(
                    place, Done([1], [evaluate(training.params, held, training.state.get(LAYERS))]), loss
                )
                row |= {f"validation_{name}": value for name, value in found.items()}
            for name, value in row.items():
                history.setdefault(name, []).append(value)
            if not math.isfinite(row["loss"]):
                raise Diverged(f"the loss became {row['loss']}", epoch, place.number(training.state["rate"]))
            if plateau is not None:
                training.state = rescheduled(training.state, plateau, history)
            show(epoch, epochs, row)
    params, carried, averaged = (
        tree_map(_kept, tree)
        for tree in (training.params, training.state.get(LAYERS), training.state.get(AVERAGE))
    )
    if not all(_is_finite(p) for p in leaves(params)):  # the last update is seen by no loss
        raise Diverged(
            "a parameter became infinite or not a number", epochs, place.number(training.state["rate"])
        )
    place.backend.synchronize()
    return Run(
        net=net,
        params=params,
        averaged=averaged,
        state=carried,
        loss=loss,
        features=features,
        backend=place.backend,
        history=history,
        first_loss=first_loss,
        seconds=time.perf_counter() - began,
    )


def _functions(
    net: Layer, loss: Loss, optimizer: Optimizer | LBFGS, penalty: Penalty | None, backend: Backend | None
) -> tuple[Callable[..., Tree], Callable[..., Tree]]:
    """Return step and evaluation, compiled by a backend or, for None, as they are."""
    evaluate = make_evaluation(net, loss, penalty=penalty)
    if isinstance(optimizer, LBFGS):
        compiled = backend is not None
        step = make_searched_step(net, loss, optimizer, penalty=penalty, compiled=compiled, backend=backend)
    else:
        step = make_step(net, loss, optimizer, penalty=penalty)
        step = step if backend is None else compile(step, carry=2, backend=backend)
    return step, evaluate if backend is None else compile(evaluate, backend=backend)


def _kept(p: Array) -> Array:
    """Return a copy, which no later step overwrites."""
    return array_namespace(p).asarray(p, copy=True)


def _is_finite(p: Array) -> bool:
    xp = array_namespace(p)
    return bool(xp.all(xp.isfinite(p)))


def _row(place: Place, done: Done, loss: Loss) -> tuple[dict[str, float], float]:
    """Return the epoch's numbers from what its steps reported, read in one transfer, and its first loss.

    Means are weighted by the steps' samples, or by their weights; a loss that sums is summed.
    """
    names = sorted(done.reports[0], key=lambda name: (name != "loss", name))  # a Program sorts them otherwise
    xp = array_namespace(done.reports[0]["loss"])
    flat = [xp.reshape(report[name], (-1,)) for name in names for report in done.reports]
    numbers = place.backend.to_host(xp.concat(flat)).tolist()
    steps = len(done.samples)
    counts: list[float] = [*done.samples]
    if names[-1] == "weight":
        names, counts = names[:-1], numbers[-steps:]
    total = sum(counts)
    shares = [count / total if total else 0.0 for count in counts]
    row = {}
    for i, name in enumerate(names):
        weights = [1.0] * steps if name == "loss" and loss.reduction == "sum" else shares
        column = numbers[i * steps : (i + 1) * steps]
        row[name] = sum(w * n for w, n in zip(weights, column, strict=True))
    return row, numbers[0]
