"""Estimators of scikit-learn: ``from bpcore.estimators import BackpropClassifier, BackpropRegressor``.

They need scikit-learn, which comes with the extra ``sklearn``, and which is imported at the first use of
one of the names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpcore.words.errors import LibraryMissing

if TYPE_CHECKING:
    from bpcore.doors.estimators.classifier import BackpropClassifier
    from bpcore.doors.estimators.regressor import BackpropRegressor

__all__ = ["BackpropClassifier", "BackpropRegressor"]


def __getattr__(name: str) -> object:
    """Bring in an estimator at its first use."""
    if name not in __all__:
        raise AttributeError(f"module 'bpcore.estimators' has no attribute {name!r}")
    try:
        from bpcore.doors.estimators.classifier import BackpropClassifier
        from bpcore.doors.estimators.regressor import BackpropRegressor
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        raise LibraryMissing("bpcore.estimators", "scikit-learn", "sklearn") from error
    globals().update(BackpropClassifier=BackpropClassifier, BackpropRegressor=BackpropRegressor)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
