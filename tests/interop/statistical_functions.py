"""SciPy's statistics."""

from __future__ import annotations

from scipy import stats

from tests.interop.entry import COMPILED, MATRIX, OTHER, P_VALUE, POSITIVE, SHARES, VECTOR, Entry

__all__ = ["ENTRIES"]

OUTSIDE = (
    "the numbers outside the limits are NaN before they are left out, and 0 * NaN is NaN on the way back"
)

ENTRIES = (
    Entry("scipy.stats.zscore", lambda x: stats.zscore(x, axis=0), (MATRIX,)),
    Entry("scipy.stats.gzscore", stats.gzscore, (POSITIVE,)),
    Entry("scipy.stats.zmap", stats.zmap, (VECTOR, OTHER)),
    Entry("scipy.stats.gmean", stats.gmean, (POSITIVE,)),
    Entry("scipy.stats.hmean", stats.hmean, (POSITIVE,)),
    Entry("scipy.stats.pmean", lambda x: stats.pmean(x, 2.5), (POSITIVE,)),
    Entry("scipy.stats.gstd", stats.gstd, (POSITIVE,)),
    Entry("scipy.stats.skew", stats.skew, (VECTOR,)),
    Entry("scipy.stats.kurtosis", stats.kurtosis, (VECTOR,)),
    Entry("scipy.stats.moment", lambda x: stats.moment(x, order=3), (VECTOR,)),
    Entry("scipy.stats.variation", stats.variation, (POSITIVE,)),
    Entry("scipy.stats.sem", stats.sem, (VECTOR,)),
    Entry("scipy.stats.tmean", lambda x: stats.tmean(x, (-1.0, 2.0)), (VECTOR,)),
    Entry("scipy.stats.tvar", lambda x: stats.tvar(x, (-1.0, 2.0)), (VECTOR,), masked=OUTSIDE),
    Entry("scipy.stats.tstd", lambda x: stats.tstd(x, (-1.0, 2.0)), (VECTOR,), masked=OUTSIDE),
    Entry("scipy.stats.tsem", lambda x: stats.tsem(x, (-1.0, 2.0)), (VECTOR,), masked=OUTSIDE),
    Entry("scipy.stats.tmin", lambda x: stats.tmin(x, -1.0), (VECTOR,)),
    Entry("scipy.stats.tmax", lambda x: stats.tmax(x, 2.0), (VECTOR,)),
    Entry("scipy.stats.describe", lambda x: stats.describe(x).variance, (VECTOR,)),
    Entry("scipy.stats.entropy", stats.entropy, (SHARES,)),
    Entry("scipy.stats.entropy qk", stats.entropy, (SHARES, SHARES[::-1])),
    Entry("scipy.stats.differential_entropy", stats.differential_entropy, (VECTOR,)),
    Entry("scipy.stats.median_abs_deviation", stats.median_abs_deviation, (VECTOR,)),
    Entry("scipy.stats.iqr", stats.iqr, (VECTOR,)),
    Entry("scipy.stats.trim_mean", lambda x: stats.trim_mean(x, 0.2), (VECTOR,)),
    Entry("scipy.stats.quantile", lambda x: stats.quantile(x, 0.4), (VECTOR,)),
    Entry("scipy.stats.lmoment", stats.lmoment, (VECTOR,), COMPILED),
    Entry("scipy.stats.kstat", lambda x: stats.kstat(x, 3), (VECTOR,)),
    Entry("scipy.stats.kstatvar", lambda x: stats.kstatvar(x, 2), (VECTOR,)),
    Entry("scipy.stats.boxcox_llf", lambda x: stats.boxcox_llf(0.5, x), (POSITIVE,)),
    Entry("scipy.stats.yeojohnson_llf", lambda x: stats.yeojohnson_llf(0.5, x), (VECTOR,)),
    Entry("scipy.stats.circmean", stats.circmean, (POSITIVE,)),
    Entry("scipy.stats.circvar", stats.circvar, (POSITIVE,)),
    Entry("scipy.stats.circstd", stats.circstd, (POSITIVE,)),
    Entry("scipy.stats.directional_stats", lambda x: stats.directional_stats(x).mean_direction, (MATRIX,)),
    Entry("scipy.stats.pearsonr", lambda x, y: stats.pearsonr(x, y).statistic, (VECTOR, OTHER), P_VALUE),
    Entry(
        "scipy.stats.spearmanrho", lambda x, y: stats.spearmanrho(x, y).statistic, (VECTOR, OTHER), P_VALUE
    ),
    Entry("scipy.stats.ttest_1samp", lambda x: stats.ttest_1samp(x, 0.2).statistic, (VECTOR,), P_VALUE),
    Entry("scipy.stats.ttest_ind", lambda x, y: stats.ttest_ind(x, y).statistic, (VECTOR, OTHER), P_VALUE),
    Entry("scipy.stats.ttest_rel", lambda x, y: stats.ttest_rel(x, y).statistic, (VECTOR, OTHER), P_VALUE),
    Entry(
        "scipy.stats.ttest_ind_from_stats",
        lambda m, s: stats.ttest_ind_from_stats(m, s, 9, 0.5, 1.5, 8).statistic,
        ([0.3, 1.1], [1.2, 0.7]),
        P_VALUE,
    ),
    Entry("scipy.stats.f_oneway", lambda x, y: stats.f_oneway(x, y).statistic, (VECTOR, OTHER), P_VALUE),
    Entry(
        "scipy.stats.alexandergovern",
        lambda x, y: stats.alexandergovern(x, y).statistic,
        (VECTOR, OTHER),
        P_VALUE,
    ),
    Entry("scipy.stats.bartlett", lambda x, y: stats.bartlett(x, y).statistic, (VECTOR, OTHER), P_VALUE),
    Entry("scipy.stats.levene", lambda x, y: stats.levene(x, y).statistic, (VECTOR, OTHER), P_VALUE),
    Entry("scipy.stats.chisquare", lambda x: stats.chisquare(x).statistic, (POSITIVE,), P_VALUE),
    Entry(
        "scipy.stats.power_divergence",
        lambda x: stats.power_divergence(x, lambda_=0.5).statistic,
        (POSITIVE,),
        P_VALUE,
    ),
    Entry("scipy.stats.jarque_bera", lambda x: stats.jarque_bera(x).statistic, (VECTOR,), P_VALUE),
    Entry("scipy.stats.skewtest", lambda x: stats.skewtest(x).statistic, (VECTOR + OTHER,)),
    Entry("scipy.stats.kurtosistest", lambda x: stats.kurtosistest(x).statistic, (VECTOR + OTHER,)),
    Entry("scipy.stats.normaltest", lambda x: stats.normaltest(x).statistic, (VECTOR + OTHER,), P_VALUE),
    Entry("scipy.stats.combine_pvalues", lambda p: stats.combine_pvalues(p).statistic, (SHARES,), P_VALUE),
    Entry(
        "scipy.stats.cramervonmises_2samp",
        lambda x, y: stats.cramervonmises_2samp(x, y).statistic,
        (VECTOR, OTHER),
        P_VALUE,
    ),
    Entry("scipy.stats.sigmaclip", lambda x: stats.sigmaclip(x).clipped, (VECTOR,)),
)
