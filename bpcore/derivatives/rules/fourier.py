"""The extension ``fft``. Every transform is linear, so that the way back is its transpose.

The matrix of a Fourier transform is symmetric: transposed it is itself. No conjugate appears, because rules
are transposes; users see the inverse transform where they expect it, since the public transforms conjugate.

The transforms between real signals and half spectra are transposes of one another but for weights: an element
of the half spectrum stands for itself and its mirror image, except the mean and, if the length is even, the
highest frequency.

A signal that was cut or filled with zeros, to `n`, is filled or cut on the way back.
"""

from __future__ import annotations

from collections.abc import Sequence

from bpcore.derivatives.rules.adjoint import conjugate
from bpcore.derivatives.rules.function import Function, constant, linear
from bpcore.words.protocols import Array, Namespace, Shape

__all__ = ["FUNCTIONS"]

Axes = Sequence[int] | None
SWAPPED = {"backward": "forward", "forward": "backward", "ortho": "ortho"}
"""The norm under which the other direction has the same factor."""


def _fit(xp: Namespace, g: Array, shape: Shape, axes: Sequence[int]) -> Array:
    """Cut `g`, or fill it with zeros, to the lengths of `shape` along the axes."""
    for axis in axes:
        before = (slice(None),) * (axis % g.ndim)
        given, wanted = g.shape[axis], shape[axis]
        if given > wanted:
            g = g[(*before, slice(0, wanted), ...)]
        elif given < wanted:
            whole = (*g.shape[: len(before)], wanted, *g.shape[len(before) + 1 :])
            g = xp.slice_scatter(g, key=(*before, slice(0, given), ...), shape=whole)
    return g


def _all_axes(x: Array, s: Sequence[int] | None, axes: Axes) -> tuple[int, ...]:
    """Return the axes that a transform of many axes goes over."""
    if axes is not None:
        return tuple(axes)
    return tuple(range(0 if s is None else x.ndim - len(s), x.ndim))


def _symmetric(name: str) -> Function:
    """Make the entry of a complex transform of one axis."""

    def back(
        xp: Namespace, g: Array, y: Array, x: Array, *, n: int | None = None, axis: int = -1,
        norm: str = "backward",
    ) -> Array:  # fmt: skip
        return _fit(xp, getattr(xp.fft, name)(g, axis=axis, norm=norm), x.shape, (axis,))

    return linear(f"fft.{name}", back)


def _symmetric_over(name: str) -> Function:
    """Make the entry of a complex transform of many axes."""

    def back(
        xp: Namespace, g: Array, y: Array, x: Array, *, s: Axes = None, axes: Axes = None,
        norm: str = "backward",
    ) -> Array:  # fmt: skip
        over = _all_axes(x, s, axes)
        return _fit(xp, getattr(xp.fft, name)(g, axes=over, norm=norm), x.shape, over)

    return linear(f"fft.{name}", back)


def _weighted(xp: Namespace, z: Array, n: int, axis: int, factor: float) -> Array:
    """Multiply what stands for two elements of the whole spectrum of length `n`."""
    before = (slice(None),) * (axis % z.ndim)
    last = (n + 1) // 2  # where the highest frequency is, if the length is even
    parts = [z[(*before, slice(0, 1), ...)]]
    if last > 1:
        parts.append(xp.multiply(z[(*before, slice(1, last), ...)], factor))
    if n % 2 == 0:
        parts.append(z[(*before, slice(last, last + 1), ...)])
    return xp.concat(parts, axis=axis)


def _half_back(xp: Namespace, g: Array, n: int, axis: int, norm: str) -> Array:
    """Transpose the transform of a real signal of length `n` to its half spectrum."""
    z = _weighted(xp, xp.conj(g), n, axis, 0.5)
    return xp.fft.irfft(z, n=n, axis=axis, norm=SWAPPED[norm])


def _whole_back(xp: Namespace, g: Array, axis: int, norm: str) -> Array:
    """Transpose the transform of a half spectrum to its real signal."""
    z = xp.fft.rfft(g, axis=axis, norm=SWAPPED[norm])
    return xp.conj(_weighted(xp, z, g.shape[axis], axis, 2.0))


def _rfft(
    xp: Namespace, g: Array, y: Array, x: Array, *, n: int | None = None, axis: int = -1,
    norm: str = "backward",
) -> Array:  # fmt: skip
    length = x.shape[axis] if n is None else n
    return _fit(xp, _half_back(xp, g, length, axis, norm), x.shape, (axis,))


def _irfft(
    xp: Namespace, g: Array, y: Array, x: Array, *, n: int | None = None, axis: int = -1,
    norm: str = "backward",
) -> Array:  # fmt: skip
    return _fit(xp, _whole_back(xp, g, axis, norm), x.shape, (axis,))


def _hfft(
    xp: Namespace, g: Array, y: Array, x: Array, *, n: int | None = None, axis: int = -1,
    norm: str = "backward",
) -> Array:  # fmt: skip
    """``hfft(x)`` is ``irfft(conj(x))`` with the other norm."""
    return conjugate(xp, _irfft(xp, g, y, x, n=n, axis=axis, norm=SWAPPED[norm]))


def _ihfft(
    xp: Namespace, g: Array, y: Array, x: Array, *, n: int | None = None, axis: int = -1,
    norm: str = "backward",
) -> Array:  # fmt: skip
    """``ihfft(x)`` is ``conj(rfft(x))`` with the other norm."""
    return _rfft(xp, xp.conj(g), y, x, n=n, axis=axis, norm=SWAPPED[norm])


def _rfftn(
    xp: Namespace, g: Array, y: Array, x: Array, *, s: Axes = None, axes: Axes = None,
    norm: str = "backward",
) -> Array:  # fmt: skip
    """Forward the last axis goes first, so it comes last here."""
    *rest, last = over = _all_axes(x, s, axes)
    if rest:
        g = xp.fft.fftn(g, axes=tuple(rest), norm=norm)
    length = x.shape[last] if s is None else s[-1]
    return _fit(xp, _half_back(xp, g, length, last, norm), x.shape, over)


def _irfftn(
    xp: Namespace, g: Array, y: Array, x: Array, *, s: Axes = None, axes: Axes = None,
    norm: str = "backward",
) -> Array:  # fmt: skip
    *rest, last = over = _all_axes(x, s, axes)
    z = _whole_back(xp, g, last, norm)
    if rest:
        z = xp.fft.ifftn(z, axes=tuple(rest), norm=norm)
    return _fit(xp, z, x.shape, over)


FUNCTIONS = (
    _symmetric("fft"),
    _symmetric("ifft"),
    _symmetric_over("fftn"),
    _symmetric_over("ifftn"),
    linear("fft.rfft", _rfft),
    linear("fft.irfft", _irfft),
    linear("fft.rfftn", _rfftn),
    linear("fft.irfftn", _irfftn),
    linear("fft.hfft", _hfft),
    linear("fft.ihfft", _ihfft),
    linear("fft.fftshift", lambda xp, g, y, x, *, axes=None: xp.fft.ifftshift(g, axes=axes)),
    linear("fft.ifftshift", lambda xp, g, y, x, *, axes=None: xp.fft.fftshift(g, axes=axes)),
    *constant("it takes a number of samples, and no array", "fft.fftfreq", "fft.rfftfreq"),
)
