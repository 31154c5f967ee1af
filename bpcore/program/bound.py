"""The time that a Program takes at least, by what it costs and what a backend does in a second."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.program.cost import Cost, Row, aligned
from bpcore.program.rates import Rates
from bpcore.words.errors import OptionError

__all__ = ["Bound", "bound"]


@dataclass(frozen=True)
class Bound:
    """The time that each equation takes at least; printed, it is a table by function.

    Attributes
    ----------
    cost : Cost
    rates : Rates
    computing, moving : tuple of float
        Seconds of each equation, by its operations and by its bytes.
    """

    cost: Cost
    rates: Rates
    computing: tuple[float, ...]
    moving: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """The sum over equations of the longer of the two."""
        return sum(self._each)

    @property
    def with_calls(self) -> float:
        """That, and one call for each equation."""
        return self.seconds + len(self.cost.rows) * self.rates.call

    @property
    def _each(self) -> list[float]:
        return [max(pair) for pair in zip(self.computing, self.moving, strict=True)]

    def __str__(self) -> str:
        sums: dict[str, tuple[int, float, float]] = {}
        for row, computing, moving in zip(self.cost.rows, self.computing, self.moving, strict=True):
            count, first, second = sums.get(row.name, (0, 0.0, 0.0))
            sums[row.name] = count + 1, first + max(computing, moving), second + computing
        ordered = sorted(sums.items(), key=lambda item: -item[1][1])
        cells = [("function", "equations", "us at least", "of it by operations")]
        for name, (count, seconds, computing) in ordered:
            if seconds:
                share = f"{min(computing / seconds, 1.0):.0%}"
                cells.append((name, str(count), f"{seconds * 1e6:.4g}", share))
        cells.append(("total", str(len(self.cost.rows)), f"{self.seconds * 1e6:.4g}", ""))
        cells.append(("with calls", "", f"{self.with_calls * 1e6:.4g}", ""))
        return aligned(cells, left=1)


def bound(cost: Cost, rates: Rates) -> Bound:
    """Return the time that a Program takes at least.

    An equation takes as long as its operations or as its bytes do, whichever is longer. It is a bound for
    those equations, one after the other: a backend that joins some of them, so that what lies between is
    never written, may take less, as may one whose functions are faster than those that were measured.

    Parameters
    ----------
    cost : Cost
        From `cost`.
    rates : Rates
        From `rates`, of the backend and dtype that the Program runs in.

    Examples
    --------
    >>> import bpcore as bp, numpy as np
    >>> program = bp.record(lambda x: x * x, np.ones(1000))
    >>> least = bp.bound(bp.cost(program), bp.rates("numpy", dtype="float64", seconds=0.001))
    >>> 0.0 < least.seconds < least.with_calls
    True
    """
    for name, given, kind in (("cost", cost, Cost), ("rates", rates, Rates)):
        if not isinstance(given, kind):
            raise OptionError(name, given, f"what bpcore.{name} returns")
    computing = tuple(_computing(row, rates) for row in cost.rows)
    moving = tuple(row.bytes / rates.bandwidth(row.bytes) for row in cost.rows)
    return Bound(cost, rates, computing, moving)


def _computing(row: Row, rates: Rates) -> float:
    return sum(count / _rate(kind, count, rates) for kind, count in row.flops.items() if count)


def _rate(kind: str, count: float, rates: Rates) -> float:
    if kind == "product":
        return rates.product(count)
    if kind in ("decomposition", "fourier"):
        return max(rates.products.values())  # they are slower than any product
    return rates.transcendental if kind == "transcendental" else rates.arithmetic
