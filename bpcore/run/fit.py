"""`fit`: train a network on data."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from bpcore.ground.backend import Backend
from bpcore.machine.loss_scale import LossScale
from bpcore.machine.searched import make_searched_step
from bpcore.machine.step import init_step_state, make_evaluation, make_step
from bpcore.parts.keys import fold_in, split
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.parts.narrowing import in_precision
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.parts.penalties import Penalty
from bpcore.parts.plateau import ReduceOnPlateau
from bpcore.program.compiled import compile
from bpcore.run.callbacks import Callbacks, Ending
from bpcore.run.checks import (
    check_averaged,
    check_gathered,
    check_kinds,
    check_options,
    check_pairing,
    check_searched,
)
from bpcore.run.copies import all_finite, copied
from bpcore.run.feeding.balance import balanced_order
from bpcore.run.feeding.batches import order_of
from bpcore.run.feeding.epochs import Epochs
from bpcore.run.feeding.held_out import HeldOut, Metric, named_metrics
from bpcore.run.feeding.intake import parted, start_of
from bpcore.run.feeding.pieces import piece_of
from bpcore.run.feeding.staging import staged
from bpcore.run.feeding.stream_epochs import StreamEpochs, bringing, held_pieces
from bpcore.run.feeding.streams import Data, check_stream, opened, opened_apart
from bpcore.run.feeding.weights import ClassWeight
from bpcore.run.files.checkpoints import Checkpoint, Keeper
from bpcore.run.files.run_description import described
from bpcore.run.precision import check_precision, place_for, scaling_of
from bpcore.run.progress import Progress
from bpcore.run.recipe import Recipe
from bpcore.run.result import Run
from bpcore.run.training import Engine, Training
from bpcore.run.trouble.memory import memory_told
from bpcore.run.trouble.replay import Replay
from bpcore.words.errors import Diverged, OptionError
from bpcore.words.protocols import Array, Tree

__all__ = ["fit"]


def fit(
    net: Layer,
    data: Data,
    /,
    *,
    loss: Loss,
    optimizer: Optimizer | LBFGS,
    epochs: int = 10,
    batch_size: int | None = None,
    seed: int = 0,
    backend: str | Backend | None = None,
    dtype: str | None = None,
    validation: float | Data | None = None,
    params: Tree | None = None,
    sample_weight: Array | None = None,
    class_weight: ClassWeight | None = None,
    penalty: Penalty | None = None,
    balanced: bool = False,
    metrics: Sequence[Metric] = (),
    callbacks: Sequence[object] = (),
    checkpoint: str | os.PathLike[str] | Checkpoint | None = None,
    precision: str = "float32",
    loss_scale: LossScale | None = None,
    evaluate_averaged: bool = False,
    diagnose: bool = True,
    compiled: bool = True,
    progress: str | Progress | None = "auto",
) -> Run:
    """Train a network.

    Parameters
    ----------
    net : Layer
    data : pair (x, y), or a stream
        `x` (samples, features), or ``(samples, *shape)`` as the first layer takes it; `y` as the loss takes
        it: numbers of the output's shape, or labels (samples,). Arrays of any backend's library, or nested
        lists. A stream is an iterable of batches (x, y) or (x, y, weights), a function that returns a fresh
        one for each epoch, or what `bp.datasets.from_npy`, `from_csv` and `from_parquet` return.
    loss : Loss
    optimizer : Optimizer or LBFGS
    epochs : int >= 1
        How often all samples are seen.
    batch_size : int >= 1, or None
        Samples a step; None for all of them in one, or for the batches of a stream as they come. The last
        batch of an epoch may be smaller.
    seed : int
        Of the start, the split and the order. One seed gives one result on a backend, and the same
        random numbers on every backend.
    backend : str, Backend or None
        Where to compute; None means where `x` is.
    dtype : "float32", "float64" or None
        None means that of `x` where it is real floating and the device has it, else float32.
    validation : float, pair (x, y), triple (x, y, weights), stream, or None
        A share of the samples to hold out, or samples of their own. They are measured in batches.
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
    balanced : bool
        Whether the classes take turns, so that each batch has as many samples of one as of another, however
        rare it is.
    metrics : sequence of str or functions
        What is also measured on the held-out samples after each epoch: names of `bp.metrics`, or functions
        of the targets and the network's outputs. The columns are ``validation_f1`` and so on; every
        sample counts once, whatever its weight.
    callbacks : sequence of objects
        Told of every epoch, as `bp.EarlyStopping`: see the guide.
    checkpoint : path, Checkpoint or None
        Where the run is saved while it goes on. A run that finds its checkpoint there goes on from it, and
        ends with the same bytes as one that was never stopped. After Ctrl-C it finishes the step and
        saves. The time is not in such a run: its `seconds` are 0.
    precision : "float32", "tf32", "bfloat16" or "float16"
        What steps compute in: IEEE's float32, which is the default everywhere; the same with products on
        tensor cores; or layers in 16 bits. Parameters, losses, statistics and updates are in float32, and
        samples that were held out are measured in it, as `Run.predict` computes in it.
    loss_scale : LossScale or None
        With "float16": how the loss is scaled. The history tells ``loss_scale`` and how many steps were
        ``skipped``.
    evaluate_averaged : bool
        Whether held-out samples are measured with the averaged parameters, of an optimizer with
        ``averaging``: `EarlyStopping` then goes by them.
    diagnose : bool
        Whether a run that diverges says where that began, and leaves its last finite parameters. For that a
        copy of parameters and optimizer state is kept where they are: with `Adam` three times the
        parameters. Without it there is none.
    compiled : bool
        Whether the step is recorded once and then replayed by the backend's `compile`; if not, it is
        traced anew at every step.
    progress : "auto", "bar", "lines", None or function
        A bar where standard error is a terminal and ten lines where it is none; a bar, lines, or nothing
        wherever it is; or a function of ``(epoch, epochs, row of the history)``. The variable
        BPCORE_PROGRESS of the environment, ``bar``, ``lines`` or ``none``, says what "auto" is.

    Returns
    -------
    Run
        With ``params``, ``history``, ``predict(x)``.

    Raises
    ------
    ShapeError, DataError, OptionError
        Before the first step, when data, network and loss do not fit together.
    Diverged
        When the loss of an epoch is not finite. It says where that began, for the step is replayed function
        by function; its ``run`` has the last finite parameters, and the history.
    FileError
        When the checkpoint is that of another run, is damaged, is in use, or cannot be written.
    OutOfMemory
        When a step does not fit into memory.

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
    check_precision(precision, loss_scale, optimizer, dtype)
    if evaluate_averaged:
        check_averaged(optimizer, validation)
    told, scores = Callbacks(callbacks), named_metrics(metrics, net, loss)
    if metrics and validation is None:
        raise OptionError("metrics", metrics, "left out where nothing is held out", "Give validation=.")
    weights: dict[str, Any] = {"sample_weight": sample_weight, "class_weight": class_weight}
    options: dict[str, Any] = {"penalty": penalty, "batch_size": batch_size, "seed": seed}
    more: dict[str, Any] = {"balanced": balanced, "compiled": compiled, "metrics": list(metrics)}
    more |= {"evaluate_averaged": True} if evaluate_averaged else {}
    asked = {"validation": validation, "params": params, "precision": precision, "loss_scale": loss_scale}
    recipe = Recipe(
        data=data, optimizer=optimizer, epochs=epochs, options={**options, **more, **asked, **weights}
    )
    given, stream, stream_key = opened(data, seed)
    if stream is not None:
        check_stream(stream, epochs, optimizer, validation, checkpoint, **weights, balanced=balanced or None)
    apart, held_stream = opened_apart(validation, epochs, checkpoint)
    place, scaling = place_for(given[0], backend, dtype, precision), scaling_of(precision, loss_scale)
    start_key, split_key, order_key = split(place.key(seed), 3)
    train, held, numbers = parted(place, net, loss, given, apart, split_key, **weights)
    features = tuple(train[0].shape[1:])
    params = start_of(place, net, features, params, start_key)
    how = {"precision": precision, "loss_scale": scaling}
    there = place.backend if compiled else None
    step, evaluate, output = _functions(net, loss, optimizer, penalty, there, **how)
    state = init_step_state(net, optimizer, params, features, fold_in(start_key, 1), loss_scale=scaling)
    engine: Engine
    if stream is not None:
        at, stage = staged(place, given[0])
        bring = bringing(at, net, loss, features, class_weight=class_weight)
        engine = StreamEpochs(step, params, state, stream, batch_size, stream_key, bring=bring, stage=stage)
    else:
        check_searched(optimizer, batch_size, train[0].shape[0])
        check_gathered(optimizer, batch_size, train[0].shape[0], epochs)
        order = balanced_order(train, batch_size) if balanced else order_of
        engine = Epochs(step, params, state, train, batch_size, order_key, place.backend, order, numbers)
    its_size = piece_of(net, features, least=batch_size or train[0].shape[0])
    pieces = held_pieces(held, held_stream, bringing(place, net, loss, features, "validation data"), its_size)
    keeper: Keeper | None = None
    if checkpoint is not None:
        more |= {"held-out stream": None if held_stream is None else held_stream.described()}
        more |= {"metrics": list(scores), "optimizer": optimizer}
        run = described(place, net, loss, params, train, held, told, stream, options | more | how)
        keeper = Keeper(Checkpoint.of(checkpoint), run)
    training = Training(
        *(engine, place, loss, epochs),
        held=None if pieces is None else HeldOut(place, loss, pieces, evaluate, output, scores, penalty),
        plateau=optimizer.rate if isinstance(optimizer.rate, ReduceOnPlateau) else None,
        callbacks=told,
        keeper=keeper,
        replay=Replay(in_precision(net, precision), loss, optimizer, penalty) if diagnose else None,
        averaged=evaluate_averaged,
    )
    begun = partial(
        Run,
        net=net,
        loss=loss,
        features=features,
        backend=place.backend,
        precision=precision,
        recipe=recipe,
    )
    return _trained(training, begun, progress, memory_told(train[0].shape[0], batch_size))


def _trained(
    training: Training,
    begun: Callable[..., Run],
    progress: str | Progress | None,
    memory: AbstractContextManager[None],
) -> Run:
    """Train, and return what comes of it; a run that diverges goes with its error."""
    began = time.perf_counter()
    try:
        with memory:
            ending = training.run(progress)
        found = _finished(training, ending)
        if not all_finite(found["params"]):  # the last update is seen by no loss
            raise training.diverged("a parameter became infinite or not a number")
    except Diverged as error:
        left = training.last_good()
        error.run = None if left is None else begun(**_finished(training, left))
        raise
    training.look_back()
    training.place.backend.synchronize()
    return begun(**found, seconds=0.0 if training.keeper is not None else time.perf_counter() - began)


def _finished(training: Training, ending: Ending) -> dict[str, Any]:
    """Return the fields of a run that ends so."""
    params, carried, averaged = map(copied, ending)
    told = {"history": training.history, "first_loss": training.first_loss}
    return {"params": params, "state": carried, "averaged": averaged, **told}


def _functions(
    net: Layer,
    loss: Loss,
    optimizer: Optimizer | LBFGS,
    penalty: Penalty | None,
    backend: Backend | None,
    **how: Any,
) -> tuple[Callable[..., Tree], Callable[..., Tree], Callable[..., Tree]]:
    """Return step, evaluation and the network's output, compiled by a backend or, for None, as they are."""

    def output(params: Tree, x: Array, layers: Tree = None) -> Array:
        return net(params, x) if layers is None else net.forward(params, layers, x)[0]

    loss = loss.trusting()  # what it is given was checked
    evaluate = make_evaluation(net, loss)
    if isinstance(optimizer, LBFGS):
        compiled = backend is not None
        step = make_searched_step(net, loss, optimizer, penalty=penalty, compiled=compiled, backend=backend)
    else:
        step = make_step(net, loss, optimizer, penalty=penalty, **how)
        step = step if backend is None else compile(step, carry=2, backend=backend)
    if backend is None:
        return step, evaluate, output
    return step, compile(evaluate, backend=backend), compile(output, backend=backend)
