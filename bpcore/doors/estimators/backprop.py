"""What classifier and regressor share: data in, a training, outputs out."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.estimators.holding import split_off
from bpcore.doors.estimators.machine import Machine, Memory
from bpcore.doors.estimators.network import as_lists, as_tree, chain, dtype_name, start
from bpcore.doors.estimators.parameters import Parameters
from bpcore.doors.estimators.passes import Passes
from bpcore.doors.estimators.place import check_same_place, place_of, working_dtype
from bpcore.doors.estimators.record import Record
from bpcore.doors.estimators.replay import Replay
from bpcore.doors.estimators.searching import search
from bpcore.doors.estimators.sparse import (
    SparseRows,
    is_sparse,
    numbers_of,
    outputs_in_parts,
    rows_at,
)
from bpcore.doors.estimators.training import Training
from bpcore.parts.layers import Layer
from bpcore.parts.losses import Loss
from bpcore.run.feeding.place import Place
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Array

__all__ = ["Backprop", "Problem"]

LARGEST = 200
"""Samples a batch with ``batch_size="auto"``, if there are so many."""


class Problem(NamedTuple):
    """What is to be learnt from some targets.

    Attributes
    ----------
    targets : array
        As the loss takes them: codes (samples,) where `integers`, else numbers (samples, outputs).
    outputs : int
    out_activation : str
        scikit-learn's name of what makes predictions of the network's outputs.
    loss : Loss
        One that sums.
    strata : array (samples,), or None
        The codes of classes that samples held out are to have in equal shares.
    integers : bool
    """

    targets: Array
    outputs: int
    out_activation: str
    loss: Loss
    strata: Array | None = None
    integers: bool = False


class Begin(NamedTuple):
    """What a training begins from."""

    coefs: Sequence[Array]
    intercepts: Sequence[Array]
    record: Record
    memory: Memory | None


@contextmanager
def _undone_where_it_fails(estimator: Backprop) -> Iterator[None]:
    own: dict[str, Any] = estimator.__dict__
    before = dict(own)
    try:
        yield
    except BaseException:
        own.clear()
        own.update(before)
        raise


class Backprop(Parameters):
    """The part of both estimators that learns."""

    _machine: Any = None
    """The compiled step, where a training may go on; no part of what is pickled."""

    _memory: Memory | None = None
    """The optimizer's state at the end, from which a training may go on."""

    _numeric = False
    """Whether targets must be numbers."""

    @abstractmethod
    def _problem(self, y: Array, *, first: bool, whole: bool, classes: Any) -> Problem:
        """Return what is to be learnt; with `first`, nothing of it is known from before but `classes`.

        With `whole` these are all samples, and no part of them.
        """

    @abstractmethod
    def _weights(self, problem: Problem, weights: Array, place: Place) -> Array:
        """Return the samples' weights with those of their classes, all of them at a place."""

    @abstractmethod
    def _quality(self, output: Array, y: Array, weights: Array) -> Array:
        """Return how good outputs are, an array of shape (): the higher the better."""

    def _fit(self, x: Any, y: Any, sample_weight: Any, *, incremental: bool, classes: Any = None) -> None:
        """Learn from all epochs, or from a single one that goes on from what is known.

        Where that fails, the estimator is left as it was.
        """
        with _undone_where_it_fails(self):
            self.check_parameters()
            if incremental and self.early_stopping:
                told = "It sees one batch, of which none is held out."
                raise OptionError("early_stopping", self.early_stopping, "False for partial_fit", told)
            first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
            if is_sparse(y):
                raise DataError("y must be dense, was given a matrix of scipy.sparse. Give y.toarray().")
            x, y = validate_data(
                self, x, y, accept_sparse="csr", multi_output=True, y_numeric=self._numeric, reset=first
            )
            self._check_sparse(x)
            given = (
                None
                if sample_weight is None
                else _check_sample_weight(sample_weight, x, ensure_non_negative=True)
            )
            problem = self._problem(y, first=first, whole=not incremental, classes=classes)
            sizes = [x.shape[1], *self.hidden(), problem.outputs]
            random = check_random_state(self.random_state)
            begin = self._begin(sizes, random, first=first)
            self.n_outputs_, self.out_activation_ = problem.outputs, problem.out_activation
            size = self._size(x.shape[0], incremental=incremental)
            place = place_of(self, numbers_of(x), sizes, size)
            samples, y, weights = _brought(place, x, problem, given)
            data = [samples, y, self._weights(problem, weights, place)]
            net = chain(sizes, self.activation)
            if self.solver == "lbfgs":
                self._search(net, problem.loss, data, begin, place)
            else:
                data, held = self._parted(data, problem, random, place)
                machine = Machine.of(self, net, problem.loss, place.backend)
                size = size if held is None else min(size, data[0].shape[0])
                passes = Passes(machine.step, data, size, random if self.shuffle else None)
                self._learn(machine, passes, held, begin, place, single=incremental)
            self.n_layers_ = len(sizes)

    def _check_sparse(self, x: Any) -> None:
        if is_sparse(x) and self.solver == "lbfgs":
            told = "It wants all samples in a step: give X.toarray(), or another solver."
            raise OptionError("solver", "lbfgs", '"adam" or "sgd" with a sparse X', told)

    def _begin(self, sizes: Sequence[int], random: Any, *, first: bool) -> Begin:
        """Return what is learnt from: drawn numbers, or what was learnt before."""
        if first:
            return Begin(*start(sizes, self.activation, random), Record(), None)
        had = [self.coefs_[0].shape[0], *(c.shape[1] for c in self.coefs_)]
        if had != list(sizes):
            wanted = f"those that were trained, {tuple(had[1:-1])}, with {had[-1]} outputs"
            told = "Train anew, with warm_start=False."
            given = f"{tuple(sizes[1:-1])}, with {sizes[-1]} outputs"
            raise OptionError("hidden_layer_sizes", given, wanted, told)
        return Begin(self.coefs_, self.intercepts_, self._record, self._memory)

    def _parted(
        self, data: list[Array], problem: Problem, random: Any, place: Place
    ) -> tuple[list[Array], list[Array] | None]:
        """Return what is learnt from, and what is held out for early stopping."""
        if not self.early_stopping:
            return data, None
        strata = None if problem.strata is None else place.whole(problem.strata, "y")
        key = place.key(int(random.randint(2**31 - 1)))
        return split_off(data, self.validation_fraction, key, strata)

    def _learn(
        self,
        machine: Machine,
        passes: Passes,
        held: Sequence[Array] | None,
        begin: Begin,
        place: Place,
        *,
        single: bool,
    ) -> None:
        record = begin.record
        record.begin(self.tol, self.n_iter_no_change, again=single)
        params = _params(begin.coefs, begin.intercepts, place, place.dtype)
        state = machine.state(self, params, begin.memory, go_on=single)

        def score(params: Any) -> float:
            output = _output(machine.net, params, held[0])  # type: ignore[index]
            return float(self._quality(output, *held[1:]))  # type: ignore[index]

        replay = Replay(machine, passes)
        training = Training(self, passes, params, state, record, score if held else None, replay)
        training.run(1 if single else int(self.max_iter), single=single)
        self.coefs_, self.intercepts_ = as_lists(training.params)
        self._record, self._memory = record, machine.memory(training.state)
        self._machine = machine if single or self.warm_start else None
        self.n_iter_, self.t_ = training.epochs, record.samples
        self.loss_curve_, self.loss_ = record.losses, record.losses[-1]
        self.best_loss_ = None if held else record.best_loss
        self.validation_scores_ = record.scores if held else None
        self.best_validation_score_ = record.best_score if held else None

    def _search(self, net: Layer, loss: Loss, data: Sequence[Array], begin: Begin, place: Place) -> None:
        params = _params(begin.coefs, begin.intercepts, place, place.dtype)
        found = search(self, net, loss, data, params, place)
        self.coefs_, self.intercepts_ = as_lists(found.params)
        self._record, self._memory, self._machine = begin.record, None, None
        self.n_iter_, self.loss_curve_, self.loss_ = len(found.losses) - 1, found.losses[1:], found.losses[-1]
        self.t_, self.best_loss_ = self.n_iter_ * data[0].shape[0], min(found.losses)
        self.validation_scores_ = self.best_validation_score_ = None

    def _outputs(self, x: Any, method: str) -> tuple[Array, Array]:
        """Return an array like the samples, and the network's outputs for them, where it computes."""
        check_is_fitted(self, "coefs_")
        x = validate_data(self, x, accept_sparse="csr", reset=False)
        like = numbers_of(x)
        if self.backend is None:
            check_same_place(like, self.coefs_[0], f"{type(self).__name__}.{method}()")
        first = self.coefs_[0]
        place = Place.of(like, self.backend, dtype_name(first))
        dtype = working_dtype(like, place)
        net = chain([x.shape[1], *(c.shape[1] for c in self.coefs_)], self.activation)
        params = _params(self.coefs_, self.intercepts_, place, dtype)
        return like, _output(net, params, rows_at(x, place, dtype))

    def _size(self, samples: int, *, incremental: bool) -> int:
        """Return the samples a batch.

        For single batches, which may be of any length, it is a power of two, as a step is recorded once
        for each.
        """
        wanted = LARGEST if self.batch_size == "auto" else int(self.batch_size)
        if self.batch_size != "auto" and wanted > samples and not incremental:
            told = f"batch_size={wanted} is more than the {samples} samples: all are taken at once."
            warnings.warn(told, UserWarning, stacklevel=4)
        size = min(wanted, samples)
        return 2 ** (size - 1).bit_length() if incremental and size == samples else size

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the compiled step, which is made anew."""
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_machine"}

    def __sklearn_tags__(self) -> Any:
        """Say what the estimator can do."""
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.input_tags.sparse = self.solver != "lbfgs"
        return tags


def _brought(place: Place, x: Array, problem: Problem, weights: Array | None) -> list[Array]:
    """Return samples, targets and weights where they are computed with."""
    targets = problem.targets
    y = place.whole(targets, "y") if problem.integers else place.array(targets, place.dtype)
    samples = rows_at(x, place, place.dtype)
    if weights is None:
        weights = array_namespace(y).ones((x.shape[0],), dtype=place.dtype, device=y.device)
    return [samples, y, place.array(weights, place.dtype)]


def _output(net: Layer, params: Any, x: Any) -> Array:
    """Return the network's output; of sparse samples some at a time."""
    if isinstance(x, SparseRows):
        return outputs_in_parts(lambda part: net(params, part), x)
    return net(params, x)


def _params(coefs: Sequence[Array], intercepts: Sequence[Array], place: Place, dtype: Any) -> Any:
    """Return weights and biases as the parameters of the network, a copy of them, at some place."""
    weights, biases = ([place.array(w, dtype) for w in given] for given in (coefs, intercepts))
    return as_tree(weights, biases, dtype)
