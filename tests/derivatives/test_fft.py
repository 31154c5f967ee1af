"""Fourier transforms as the linear maps they are: transposes, lengths, and what is not an array."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.transforms.gradients import grad, vjp

LENGTHS = ((5, None), (4, None), (1, None), (4, 7), (4, 6), (6, 3), (5, 4), (3, 1), (3, 2))
"""Of the signal, and `n`."""
NORMS = ("backward", "ortho", "forward")
EAGER = ("numpy", "numpy:readonly", "strict:device1", "strict:device2", "strict:no_x64", "torch", "cupy")
"""JAX would compile each length anew, for seconds."""


def _complex(backend: Any, *shape: int) -> Any:
    size = int(np.prod(shape))
    data = (np.cos(1.7 * np.arange(size)) + 1j * np.sin(2.3 * np.arange(size) + 1.0)).reshape(shape)
    return backend.array(data.tolist(), "complex128" if backend.float == "float64" else "complex64")


def _signal(backend: Any, length: int, name: str) -> Any:
    x = _complex(backend, 2, length)
    return backend.xp.real(x) if name in ("rfft", "ihfft") else x


def _pairing(g: Any, y: Any) -> float:
    """Return the sum of ``Re(conj(g) y)``, as users of complex gradients have it."""
    return float(np.sum(np.real(np.conj(g) * y)))


@pytest.mark.axes(*EAGER)
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_the_way_back_is_the_adjoint_at_every_length_and_norm(backend: Any, name: str) -> None:
    """``<g, F x> = <F' g, x>`` for a linear map; no differences are needed."""
    transform = getattr(backend.xp.fft, name)
    for (length, n), norm in itertools.product(LENGTHS, NORMS):
        x = _signal(backend, length, name)
        if name in ("irfft", "hfft") and n is None and length == 1:
            continue  # a signal of no elements
        y, pullback = vjp(lambda x, n=n, norm=norm: transform(x, n=n, norm=norm), x)
        g = backend.xp.multiply(y, y)
        back = pullback(g)[0]
        assert (back.shape, back.dtype) == (x.shape, x.dtype)
        left, right = (backend.host(z) for z in (g, y)), (backend.host(z) for z in (back, x))
        assert _pairing(*left) == pytest.approx(
            _pairing(*right), rel=100 * backend.eps, abs=100 * backend.eps
        )


@pytest.mark.axes(*EAGER)
@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
@pytest.mark.parametrize(
    ("axes", "s"), [(None, None), ((0, 2), None), ((-1, 0), (3, 5)), ((1,), (2,)), ((2, 1), (4, 1))]
)
def test_the_way_back_over_many_axes_is_the_adjoint(
    backend: Any, name: str, axes: tuple[int, ...] | None, s: tuple[int, ...] | None
) -> None:
    transform = getattr(backend.xp.fft, name)
    x = _complex(backend, 2, 3, 4)
    x = backend.xp.real(x) if name == "rfftn" else x
    for norm in NORMS:
        y, pullback = vjp(lambda x, norm=norm: transform(x, axes=axes, s=s, norm=norm), x)
        g = backend.xp.multiply(y, y)
        (back,) = pullback(g)
        left, right = (backend.host(z) for z in (g, y)), (backend.host(z) for z in (back, x))
        assert _pairing(*left) == pytest.approx(
            _pairing(*right), rel=100 * backend.eps, abs=100 * backend.eps
        )


@pytest.mark.axes("numpy", "torch")
@pytest.mark.filterwarnings("ignore:.axes. should not be:DeprecationWarning")
def test_lengths_without_axes_are_those_of_the_last_axes(backend: Any) -> None:
    """Not in the standard, but in the libraries."""
    x = _complex(backend, 3, 2, 4)
    y, pullback = vjp(lambda x: backend.xp.fft.fftn(x, s=(3, 3)), x)
    g = backend.xp.multiply(y, y)
    left, right = (backend.host(z) for z in (g, y)), (backend.host(z) for z in (pullback(g)[0], x))
    assert _pairing(*left) == pytest.approx(_pairing(*right))


def test_energy_in_the_spectrum_is_energy_in_the_signal(backend: Any) -> None:
    """The gradient of ``sum(abs(fft(x))**2)`` is ``2 n x``, by Parseval's theorem."""
    xp = backend.xp
    x = _complex(backend, 2, 5)
    found = grad(lambda x: xp.sum(xp.abs(xp.fft.fft(x)) ** 2))(x)
    np.testing.assert_allclose(backend.host(found), 10 * backend.host(x), rtol=50 * backend.eps)


def test_a_filter_of_a_real_signal_is_turned_around(backend: Any) -> None:
    """The gradient of a circular convolution is a circular correlation."""
    xp = backend.xp
    x, kernel, g = (
        backend.array(data) for data in ([1.0, 2.0, -0.5, 0.3], [0.5, 0.2, 0.0, -0.1], [1.0, 0.0, 0.0, 2.0])
    )

    def convolved(x: Any) -> Any:
        return xp.fft.irfft(xp.multiply(xp.fft.rfft(x), xp.fft.rfft(kernel)), n=4)

    _, pullback = vjp(convolved, x)
    h = [0.5, 0.2, 0.0, -0.1]
    expected = [sum([1.0, 0.0, 0.0, 2.0][j] * h[(j - i) % 4] for j in range(4)) for i in range(4)]
    np.testing.assert_allclose(backend.host(pullback(g)[0]), expected, atol=20 * backend.eps)


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_are_made_on_the_backends_device_in_the_dtype_asked_for(backend: Any, name: str) -> None:
    dtype = backend.backend.dtype("float32")
    y = getattr(backend.xp.fft, name)(5, d=0.5, dtype=dtype)
    assert y.dtype == dtype
    assert backend.backend.device in (None, y.device)
    np.testing.assert_allclose(backend.host(y), getattr(np.fft, name)(5, 0.5), rtol=1e-6)
