"""The parameters of the estimators: names and meanings as those of scikit-learn's own perceptrons."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from numbers import Integral
from typing import Any

from sklearn.base import BaseEstimator

from bpcore.ground.backend import Backend
from bpcore.ground.precision import PRECISIONS
from bpcore.words.errors import OptionError, choose
from bpcore.words.ranges import check_number

__all__ = ["OFFERED", "Parameters", "goes_on"]

ACTIVATIONS = ("identity", "logistic", "relu", "tanh")
SOLVERS = ("adam", "lbfgs", "sgd")
RATES = ("adaptive", "constant", "invscaling")
OFFERED = tuple(word for word in PRECISIONS if word != "float16")
"""The precisions of an estimator, as far as its backend has them."""

DTYPES = ("auto", "float32", "float64")
SWITCHES = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "compiled")
WHOLE = ("max_iter", "max_fun")
NUMBERS = {
    "alpha": (0.0, math.inf, "a number, 0 or more"),
    "tol": (0.0, math.inf, "a number, 0 or more"),
    "power_t": (0.0, math.inf, "a number, 0 or more"),
    "momentum": (0.0, 1.0, "a number from 0 to below 1"),
    "beta_1": (0.0, 1.0, "a number from 0 to below 1"),
    "beta_2": (0.0, 1.0, "a number from 0 to below 1"),
    "validation_fraction": (0.0, 1.0, "a share from 0 to below 1"),
}
ABOVE = ("learning_rate_init", "epsilon")


@dataclass(eq=False, repr=False)
class Parameters(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators are told; the names are scikit-learn's, and so are the defaults.

    As in every estimator of scikit-learn they are kept as they are given, and looked at by `fit`.
    """

    hidden_layer_sizes: Any = (100,)
    activation: str = "relu"
    _: KW_ONLY
    solver: str = "adam"
    alpha: float = 1e-4
    batch_size: int | str = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 1e-3
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: bool = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: float = 10
    max_fun: int = 15000
    backend: str | Backend | None = None
    dtype: str = "auto"
    compiled: bool = True
    precision: str = "float32"

    def hidden(self) -> list[int]:
        """Return the units of the hidden layers; a single number is one layer."""
        sizes = self.hidden_layer_sizes
        given = list(sizes) if isinstance(sizes, Iterable) and not isinstance(sizes, str) else [sizes]
        if not all(_is_whole(size) for size in given):
            raise OptionError("hidden_layer_sizes", sizes, "whole numbers, 1 or more, as (100,)")
        return [int(size) for size in given]

    def check_parameters(self) -> None:
        """Raise `OptionError` for the first parameter outside its range."""
        self.hidden()
        choose("activation", self.activation, ACTIVATIONS)
        choose("solver", self.solver, SOLVERS)
        choose("learning_rate", self.learning_rate, RATES)
        choose("dtype", self.dtype, DTYPES)
        self._check_precision()
        for name in SWITCHES:
            if getattr(self, name) not in (True, False):
                raise OptionError(name, getattr(self, name), "True or False")
        verbose: object = self.verbose
        if not isinstance(verbose, Integral):
            raise OptionError("verbose", verbose, "True or False, or a whole number")
        for name in WHOLE:
            if not _is_whole(getattr(self, name)):
                raise OptionError(name, getattr(self, name), "a whole number, 1 or more")
        for name, (low, end, wanted) in NUMBERS.items():
            check_number(name, getattr(self, name), wanted, _within(low, end))
        for name in ABOVE:
            check_number(name, getattr(self, name), "a number above 0", lambda x: 0 < x < math.inf)
        if self.batch_size != "auto" and not _is_whole(self.batch_size):
            raise OptionError("batch_size", self.batch_size, 'a whole number, 1 or more, or "auto"')
        if self.n_iter_no_change != math.inf and not _is_whole(self.n_iter_no_change):
            raise OptionError("n_iter_no_change", self.n_iter_no_change, "a whole number, 1 or more, or inf")

    def _check_precision(self) -> None:
        if self.precision == "float16":
            do = "Steps in float16 are skipped at times: bpcore.fit knows of that."
            raise OptionError("precision", "float16", "float32, tf32 or bfloat16 of an estimator", do)
        choose("precision", self.precision, OFFERED)
        if self.precision != "float32" and self.solver == "lbfgs":
            do = "Its line search compares losses to their last digits."
            raise OptionError("precision", self.precision, '"float32" with solver "lbfgs"', do)
        if self.precision != "float32" and self.dtype == "float64":
            raise OptionError("dtype", self.dtype, f'"float32" with precision "{self.precision}"')


def _within(low: float, end: float) -> Callable[[float], bool]:
    return lambda x: low <= x < end


def _is_whole(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) > 0


def goes_on(parameters: Parameters) -> bool:
    """Say whether an estimator can learn from one pass; raise `AttributeError` where it cannot."""
    if parameters.solver == "lbfgs":
        raise AttributeError('partial_fit wants solver="adam" or "sgd": "lbfgs" sees all samples at once.')
    return True
