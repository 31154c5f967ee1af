"""How much of the time is left."""

from __future__ import annotations

import time

__all__ = ["Clock"]


class Clock:
    """Seconds that run from when it is made.

    Parameters
    ----------
    seconds : float
    """

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds are left; below 0 when the time is over."""
        return self.end - time.monotonic()

    def at_most(self, seconds: float) -> float:
        """Return that many seconds, or those that are left."""
        return max(0.0, min(seconds, self.left()))

    def __call__(self) -> bool:
        """Return whether there is time left."""
        return self.left() > 0
