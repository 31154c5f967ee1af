"""Random numbers of our own: the same bits on every library and device, with no state.

A key is an int32 array of shape (2,). From a key and a counter, Threefry-2x32 with 20 rounds makes two
words of 32 random bits. Nothing is carried along: the same key gives the same numbers, so a draw can be
repeated, resumed, and compiled into a step. A key is used once; `split` makes fresh ones from it.

All arithmetic is on int32 arrays, which every library has, and in which every library's addition and
left shift wrap around; the right shift is masked, because it carries the sign.

References
----------
J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3",
Proceedings of SC11. The tests hold that paper's published vectors.
"""

from __future__ import annotations

import math

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.floats import as_floats
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Dtype, Namespace, Shape

__all__ = ["bits", "fold_in", "key", "normal", "permutation", "split", "threefry", "uniform"]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_WORD = 32  # bits
_DRAW, _SPLIT, _FOLD = 0, 1, 2  # second word of the counter: each use has a stream of its own


def key(seed: int, *, backend: str | Backend | None = None, device: object = None) -> Array:
    """Return the key of a seed.

    Parameters
    ----------
    seed : int, 0 <= seed < 2**64
    backend : str, Backend or None
        Where the key lives, and so all that is drawn from it; None means NumPy.
    device : object or None
        The library's own device object.

    Returns
    -------
    array (2,), int32
    """
    if type(seed) is not int or not 0 <= seed < 2**64:
        raise OptionError("seed", seed, "a whole number from 0 to 2**64 - 1")
    place = find_backend(backend)
    words = [_signed(seed >> 32), _signed(seed & 0xFFFFFFFF)]
    return place.asarray(words, dtype=place.dtype("int32"), device=device)


def _signed(word: int) -> int:
    return word - (1 << 32) if word >= 1 << 31 else word


def _rotate(xp: Namespace, x: Array, by: int) -> Array:
    low = xp.bitwise_and(xp.bitwise_right_shift(x, 32 - by), (1 << by) - 1)
    return xp.bitwise_or(xp.bitwise_left_shift(x, by), low)


def threefry(key: Array, x0: Array, x1: Array, /) -> tuple[Array, Array]:
    """Return Threefry-2x32-20 of the counters.

    Parameters
    ----------
    key : array (2,), int32
    x0, x1 : arrays (n,), int32
        The words of the counters.

    Returns
    -------
    two arrays (n,), int32
        The bits of unsigned words.
    """
    xp = array_namespace(key)
    k0, k1 = key[0:1], key[1:2]
    keys = (k0, k1, xp.bitwise_xor(xp.bitwise_xor(k0, k1), _PARITY))
    x0, x1 = xp.add(x0, keys[0]), xp.add(x1, keys[1])
    for group in range(5):
        for by in _ROTATIONS[group % 2]:
            x0 = xp.add(x0, x1)
            x1 = xp.bitwise_xor(_rotate(xp, x1, by), x0)
        x0 = xp.add(x0, keys[(group + 1) % 3])
        x1 = xp.add(xp.add(x1, keys[(group + 2) % 3]), group + 1)
    return x0, x1


def _words(key: Array, n: int, stream: int, start: int = 0) -> tuple[Array, Array]:
    xp = array_namespace(key)
    x0 = xp.arange(start, start + n, dtype=key.dtype, device=device_of(key))
    return threefry(key, x0, xp.full_like(x0, stream))


def split(key: Array, n: int = 2, /) -> list[Array]:
    """Return `n` keys that are independent of one another and of what `key` draws."""
    xp = array_namespace(key)
    pairs = xp.stack(_words(key, n, _SPLIT), axis=1)
    return [pairs[i, ...] for i in range(n)]


def fold_in(key: Array, number: int, /) -> Array:
    """Return the key that belongs to `key` and a whole number (an epoch, a step), 0 <= number < 2**31."""
    if type(number) is not int or not 0 <= number < 2**31:
        raise OptionError("number of fold_in", number, "a whole number from 0 to 2**31 - 1")
    xp = array_namespace(key)
    x0, x1 = _words(key, 1, _FOLD, number)
    return xp.concat([x0, x1])


def bits(key: Array, shape: Shape, /) -> Array:
    """Return random bits: an int32 array of `shape`."""
    return array_namespace(key).reshape(_words(key, math.prod(shape), _DRAW)[0], shape)


def _dtype(xp: Namespace, dtype: Dtype) -> Dtype:
    return xp.float32 if dtype is None else dtype


def _digits(xp: Namespace, dtype: Dtype) -> int:
    """Return how many binary digits a number of 32 bits or less keeps."""
    return 1 - round(math.log2(float(xp.finfo(dtype).eps)))


def uniform(key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
    """Return numbers drawn evenly from [0, 1).

    Parameters
    ----------
    key : array (2,), int32
    shape : tuple of int
    dtype : dtype object, or None for float32
        float32 numbers are multiples of 2**-24, float64 ones of 2**-53, float16 ones of 2**-11 and bfloat16
        ones of 2**-8; the former are the latter, cut off, so all dtypes give the same draw.
    """
    xp = array_namespace(key)
    dtype = _dtype(xp, dtype)
    x0, x1 = _words(key, math.prod(shape), _DRAW)
    if xp.finfo(dtype).bits <= _WORD:
        digits = _digits(xp, dtype)
        high = xp.bitwise_and(xp.bitwise_right_shift(x0, _WORD - digits), (1 << digits) - 1)
        u = as_floats(xp.multiply(xp.astype(high, xp.float32), 2.0**-digits), dtype)
    else:
        high = xp.astype(xp.bitwise_and(xp.bitwise_right_shift(x0, 5), (1 << 27) - 1), dtype)
        low = xp.astype(xp.bitwise_and(xp.bitwise_right_shift(x1, 6), (1 << 26) - 1), dtype)
        u = xp.multiply(xp.add(xp.multiply(high, 2.0**26), low), 2.0**-53)
    return xp.reshape(u, shape)


def _open_unit(xp: Namespace, word: Array, dtype: Dtype) -> Array:
    """Return the word as a number in (0, 1], to full relative precision: small ones keep their bits."""
    high = xp.astype(xp.bitwise_and(xp.bitwise_right_shift(word, 16), 0xFFFF), dtype)
    low = xp.astype(xp.bitwise_and(word, 0xFFFF), dtype)
    return xp.multiply(xp.add(xp.add(xp.multiply(high, 65536.0), low), 0.5), 2.0**-32)


def normal(key: Array, shape: Shape, /, *, dtype: Dtype = None) -> Array:
    """Return numbers drawn from the normal distribution of mean 0 and variance 1.

    By Box and Muller's transform of two uniform numbers. The libraries' logarithms and cosines differ in
    the last bits, and so do the numbers. Parameters: as for `uniform`; 16 bits are those of float32, rounded.
    """
    xp = array_namespace(key)
    wanted = _dtype(xp, dtype)
    dtype = xp.float32 if xp.finfo(wanted).bits < _WORD else wanted
    x0, x1 = _words(key, math.prod(shape), _DRAW)
    radius = xp.sqrt(xp.multiply(-2.0, xp.log(_open_unit(xp, x0, dtype))))
    z = xp.multiply(radius, xp.cos(xp.multiply(2 * math.pi, _open_unit(xp, x1, dtype))))
    return as_floats(xp.reshape(z, shape), wanted)


def permutation(key: Array, n: int, /) -> Array:
    """Return the numbers from 0 to n - 1 in random order: an array (n,) of whole numbers.

    The same order on every backend.
    """
    return array_namespace(key).argsort(bits(key, (n,)), stable=True)
