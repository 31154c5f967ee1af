"""The random stream of the pinned starts: NumPy's legacy ``RandomState``, in plain Python.

Mersenne Twister is Python's own generator too, seeded in another way; normal numbers are drawn by the polar
method, in pairs. Both lessons' numbers depend on these very bits.

References
----------
M. Matsumoto, T. Nishimura (1998), "Mersenne Twister"; G. Marsaglia, T. A. Bray (1964), "A convenient method
for generating normal variables".
"""

from __future__ import annotations

import math
import random

__all__ = ["LegacyStream"]

WORDS = 624


class LegacyStream:
    """Numbers as from ``numpy.random.RandomState(seed)``.

    Parameters
    ----------
    seed : int from 0 to 2**32 - 1
    """

    def __init__(self, seed: int) -> None:
        state = [seed]
        for i in range(1, WORDS):
            state.append((1812433253 * (state[-1] ^ (state[-1] >> 30)) + i) & 0xFFFFFFFF)
        self._twister = random.Random()  # noqa: S311 -- these are no secrets
        self._twister.setstate((3, (*state, WORDS), None))
        self._kept: float | None = None

    def rand(self, count: int) -> list[float]:
        """Return numbers uniform in [0, 1)."""
        return [self._twister.random() for _ in range(count)]

    def randn(self, count: int) -> list[float]:
        """Return normal numbers of mean 0 and standard deviation 1."""
        return [self._normal() for _ in range(count)]

    def _normal(self) -> float:
        if self._kept is not None:
            found, self._kept = self._kept, None
            return found
        while True:
            x, y = (2.0 * self._twister.random() - 1.0 for _ in range(2))
            square = x * x + y * y
            if 0.0 < square < 1.0:
                break
        scale = math.sqrt(-2.0 * math.log(square) / square)
        self._kept = scale * x
        return scale * y
