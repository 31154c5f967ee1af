"""One sample call on one backend, tried in one mode after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bpcore.derivatives.checks.case import FILLING, Case
from bpcore.derivatives.checks.comparing import Comparison
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.checks.roster import ROSTER
from bpcore.derivatives.checks.subject import Runner
from bpcore.derivatives.checks.values import Frozen, check_repeatable, compare_values
from bpcore.derivatives.namespaces.namespace import namespace
from bpcore.derivatives.rules import TABLE
from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Namespace

__all__ = ["Bench", "Trial"]

ANY_VALUES = ("empty", "empty_like")
"""Functions whose values are whatever was in memory."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where functions are checked.

    Attributes
    ----------
    backend : Backend
    functions : module-like
        The plain namespace over it.
    dtype : str
        The floating dtype of the arrays.
    asarray : function ``(data, dtype name)``
    run : function ``(f, *args)``
    each : bool
        Whether gradients are compared element by element.
    """

    backend: Backend
    functions: Namespace
    dtype: str
    asarray: Callable[[Any, str], Array]
    run: Runner
    each: bool


class Trial:
    """One sample call; what a compiler made for one mode serves the others."""

    def __init__(self, bench: Bench, case: Case) -> None:
        self.bench, self.case = bench, case

    def reports(self, mode: str) -> Iterator[GradCheck]:
        """Yield what is found in a mode; raise where it is wrong in kind, or where an input was changed."""
        inputs = self._arrays(every=True) if mode == "value" else self._comparison.inputs
        frozen = Frozen(inputs)
        if mode == "value":
            self._compare_values(inputs)
        else:
            yield from self._derivatives(mode)
        frozen.check(str(self.case))

    def _arrays(self, *, every: bool) -> list[Array]:
        return self.case.arrays(self.bench.asarray, self.bench.dtype, every=every)

    @cached_property
    def _comparison(self) -> Comparison:
        bench = self.bench
        call = self.case.call(namespace(bench.backend), bench.backend, bench.asarray)
        return Comparison.of(call, self._arrays(every=False), run=bench.run)

    def _derivatives(self, mode: str) -> Iterator[GradCheck]:
        comparison, bench = self._comparison, self.bench
        if mode == "forward":
            return comparison.tangents()
        if mode == "second":
            return comparison.gradient().gradients(each=bench.each)
        if bench.backend.library != "jax":  # whose arrays cannot be written into
            check_repeatable(str(self.case), comparison.subject.f, comparison.inputs)
        return comparison.gradients(each=bench.each)

    def _compare_values(self, inputs: list[Array]) -> None:
        bench, name = self.bench, self.case.function
        ours, entry = namespace(bench.backend), TABLE.get(name)
        by_library = (entry is None or entry.compute is None) and name not in FILLING
        plain, traced = (
            self.case.call(xp, bench.backend, bench.asarray, every=True)
            for xp in (bench.functions if by_library else ours, ours)
        )
        compare_values(
            str(self.case),
            plain,
            traced,
            inputs,
            constant=bool(ROSTER[name].reason),
            valued=name not in ANY_VALUES,
            trace=not ROSTER[name].refuses,
            run=bench.run if inputs and not ROSTER[name].inspects else lambda f, *args: f(*args),
        )
