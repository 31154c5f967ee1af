"""What a backend does in a second here: measured, and only by functions of its own namespace."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

from bpcore.derivatives.namespaces.namespace import space_on
from bpcore.ground.backend import Backend
from bpcore.program.cost import in_units
from bpcore.words.errors import OptionError, choose
from bpcore.words.protocols import Array

__all__ = ["Rates", "rates"]

SIZES = (16, 64, 256, 768)
"""Sides of the square matrices that are multiplied."""

CACHED, LARGE = 2**16, 2**25
"""Bytes of an array that lies in a cache, and of one that does not."""

ALIVE = 2**18
"""Elements of all results that are kept until they are waited for: some libraries wait for those only."""

SECONDS = 0.06
"""How long each of the measurements takes, about."""


@dataclass(frozen=True)
class Rates:
    """Rates of one backend, for one dtype.

    Attributes
    ----------
    backend, dtype : str
    products : mapping of int to float
        Operations a second in a product of square matrices, by the length of a side.
    arithmetic, transcendental : float
        Elements a second of ``add`` and of ``exp`` that lie in a cache.
    cache, memory : float
        Bytes a second that ``add`` reads and writes, in a cache and beyond it.
    call : float
        Seconds that one call takes whose array has one element.
    """

    backend: str
    dtype: str
    products: Mapping[int, float]
    arithmetic: float
    transcendental: float
    cache: float
    memory: float
    call: float

    def product(self, flops: float) -> float:
        """Return operations a second in a product of that many: of a smaller one no higher rate is known."""
        sides, speeds = list(self.products), list(self.products.values())
        side = max(flops / 2, 1.0) ** (1 / 3)
        right = bisect_right(sides, side)
        below = max(speeds[: max(right, 1)])
        if right in (0, len(sides)):
            return below
        share = math.log(side / sides[right - 1]) / math.log(sides[right] / sides[right - 1])
        between = math.exp((1 - share) * math.log(below) + share * math.log(speeds[right]))
        return max(below, between)

    def bandwidth(self, moved: int) -> float:
        """Return bytes a second for an equation that moves that many."""
        return self.cache if moved < LARGE // 8 else min(self.memory, self.cache)

    def __str__(self) -> str:
        products = [(f"matmul, {n} x {n}", in_units(rate, "FLOP/s")) for n, rate in self.products.items()]
        lines = [
            *products,
            ("add, in cache", f"{in_units(self.arithmetic, 'FLOP/s')}, {in_units(self.cache, 'B/s')}"),
            ("add, in memory", in_units(self.memory, "B/s")),
            ("exp, in cache", in_units(self.transcendental, "FLOP/s")),
            ("one call", f"{self.call * 1e6:.3g} us"),
        ]
        head = f"{self.backend}, {self.dtype}"
        return "\n".join([head, *(f"  {name:<18}{value}" for name, value in lines)])


def rates(backend: str | Backend | None = None, *, dtype: str = "float32", seconds: float = SECONDS) -> Rates:
    """Measure what a backend does in a second: products, element-wise functions, memory, calls.

    Takes one or two seconds. Of each the best run counts, for the rates are there to say what cannot be
    exceeded. What else the machine does meanwhile lowers them.

    Parameters
    ----------
    backend : str, Backend or None
        None is the default one.
    dtype : "float32" or "float64"
    seconds : float > 0
        How long each of nine measurements takes, about.

    Raises
    ------
    OptionError
        For another dtype, or one that the device has not.
    """
    choose("dtype", dtype, ("float32", "float64"))
    if type(seconds) not in (int, float) or not 0 < seconds < math.inf:
        raise OptionError("seconds", seconds, "a number above 0")
    space = space_on(backend)
    xp, library = space.functions, space.backend
    itemsize = 4 if dtype == "float32" else 8

    def ones(*shape: int) -> Array:
        return library.asarray(xp.ones(shape), dtype=library.dtype(dtype))

    def best(work: Callable[[Array], Array], x: Array) -> float:
        return _best(work, x, library, seconds)

    products = {n: 2 * n**3 / best(lambda x: xp.matmul(x, x), ones(n, n)) for n in SIZES}
    count = CACHED // itemsize
    add = best(lambda x: xp.add(x, x), ones(count))
    large = best(lambda x: xp.add(x, x), ones(LARGE // itemsize))
    return Rates(
        library.name,
        dtype,
        products,
        arithmetic=count / add,
        transcendental=count / best(xp.exp, ones(count)),
        cache=2 * CACHED / add,
        memory=2 * LARGE / large,
        call=best(lambda x: xp.add(x, x), ones(1)),
    )


def _best(work: Callable[[Array], Array], x: Array, backend: Backend, seconds: float) -> float:
    """Return the seconds of one call, the least of several rounds."""
    work(x)  # a library may compile
    backend.synchronize()
    wanted = seconds / 8 / max(_round(work, x, backend, 1), 1e-7)
    repeats = max(1, int(min(wanted, ALIVE / math.prod(x.shape))))
    fastest = math.inf
    end = perf_counter() + seconds
    while fastest == math.inf or perf_counter() < end:
        fastest = min(fastest, _round(work, x, backend, repeats) / repeats)
    return fastest


def _round(work: Callable[[Array], Array], x: Array, backend: Backend, repeats: int) -> float:
    """Return the seconds of that many calls."""
    start = perf_counter()
    results = [work(x) for _ in range(repeats)]
    backend.synchronize()
    del results
    return perf_counter() - start
