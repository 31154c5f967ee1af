"""The classifier: labels in, labels and probabilities out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.doors.estimators.answers import codes_from, probabilities
from bpcore.doors.estimators.backprop import Backprop, Problem
from bpcore.doors.estimators.class_weights import weights_of
from bpcore.doors.estimators.classes import (
    check_same,
    checked_labels,
    classes_of,
    codes_of,
    is_numeric,
    told_classes,
)
from bpcore.doors.estimators.holding import right_share
from bpcore.doors.estimators.parameters import goes_on
from bpcore.doors.estimators.place import Home
from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy
from bpcore.run.feeding.place import Place
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.protocols import Array

__all__ = ["BackpropClassifier"]


TWO = 2


@dataclass(eq=False, repr=False, kw_only=True)
class BackpropClassifier(ClassifierMixin, Backprop):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that learns classes, as an estimator of scikit-learn.

    It learns on the arrays that it is given. With ``sklearn.config_context(array_api_dispatch=True)`` arrays
    of any library and device stay where they are, and predictions are arrays of that library and device.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, or int
        The units of each hidden layer.
    activation : "relu", "tanh", "logistic" or "identity"
        After each hidden layer.
    solver : "adam", "sgd" or "lbfgs"
        "lbfgs" is `bpcore.LBFGS` on all samples at once, `max_iter` steps until no number of the gradient is
        beyond `tol`; batches, rates and early stopping are not for it.
    alpha : float >= 0
        The strength of the L2 penalty: ``alpha / 2`` times the sum of all squared weights is added to the sum
        of a batch's losses.
    batch_size : int or "auto"
        Samples a step; "auto" is 200, or all if there are fewer.
    learning_rate : "constant", "invscaling" or "adaptive"
        How the rate of "sgd" changes: not, as ``learning_rate_init / t**power_t``, or to a fifth when nothing
        becomes better.
    learning_rate_init : float > 0
    power_t : float >= 0
    max_iter : int
        How often all samples are seen at most.
    shuffle : bool
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None
        Of the start, the order, and what is held out.
    tol : float >= 0
        What counts as better.
    verbose : bool
        Whether to print each epoch's loss.
    warm_start : bool
        Whether `fit` goes on from the last one.
    momentum : float from 0 to below 1
        Of "sgd".
    nesterovs_momentum : bool
    early_stopping : bool
        Whether to hold out samples, to stop when the score of these becomes no better, and to keep the best
        weights.
    validation_fraction : float
        The share held out; each class has its share.
    beta_1, beta_2, epsilon : float
        Of "adam".
    n_iter_no_change : int or inf
        How many epochs in a row may be no better by `tol`.
    max_fun : int
        At how many points one step of "lbfgs" may look; more than 25 is 25.
    backend : str, Backend or None
        Where to compute; None is where `X` is. Predictions come back to where `X` is.
    dtype : "auto", "float32" or "float64"
        In which to learn. "auto" is float32, and float64 where `X` is not in float32 and a step is so small
        that 64 bits cost nothing. Predictions are in the dtype of `X`.
    compiled : bool
        Whether the step is recorded once and replayed.
    precision : "float32", "tf32" or "bfloat16"
        In which a step computes, as `bpcore.fit` has it: with the two others weights are float32.
    class_weight : dict, "balanced" or None
        The weight of each class; "balanced" lets all classes weigh the same.

    Attributes
    ----------
    classes_ : array (classes,)
    n_features_in_ : int
    feature_names_in_ : array (features,)
        Where `X` had names.
    n_iter_ : int
        How many epochs were made.
    loss_ : float
        Of the last epoch.
    best_loss_ : float or None
        The lowest; None with early stopping.
    loss_curve_ : list of float
        Of each epoch.
    validation_scores_ : list of float, or None
        Accuracies of what is held out, with early stopping.
    best_validation_score_ : float or None
    coefs_ : list of arrays (inputs, outputs)
    intercepts_ : list of arrays (outputs,)
    n_layers_ : int
        Input and output among them.
    n_outputs_ : int
    out_activation_ : "softmax" or "logistic"
        "logistic" for two classes, and for several labels a sample.
    t_ : int
        How many samples were seen, each as often as it was.

    Notes
    -----
    Parameters that `sklearn.neural_network.MLPClassifier` has too have its names, meanings and defaults.

    Examples
    --------
    >>> from bpcore.estimators import BackpropClassifier
    >>> from sklearn.datasets import load_iris
    >>> x, y = load_iris(return_X_y=True)
    >>> BackpropClassifier(learning_rate_init=0.01, random_state=0).fit(x, y).score(x, y) > 0.95
    True
    """

    class_weight: Mapping[Any, float] | str | None = None

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BackpropClassifier:  # noqa: N803 -- its name
        """Learn.

        Parameters
        ----------
        X : array (samples, features), or a matrix of scipy.sparse
        y : array (samples,) of labels, or (samples, classes) of zeros and ones
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
    def partial_fit(
        self,
        X: Any,  # noqa: N803 -- its name
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
    ) -> BackpropClassifier:
        """Learn from one pass over some samples, and go on from what was learnt.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array (classes,)
            All classes; at the first call it must be said which there are.
        """
        if classes is None and not hasattr(self, "classes_"):
            raise OptionError("classes", None, "all classes, at the first call of partial_fit")
        self._fit(X, y, sample_weight, incremental=True, classes=classes)
        return self

    def predict(self, X: Any) -> Array:  # noqa: N803 -- its name
        """Return labels (samples,), or zeros and ones (samples, classes)."""
        x, output = self._outputs(X, "predict")
        codes = Home(self.classes_).bring(codes_from(output, **self._kind()))
        xp = space_of(codes).functions
        if self._several:
            return Home(x).bring(xp.astype(codes, self.classes_.dtype))
        labels = xp.take(self.classes_, codes)
        return Home(x).bring(labels) if is_numeric(labels) else labels

    def decision_function(self, X: Any) -> Array:  # noqa: N803 -- its name
        """Return the network's outputs, logits (samples, classes); for two classes (samples,)."""
        x, output = self._outputs(X, "decision_function")
        return Home(x).like(output if output.shape[1] > 1 or self._several else output[:, 0])

    def predict_proba(self, X: Any) -> Array:  # noqa: N803 -- its name
        """Return the probability of each class, (samples, classes)."""
        x, output = self._outputs(X, "predict_proba")
        return Home(x).like(probabilities(output, **self._kind()))

    def predict_log_proba(self, X: Any) -> Array:  # noqa: N803 -- its name
        """Return the logarithms of `predict_proba`."""
        x, output = self._outputs(X, "predict_log_proba")
        shares = probabilities(output, **self._kind())
        return Home(x).like(space_of(shares).functions.log(shares))

    def _kind(self) -> dict[str, Any]:
        return {"several": self._several, "count": self.classes_.shape[0]}

    def _problem(self, y: Array, *, first: bool, whole: bool, classes: Any) -> Problem:
        y = checked_labels(y)
        if first:
            self._several = y.ndim > 1
            self.classes_ = classes_of(y) if classes is None or self._several else told_classes(classes, y)
        count = self.classes_.shape[0]
        if self._several != (y.ndim > 1) or (self._several and y.shape[1] != count):
            raise ShapeError(
                "y",
                "the shape of the first fit, " + ("(samples, classes)" if self._several else "(samples,)"),
                tuple(y.shape),
            )
        if self._several:
            return Problem(y, count, "logistic", BinaryCrossEntropy(reduction="sum"))
        if classes is not None:
            check_same(told_classes(classes, y), self.classes_, "classes of partial_fit")
        elif whole and not first:
            check_same(classes_of(y), self.classes_, "the classes of y with warm_start")
        codes = codes_of(y, self.classes_)
        if count > TWO:
            return Problem(codes, count, "softmax", CrossEntropy(reduction="sum"), codes, integers=True)
        column = space_of(codes).functions.reshape(codes, (-1, 1))
        return Problem(column, 1, "logistic", BinaryCrossEntropy(reduction="sum"), codes)

    def _weights(self, problem: Problem, weights: Array, place: Place) -> Array:
        if self.class_weight is None:
            return weights
        codes = None if problem.strata is None else place.whole(problem.strata, "y")
        return weights_of(self.class_weight, codes, self.classes_, weights)

    def _quality(self, output: Array, y: Array, weights: Array) -> Array:
        codes = codes_from(output, **self._kind())
        return right_share(codes, y if self._several or y.ndim == 1 else y[:, 0], weights)
