"""scikit-learn's functions and estimators, with array API dispatch."""

from __future__ import annotations

from sklearn import metrics, preprocessing
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise

from tests.interop.entry import (
    AXES,
    MATRIX,
    NUMBER,
    NUMPY,
    OTHER,
    POSITIVE,
    SHARES,
    SQUARE,
    VECTOR,
    Entry,
    Refusal,
)

__all__ = ["ENTRIES"]

ROWS = [[0.4, -0.3, 1.2], [1.1, 0.6, -0.5]]
COUNTS = [1.0, 2.0, 1.0, 3.0, 2.0, 4.0]
ANSWERS = [0, 1, 1, 0, 1, 0]

NO_SAMPLES = "scikit-learn divides by its count of earlier samples, 0, and leaves the NaN out later"
PYTHON_FLOAT = Refusal(
    "it asks for the dtype float, of Python, which the standard does not have", TypeError, AXES[1:]
)
MEDIAN = Refusal("its median is no function of the standard")

ENTRIES = (
    Entry("sklearn.metrics.pairwise.euclidean_distances", pairwise.euclidean_distances, (MATRIX, ROWS)),
    Entry(
        "sklearn.metrics.pairwise.paired_euclidean_distances",
        pairwise.paired_euclidean_distances,
        (MATRIX[:2], ROWS),
    ),
    Entry("sklearn.metrics.pairwise.cosine_similarity", pairwise.cosine_similarity, (MATRIX, ROWS)),
    Entry("sklearn.metrics.pairwise.cosine_distances", pairwise.cosine_distances, (MATRIX, ROWS)),
    Entry(
        "sklearn.metrics.pairwise.paired_cosine_distances",
        pairwise.paired_cosine_distances,
        (MATRIX[:2], ROWS),
    ),
    Entry("sklearn.metrics.pairwise.manhattan_distances", pairwise.manhattan_distances, (MATRIX, ROWS)),
    Entry("sklearn.metrics.pairwise.rbf_kernel", pairwise.rbf_kernel, (MATRIX, ROWS)),
    Entry("sklearn.metrics.pairwise.laplacian_kernel", pairwise.laplacian_kernel, (MATRIX, ROWS)),
    Entry("sklearn.metrics.pairwise.polynomial_kernel", pairwise.polynomial_kernel, (MATRIX, ROWS)),
    Entry("sklearn.metrics.pairwise.sigmoid_kernel", pairwise.sigmoid_kernel, (MATRIX, ROWS)),
    Entry("sklearn.metrics.pairwise.linear_kernel", pairwise.linear_kernel, (MATRIX, ROWS)),
    Entry("sklearn.metrics.pairwise.chi2_kernel", pairwise.chi2_kernel, ([POSITIVE], [SHARES])),
    Entry(
        "sklearn.metrics.pairwise.additive_chi2_kernel", pairwise.additive_chi2_kernel, ([POSITIVE], [SHARES])
    ),
    Entry("sklearn.metrics.pairwise_distances", metrics.pairwise_distances, (MATRIX, ROWS)),
    Entry(
        "sklearn.metrics.mean_squared_error",
        metrics.mean_squared_error,
        (OTHER, VECTOR),
        NUMBER,
    ),
    Entry(
        "sklearn.metrics.mean_squared_error raw",
        lambda y, z: metrics.mean_squared_error(y, z, multioutput="raw_values"),
        (MATRIX[:2], ROWS),
    ),
    Entry("sklearn.metrics.mean_absolute_error", metrics.mean_absolute_error, (OTHER, VECTOR), NUMBER),
    Entry(
        "sklearn.metrics.mean_squared_log_error", metrics.mean_squared_log_error, (POSITIVE, SHARES), NUMBER
    ),
    Entry(
        "sklearn.metrics.root_mean_squared_error", metrics.root_mean_squared_error, (OTHER, VECTOR), NUMBER
    ),
    Entry("sklearn.metrics.mean_pinball_loss", metrics.mean_pinball_loss, (OTHER, VECTOR), NUMBER),
    Entry("sklearn.metrics.mean_tweedie_deviance", metrics.mean_tweedie_deviance, (COUNTS, POSITIVE), NUMBER),
    Entry("sklearn.metrics.mean_poisson_deviance", metrics.mean_poisson_deviance, (COUNTS, POSITIVE), NUMBER),
    Entry("sklearn.metrics.mean_gamma_deviance", metrics.mean_gamma_deviance, (COUNTS, POSITIVE), NUMBER),
    Entry("sklearn.metrics.r2_score", metrics.r2_score, (OTHER, VECTOR), NUMBER),
    Entry(
        "sklearn.metrics.explained_variance_score", metrics.explained_variance_score, (OTHER, VECTOR), NUMBER
    ),
    Entry("sklearn.metrics.d2_tweedie_score", metrics.d2_tweedie_score, (COUNTS, POSITIVE), NUMBER),
    Entry("sklearn.metrics.log_loss", lambda p: metrics.log_loss(ANSWERS, p), (SHARES,), NUMBER),
    Entry(
        "sklearn.metrics.brier_score_loss", lambda p: metrics.brier_score_loss(ANSWERS, p), (SHARES,), NUMBER
    ),
    Entry("sklearn.metrics.median_absolute_error", metrics.median_absolute_error, (OTHER, VECTOR), MEDIAN),
    Entry("sklearn.metrics.max_error", metrics.max_error, (OTHER, VECTOR), NUMBER),
    Entry("sklearn.preprocessing.normalize", preprocessing.normalize, (MATRIX,)),
    Entry("sklearn.preprocessing.normalize l1", lambda x: preprocessing.normalize(x, norm="l1"), (MATRIX,)),
    Entry("sklearn.preprocessing.scale", preprocessing.scale, (MATRIX,), NUMPY),
    Entry("sklearn.preprocessing.minmax_scale", preprocessing.minmax_scale, (MATRIX,), PYTHON_FLOAT),
    Entry("sklearn.preprocessing.maxabs_scale", preprocessing.maxabs_scale, (MATRIX,), PYTHON_FLOAT),
    Entry(
        "sklearn.preprocessing.MinMaxScaler",
        lambda x: preprocessing.MinMaxScaler().fit_transform(x),
        (MATRIX,),
    ),
    Entry(
        "sklearn.preprocessing.MaxAbsScaler",
        lambda x: preprocessing.MaxAbsScaler().fit_transform(x),
        (MATRIX,),
    ),
    Entry(
        "sklearn.preprocessing.StandardScaler",
        lambda x: preprocessing.StandardScaler().fit_transform(x),
        (MATRIX,),
        masked=NO_SAMPLES,
    ),
    Entry(
        "sklearn.preprocessing.Normalizer", lambda x: preprocessing.Normalizer().fit_transform(x), (MATRIX,)
    ),
    Entry(
        "sklearn.preprocessing.KernelCenterer",
        lambda k: preprocessing.KernelCenterer().fit_transform(k),
        (SQUARE,),
    ),
    Entry(
        "sklearn.preprocessing.PolynomialFeatures",
        lambda x: preprocessing.PolynomialFeatures().fit_transform(x),
        (ROWS,),
    ),
    Entry(
        "sklearn.decomposition.PCA", lambda x: PCA(2, svd_solver="full").fit(x).explained_variance_, (MATRIX,)
    ),
    Entry(
        "sklearn.linear_model.Ridge",
        lambda x, y: Ridge(solver="svd").fit(x, y).coef_,
        (MATRIX, [0.4, 1.2, -0.3, 0.8]),
    ),
)
