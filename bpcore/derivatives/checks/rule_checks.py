"""`check_rules`: every rule of the table against differences, on any backend and device."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bpcore.derivatives.checks.case import Case
from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.checks.comparing import Runner, reports
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.namespace import namespace
from bpcore.derivatives.rules import CHAPTERS
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array

__all__ = ["RuleCheck", "check_rules"]


@dataclass(frozen=True, kw_only=True)
class RuleCheck:
    """What came of one function's cases.

    Attributes
    ----------
    name : str
        The function.
    chapter : str
        The chapter of the standard that it stands in.
    cases : int
        How many calls were checked.
    worst : float
        The largest difference between analytic and numeric gradient, as a share of its tolerance.
    absolute_error : float
        The largest difference.
    passed : bool
    message : str
        What is wrong, in one line; empty where nothing is.
    """

    name: str
    chapter: str
    cases: int
    worst: float
    absolute_error: float
    passed: bool
    message: str


def check_rules(
    backend: str | Backend | None = None,
    /,
    *,
    order: int = 2,
    only: Iterable[str] | None = None,
    most: int | None = None,
    dtype: str | None = None,
    asarray: Callable[[Any, str], Array] | None = None,
    run: Runner = lambda f, *args: f(*args),
) -> list[RuleCheck]:
    """Check the rules of every differentiable function on a backend.

    Parameters
    ----------
    backend : str, Backend or None
        As for `bpcore.backend`.
    order : {1, 2}
        2 checks the gradients of the gradients as well.
    only : names of functions, optional
        Those and no others.
    most : int, optional
        How many cases of a function at most; all of them unless given. For libraries that compile every
        function anew for every shape.
    dtype : str, optional
        ``"float64"``, or ``"float32"`` where the device has no other, unless given. The tolerances
        follow from it.
    asarray : function ``(data, dtype name)``, optional
        How arrays are made; the backend's own way unless given.
    run : function ``(f, *args)``, optional
        How gradients are computed: under a compiler of the library, say.

    Returns
    -------
    list of RuleCheck
        One for each differentiable function, in the order of the table. A rule that raises is one that
        did not pass; nothing is raised here.

    Examples
    --------
    >>> from bpcore.derivatives.checks.rule_checks import check_rules
    >>> [check.passed for check in check_rules("numpy", only=["tanh", "matmul"])]
    [True, True]
    """
    found = find_backend(backend)
    rows = [
        (function.name, chapter)
        for chapter, functions in CHAPTERS.items()
        for function in functions
        if function.backward is not None
    ]
    wanted = None if only is None else set(only)
    if wanted is not None and (unknown := sorted(wanted - {name for name, _ in rows})):
        raise OptionError("only", unknown, "names of differentiable functions")
    dtype = dtype or ("float64" if found.float64 else "float32")
    make = asarray or (lambda data, dtype: found.asarray(data, dtype=found.dtype(dtype)))
    bench = _Bench(found, dtype, make, run, order, most)
    return [bench.check(name, chapter) for name, chapter in rows if wanted is None or name in wanted]


@dataclass(frozen=True)
class _Bench:
    """Where rules are checked."""

    backend: Backend
    dtype: str
    asarray: Callable[[Any, str], Array]
    run: Runner
    order: int
    most: int | None

    def check(self, name: str, chapter: str) -> RuleCheck:
        """Check the cases of one function."""
        cases = CASES.get(name, ())
        cases = cases[:: -(-len(cases) // self.most)] if cases and self.most else cases
        message = "" if cases else f"{name} has no case in bpcore/derivatives/checks/cases."
        worst = error = 0.0
        for one in cases:
            try:
                for report in self.reports(one):
                    worst, error = max(worst, _share(report)), max(error, report.absolute_error)
                    message = message or ("" if report.passed else f"{report}.")
            except Exception as raised:  # noqa: BLE001 - a broken rule may raise anything
                message = message or f"{one}: {type(raised).__name__}: {_line(raised)}"
        return RuleCheck(
            name=name,
            chapter=chapter,
            cases=len(cases),
            worst=worst,
            absolute_error=error,
            passed=not message,
            message=message,
        )

    def reports(self, one: Case) -> Iterator[GradCheck]:
        """Compare one case's gradients with differences."""
        call = one.call(namespace(self.backend), self.backend, self.asarray)
        yield from reports(call, one.arrays(self.asarray, self.dtype), order=self.order, run=self.run)


def _share(report: GradCheck) -> float:
    return abs(report.analytic - report.numeric) / report.tolerance if report.tolerance else 0.0


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
