"""SciPy's integrals, transforms, filters, rotations and the rest."""

from __future__ import annotations

from scipy import constants, differentiate, fft, integrate, interpolate, linalg, ndimage, optimize, signal
from scipy.cluster import vq
from scipy.spatial.transform import Rotation

from bpcore.words.errors import InPlace
from tests.interop.entry import (
    COMPILED,
    DEVICE,
    MATRIX,
    NUMPY,
    OTHER,
    POSITIVE,
    READS,
    SQUARE,
    TABLES,
    VECTOR,
    WAVE,
    WRITES,
    Entry,
    Refusal,
)

__all__ = ["ENTRIES"]

ENTRIES = (
    Entry(
        "scipy.integrate.trapezoid",
        integrate.trapezoid,
        (VECTOR, [0.0, 0.4, 1.0, 1.3, 2.0, 2.7]),
    ),
    Entry(
        "scipy.integrate.cumulative_trapezoid", lambda y: integrate.cumulative_trapezoid(y, dx=0.5), (VECTOR,)
    ),
    Entry("scipy.integrate.simpson", lambda y: integrate.simpson(y, dx=0.5), (VECTOR,), NUMPY),
    Entry("scipy.integrate.cumulative_simpson", lambda y: integrate.cumulative_simpson(y, dx=0.5), (VECTOR,)),
    Entry("scipy.integrate.romb", lambda y: integrate.romb(y[:5], dx=0.5), (VECTOR,)),
    Entry(
        "scipy.integrate.tanhsinh",
        lambda b: integrate.tanhsinh(lambda t: t * t, 0.0 * b, b).integral,
        ([1.0, 2.0],),
        Refusal("it goes on with views of an array that it has written into", (InPlace, ValueError)),
    ),
    Entry(
        "scipy.integrate.cubature",
        lambda b: integrate.cubature(lambda t: t[..., 0] ** 2, 0 * b, b).estimate,
        ([1.5],),
        DEVICE,
    ),
    Entry("scipy.optimize.rosen", optimize.rosen, (VECTOR,)),
    Entry("scipy.optimize.rosen_der", optimize.rosen_der, (VECTOR,)),
    Entry("scipy.optimize.rosen_hess", optimize.rosen_hess, (VECTOR,)),
    Entry("scipy.optimize.rosen_hess_prod", optimize.rosen_hess_prod, (VECTOR, OTHER)),
    Entry("scipy.cluster.vq.whiten", lambda x: vq.whiten(x, check_finite=False), (MATRIX,)),
    Entry(
        "scipy.cluster.vq.vq",
        lambda x, c: vq.vq(x, c, check_finite=False)[1],
        (MATRIX, [[0.0, 0.0, 0.1], [1.0, 1.0, 1.0]]),
        COMPILED,
    ),
    Entry(
        "scipy.constants.convert_temperature",
        lambda x: constants.convert_temperature(x, "Celsius", "Fahrenheit"),
        (VECTOR,),
    ),
    Entry("scipy.constants.lambda2nu", lambda x: constants.lambda2nu(x) * 1e-8, (POSITIVE,)),
    Entry("scipy.constants.nu2lambda", lambda x: constants.nu2lambda(x) * 1e-8, (POSITIVE,)),
    Entry(
        "scipy.differentiate.derivative",
        lambda x: differentiate.derivative(lambda t: t**3, x).df,
        (VECTOR,),
        DEVICE,
    ),
    Entry("scipy.fft.fft", lambda x: abs(fft.fft(x)), (WAVE,)),
    Entry("scipy.fft.ifft", lambda x: abs(fft.ifft(x + 0j)), (WAVE,)),
    Entry("scipy.fft.rfft", lambda x: abs(fft.rfft(x)), (WAVE,)),
    Entry("scipy.fft.irfft", lambda x: fft.irfft(x + 0j), (WAVE,)),
    Entry("scipy.fft.fftn", lambda x: abs(fft.fftn(x)), (MATRIX,)),
    Entry("scipy.fft.fft2", lambda x: abs(fft.fft2(x)), (MATRIX,)),
    Entry("scipy.fft.rfftn", lambda x: abs(fft.rfftn(x)), (MATRIX,)),
    Entry("scipy.fft.irfftn", lambda x: fft.irfftn(x + 0j), (MATRIX,)),
    Entry("scipy.fft.hfft", lambda x: fft.hfft(x + 0j), (WAVE,)),
    Entry("scipy.fft.ihfft", lambda x: abs(fft.ihfft(x)), (WAVE,)),
    Entry("scipy.fft.fftshift", fft.fftshift, (WAVE,)),
    Entry("scipy.fft.ifftshift", fft.ifftshift, (WAVE,)),
    Entry("scipy.fft.dct", fft.dct, (WAVE,), COMPILED),
    Entry("scipy.fft.dst", fft.dst, (WAVE,), COMPILED),
    Entry("scipy.fft.fht", lambda x: fft.fht(x, 0.1, 0.5), (WAVE,), DEVICE),
    Entry("scipy.linalg.block_diag", linalg.block_diag, (SQUARE, MATRIX)),
    Entry("scipy.linalg.fiedler", linalg.fiedler, (VECTOR,)),
    Entry(
        "scipy.linalg.orthogonal_procrustes",
        lambda a, b: linalg.orthogonal_procrustes(a, b, check_finite=False),
        (SQUARE, [[1.0, 0.2, 0.1], [0.0, 1.3, 0.4], [0.5, -0.2, 0.9]]),
    ),
    Entry("scipy.linalg.inv", linalg.inv, (SQUARE,), NUMPY),
    Entry("scipy.linalg.det", linalg.det, (SQUARE,), NUMPY),
    Entry("scipy.linalg.expm", linalg.expm, (SQUARE,), COMPILED),
    Entry("scipy.signal.convolve", signal.convolve, (WAVE, [0.5, 1.0, -0.3]), READS),
    Entry("scipy.signal.fftconvolve", signal.fftconvolve, (WAVE, [0.5, 1.0, -0.3])),
    Entry("scipy.signal.oaconvolve", signal.oaconvolve, (WAVE, [0.5, 1.0, -0.3])),
    Entry("scipy.signal.correlate", signal.correlate, (WAVE, [0.5, 1.0, -0.3]), READS),
    Entry(
        "scipy.signal.convolve direct",
        lambda a, b: signal.convolve(a, b, method="direct"),
        (WAVE, [0.5, 1.0, -0.3]),
        NUMPY,
    ),
    Entry("scipy.signal.detrend", signal.detrend, (WAVE,), NUMPY),
    Entry("scipy.signal.hilbert", lambda x: abs(signal.hilbert(x)), (WAVE,)),
    Entry("scipy.signal.envelope", signal.envelope, (WAVE,)),
    Entry("scipy.signal.resample", lambda x: signal.resample(x, 5), (WAVE,)),
    Entry("scipy.signal.vectorstrength", lambda x: signal.vectorstrength(x, 1.3)[0], (POSITIVE,)),
    Entry("scipy.signal.freqz", lambda b: abs(signal.freqz(b, worN=4)[1]), ([0.5, 1.0, -0.3],)),
    Entry(
        "scipy.signal.freqs",
        lambda b, a: abs(signal.freqs(b, a, worN=[0.5, 1.0])[1]),
        ([0.5, 1.0], [1.0, 0.3]),
        TABLES,
    ),
    Entry("scipy.signal.bilinear", signal.bilinear, ([0.5, 1.0], [1.0, 0.3]), NUMPY),
    Entry("scipy.signal.lp2hp", signal.lp2hp, ([0.5, 1.0], [1.0, 0.3])),
    Entry("scipy.signal.firwin2", lambda f: signal.firwin2(5, [0, 0.5, 1.0], f), ([1.0, 0.5, 0.0],), TABLES),
    Entry("scipy.signal.lfilter", lambda b, x: signal.lfilter(b, [1.0], x), ([0.5, 1.0], WAVE), TABLES),
    Entry("scipy.signal.wiener", signal.wiener, (WAVE,), READS),
    Entry("scipy.ndimage.gaussian_filter", lambda x: ndimage.gaussian_filter(x, 1.0), (MATRIX,), COMPILED),
    Entry(
        "scipy.interpolate.CubicSpline",
        lambda x, y: interpolate.CubicSpline(x, y)(1.1),
        ([0.0, 0.4, 1.0, 1.3, 2.0, 2.7], VECTOR),
        COMPILED,
    ),
    Entry(
        "scipy.interpolate.RegularGridInterpolator",
        lambda y: interpolate.RegularGridInterpolator(([0.0, 1.0, 2.0, 3.0, 4.0, 5.0],), y)([[1.1]]),
        (VECTOR,),
        TABLES,
    ),
    Entry(
        "scipy.interpolate.PPoly",
        lambda c: interpolate.PPoly(c, [0.0, 1.0, 2.0, 3.0])(1.1),
        (MATRIX,),
        TABLES,
    ),
    Entry(
        "scipy.spatial.transform.Rotation.from_rotvec",
        lambda x: Rotation.from_rotvec(x).as_matrix(),
        ([0.3, -0.2, 0.8],),
    ),
    Entry(
        "scipy.spatial.transform.Rotation.from_quat",
        lambda x: Rotation.from_quat(x).as_matrix(),
        ([0.3, -0.2, 0.8, 0.5],),
    ),
    Entry(
        "scipy.spatial.transform.Rotation.apply",
        lambda q, v: Rotation.from_quat(q).apply(v),
        ([0.3, -0.2, 0.8, 0.5], [1.0, 2.0, 3.0]),
    ),
    Entry(
        "scipy.spatial.transform.Rotation.as_rotvec",
        lambda x: Rotation.from_quat(x).as_rotvec(),
        ([0.3, -0.2, 0.8, 0.5],),
    ),
    Entry(
        "scipy.spatial.transform.Rotation.magnitude",
        lambda x: Rotation.from_quat(x).magnitude(),
        ([0.3, -0.2, 0.8, 0.5],),
    ),
    Entry(
        "scipy.spatial.transform.Rotation.inv",
        lambda x: Rotation.from_quat(x).inv().as_quat(),
        ([0.3, -0.2, 0.8, 0.5],),
    ),
    Entry(
        "scipy.spatial.transform.Rotation.from_matrix",
        lambda x: Rotation.from_matrix(x).as_quat(),
        (SQUARE,),
        WRITES,
    ),
    Entry(
        "scipy.spatial.transform.Rotation.from_euler",
        lambda x: Rotation.from_euler("xyz", x).as_matrix(),
        ([0.3, -0.2, 0.8],),
    ),
    Entry(
        "scipy.spatial.transform.Rotation.as_mrp",
        lambda x: Rotation.from_quat(x).as_mrp(),
        ([0.3, -0.2, 0.8, 0.5],),
    ),
)
