"""SciPy's special functions."""

from __future__ import annotations

from scipy import special

from tests.interop.entry import COMPILED, MATRIX, POSITIVE, SHARES, VECTOR, Entry

__all__ = ["ENTRIES"]

ENTRIES = (
    Entry("scipy.special.logsumexp", special.logsumexp, (VECTOR,)),
    Entry("scipy.special.logsumexp axis", lambda x: special.logsumexp(x, axis=1, keepdims=True), (MATRIX,)),
    Entry("scipy.special.logsumexp b", lambda x, b: special.logsumexp(x, b=b), (VECTOR, POSITIVE)),
    Entry("scipy.special.softmax", lambda x: special.softmax(x, axis=1), (MATRIX,)),
    Entry("scipy.special.log_softmax", lambda x: special.log_softmax(x, axis=1), (MATRIX,)),
    Entry("scipy.special.xlogy", special.xlogy, (POSITIVE, SHARES)),
    Entry("scipy.special.rel_entr", special.rel_entr, (SHARES, SHARES[::-1])),
    Entry("scipy.special.kl_div", special.kl_div, (SHARES, SHARES[::-1])),
    Entry("scipy.special.entr", special.entr, (SHARES,)),
    Entry("scipy.special.erf", special.erf, (VECTOR,)),
    Entry("scipy.special.erfc", special.erfc, (VECTOR,)),
    Entry("scipy.special.expit", special.expit, (VECTOR,)),
    Entry("scipy.special.logit", special.logit, (SHARES,)),
    Entry("scipy.special.log_ndtr", special.log_ndtr, (VECTOR,)),
    Entry("scipy.special.ndtr", special.ndtr, (VECTOR,)),
    Entry("scipy.special.ndtri", special.ndtri, (SHARES,), COMPILED),
    Entry("scipy.special.gammaln", special.gammaln, (POSITIVE,)),
    Entry("scipy.special.gamma", special.gamma, (POSITIVE,), COMPILED),
    Entry("scipy.special.psi", special.psi, (POSITIVE,)),
    Entry("scipy.special.betaln", special.betaln, (POSITIVE, SHARES)),
    Entry("scipy.special.i0", special.i0, (POSITIVE,), COMPILED),
    Entry("scipy.special.j0", special.j0, (POSITIVE,), COMPILED),
    Entry("scipy.special.sinc", special.sinc, (VECTOR,), COMPILED),
    Entry("scipy.special.huber", lambda x: special.huber(1.0, x), (VECTOR,)),
    Entry("scipy.special.pseudo_huber", lambda x: special.pseudo_huber(1.0, x), (VECTOR,)),
    Entry("scipy.special.boxcox", lambda x: special.boxcox(x, 0.5), (POSITIVE,), COMPILED),
    Entry("scipy.special.multigammaln", lambda x: special.multigammaln(x, 2), ([2.5, 3.5],), COMPILED),
    Entry("scipy.special.xlog1py", special.xlog1py, (POSITIVE, SHARES)),
    Entry("scipy.special.cbrt", special.cbrt, (POSITIVE,)),
    Entry("scipy.special.exp2", special.exp2, (POSITIVE,)),
    Entry("scipy.special.exp10", special.exp10, (POSITIVE,)),
    Entry("scipy.special.radian", lambda x: special.radian(x, 0.0, 0.0), (POSITIVE,), COMPILED),
    Entry("scipy.special.cosm1", special.cosm1, (POSITIVE,)),
    Entry("scipy.special.stdtrit", lambda x: special.stdtrit(3.0, x), (SHARES,), COMPILED),
    Entry("scipy.special.betainc", lambda x: special.betainc(1.5, 2.5, x), (SHARES,), COMPILED),
    Entry("scipy.special.chdtrc", lambda x: special.chdtrc(3.0, x), (POSITIVE,), COMPILED),
    Entry("scipy.special.polygamma", lambda x: special.polygamma(1, x), (POSITIVE,), COMPILED),
)
