"""`check_rules`: every function of the namespace, on any backend and device, in every mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple

from bpcore.derivatives.checks.case import Case
from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.checks.report import GradCheck
from bpcore.derivatives.checks.roster import ROSTER, Entry
from bpcore.derivatives.checks.subject import Runner
from bpcore.derivatives.checks.trial import Bench, Trial
from bpcore.derivatives.namespaces.plain import plain_functions
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array

__all__ = ["MODES", "RuleCheck", "check_rules"]

MODES = ("value", "reverse", "forward", "second")
"""What is checked: the traced value, the gradient, the tangent, and the gradient of the gradient."""


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
    modes : tuple of str
        Those of `MODES` in which every case passed.
    worst : float
        The largest difference between analytic and numeric derivative, as a share of its tolerance.
    absolute_error : float
        The largest difference.
    passed : bool
        Whether every mode that was asked for is among `modes`; of a constant function, the value.
    message : str
        What is wrong, in one line; empty where nothing is.
    """

    name: str
    chapter: str
    cases: int
    modes: tuple[str, ...]
    worst: float
    absolute_error: float
    passed: bool
    message: str


def check_rules(
    backend: str | Backend | None = None,
    /,
    *,
    modes: Iterable[str] = MODES,
    only: Iterable[str] | None = None,
    most: int | None = None,
    each: bool = True,
    reading: bool = True,
    first: bool = False,
    dtype: str | None = None,
    asarray: Callable[[Any, str], Array] | None = None,
    run: Runner = lambda f, *args: f(*args),
) -> list[RuleCheck]:
    """Check the functions of the table on a backend, the differentiable ones against differences.

    Parameters
    ----------
    backend : str, Backend or None
        As for `bpcore.backend`.
    modes : names out of ``("value", "reverse", "forward", "second")``
        What is checked: that a traced call has the plain one's value, and changes no input; gradients
        against differences; tangents of forward mode; gradients of gradients. Constant functions have a
        value only.
    only : names of functions, optional
        Those and no others; all that are differentiable unless given.
    most : int, optional
        How many cases of a function at most; all of them unless given. For libraries that compile every
        function anew for every shape.
    each : bool
        Whether gradients are compared element by element; if not, along one direction, and by elements
        only where that fails. It is faster, and sees what is wrong but not where.
    reading : bool
        Whether calls are made whose output's shape depends on values, of functions of which others does not.
    first : bool
        Whether a function is left at the first thing that is wrong with it: for those who only ask whether
        there is one.
    dtype : str, optional
        ``"float64"``, or ``"float32"`` where the device has no other, unless given. The tolerances
        follow from it.
    asarray : function ``(data, dtype name)``, optional
        How arrays are made; the backend's own way unless given.
    run : function ``(f, *args)``, optional
        How derivatives are computed: under a compiler of the library, say.

    Returns
    -------
    list of RuleCheck
        One for each function, in the order of the chapters. A rule that raises is one that did not pass;
        nothing is raised here.

    Examples
    --------
    >>> from bpcore.derivatives.checks.rule_checks import check_rules
    >>> [check.passed for check in check_rules("numpy", only=["tanh", "matmul"])]
    [True, True]
    """
    found = find_backend(backend)
    modes = tuple(modes)
    if unknown := sorted({*modes} - {*MODES}):
        raise OptionError("modes", unknown, f"among {', '.join(MODES)}")
    wanted = {name for name, entry in ROSTER.items() if not entry.reason} if only is None else {*only}
    if unknown := sorted(wanted - set(ROSTER)):
        raise OptionError("only", unknown, "names of functions of the namespace")
    dtype = dtype or ("float64" if found.float64 else "float32")
    make = asarray or (lambda data, dtype: found.asarray(data, dtype=found.dtype(dtype)))
    bench = Bench(
        backend=found, functions=plain_functions(found), dtype=dtype, asarray=make, run=run, each=each
    )
    choice = _Choice(modes, most, reading, first)
    return [_checked(bench, entry, choice) for name, entry in ROSTER.items() if name in wanted]


@dataclass
class _Findings:
    """What has been found so far of one function."""

    failed: set[str] = field(default_factory=set)
    worst: float = 0.0
    error: float = 0.0
    message: str = ""

    def add(self, report: GradCheck) -> None:
        """Take in a report."""
        share = abs(report.analytic - report.numeric) / report.tolerance if report.tolerance else 0.0
        self.worst, self.error = max(self.worst, share), max(self.error, report.absolute_error)
        if not report.passed:
            raise _Wrong(f"{report}.")


class _Wrong(Exception):
    """A derivative that is not the slope."""


def _checked(bench: Bench, entry: Entry, choice: _Choice) -> RuleCheck:
    """Check the cases of one function."""
    name = entry.name
    cases = choice.of(CASES.get(name) or _of_alias(name))
    modes = tuple({*choice.modes} & {"value"}) if entry.reason else choice.modes
    found = _Findings(message="" if cases else f"{name} has no case in bpcore/derivatives/checks/cases.")
    for one, mode in product([Trial(bench, case) for case in cases], modes):
        if mode not in found.failed and not (choice.first and found.failed):
            try:
                for report in one.reports(mode):
                    found.add(report)
            except _Wrong as wrong:
                found.failed.add(mode)
                found.message = found.message or str(wrong)
            except Exception as raised:  # noqa: BLE001 - a broken rule may raise anything
                found.failed.add(mode)
                found.message = found.message or f"{one.case}: {type(raised).__name__}: {_line(raised)}"
    return RuleCheck(
        name=name,
        chapter=entry.chapter,
        cases=len(cases),
        modes=tuple(mode for mode in modes if cases and mode not in found.failed),
        worst=found.worst,
        absolute_error=found.error,
        passed=not found.message,
        message=found.message,
    )


class _Choice(NamedTuple):
    """What is checked of a function."""

    modes: tuple[str, ...]
    most: int | None
    reading: bool
    first: bool

    def of(self, cases: tuple[Case, ...]) -> tuple[Case, ...]:
        """Return the cases that are checked."""
        cases = tuple(case for case in cases if self.reading or not case.reads)
        return cases[:: -(-len(cases) // self.most)] if cases and self.most else cases


def _of_alias(name: str) -> tuple[Case, ...]:
    """Return a few cases of the function that has this name as well."""
    same = CASES.get(name.removeprefix("linalg."), ())[:3]
    return tuple(replace(one, function=name) for one in same)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
