"""The regressor: numbers in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if

from bpcore.derivatives.namespaces.namespace import array_namespace, space_of
from bpcore.doors.estimators.backprop import Backprop, Problem
from bpcore.doors.estimators.holding import variance_explained
from bpcore.doors.estimators.parameters import goes_on
from bpcore.doors.estimators.place import Home
from bpcore.parts.losses import Loss, PoissonLoss, SquaredError
from bpcore.run.feeding.place import Place
from bpcore.words.errors import DataError, choose
from bpcore.words.protocols import Array

__all__ = ["BackpropRegressor"]


@dataclass(eq=False, repr=False, kw_only=True)
class BackpropRegressor(RegressorMixin, MultiOutputMixin, Backprop):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that learns numbers, as an estimator of scikit-learn.

    Parameters
    ----------
    loss : "squared_error" or "poisson"
        Half the squared difference, summed over the outputs; or how unlikely counts are, where the network's
        output is the logarithm of their mean.

    Notes
    -----
    The other parameters and the attributes are those of `BackpropClassifier`, without ``class_weight`` and
    ``classes_``. ``out_activation_`` is "identity" or "exp", and ``validation_scores_`` are R2. Parameters
    that `sklearn.neural_network.MLPRegressor` has too have its names, meanings and defaults.

    Examples
    --------
    >>> from bpcore.estimators import BackpropRegressor
    >>> from sklearn.datasets import make_regression
    >>> x, y = make_regression(200, 5, random_state=0)
    >>> model = BackpropRegressor(learning_rate_init=0.1, random_state=0)
    >>> model.fit(x, y / y.std()).score(x, y / y.std()) > 0.95
    True
    """

    loss: str = "squared_error"
    _numeric = True

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BackpropRegressor:  # noqa: N803 -- its name
        """Learn.

        Parameters
        ----------
        X : array (samples, features), or a matrix of scipy.sparse
        y : array (samples,) or (samples, outputs) of numbers
        sample_weight : array (samples,) or None
            How much each sample counts.

        Raises
        ------
        Diverged
            When the loss or a weight becomes infinite or not a number.
        """
        self._fit(X, y, sample_weight, incremental=False)
        return self

    @available_if(goes_on)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> BackpropRegressor:  # noqa: N803
        """Learn from one pass over some samples, and go on from what was learnt."""
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Array:  # noqa: N803 -- its name
        """Return numbers (samples,), or (samples, outputs)."""
        x, output = self._outputs(X, "predict")
        answer = self._answer(output)
        return Home(x).like(answer[:, 0] if self.n_outputs_ == 1 else answer)

    def _answer(self, output: Array) -> Array:
        return array_namespace(output).exp(output) if self.out_activation_ == "exp" else output

    def _problem(self, y: Array, *, first: bool, whole: bool, classes: Any) -> Problem:
        choose("loss", self.loss, ("poisson", "squared_error"))
        xp = space_of(y).functions
        column = y if y.ndim > 1 else xp.reshape(y, (-1, 1))
        outputs: int = column.shape[1]
        if self.loss == "squared_error":
            return Problem(column, outputs, "identity", SquaredError(half=True, reduction="sum"))
        if bool(xp.any(column < 0)):
            raise DataError('loss="poisson" wants counts, numbers from 0 on, was given some below.')
        loss: Loss = PoissonLoss(reduction="sum")
        return Problem(column, outputs, "exp", loss)

    def _weights(self, problem: Problem, weights: Array, place: Place) -> Array:
        return weights

    def __sklearn_tags__(self) -> Any:
        """Say that counts are not below 0."""
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags

    def _quality(self, output: Array, y: Array, weights: Array) -> Array:
        return variance_explained(self._answer(output), y, weights)
