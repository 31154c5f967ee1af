"""Do the checks see it? Each function concerned is compared with differences, in every mode."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.checks.rule_checks import check_rules
from mutants.catalogue import Mutant

__all__ = ["MODES", "SURVIVED", "TooLong", "judge", "limited", "unsound"]

SURVIVED = ""
MODES = ("reverse", "forward", "second")
PATIENCE = 10.0
"""Seconds after which what goes on and on has been caught."""
OTHER_BACKEND = "strict"
"""Where functions that the first backend has kernels for are computed by their bodies."""
FEW, MANY = 3, 12
"""Of how many functions, and how many cases of each, are asked there."""


def judge(mutant: Mutant, unsound: Sequence[str] = ()) -> str:
    """Return what caught a mutant: a mode of the checks, or the other backend; `SURVIVED` where nothing did.

    By the functions that are `unsound`, whose checks fail without any mutant, nothing is judged.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with limited(PATIENCE), mutant.force():
                return _caught(sorted({*mutant.functions} - {*unsound}, key=_cost))
        except TooLong:
            return "time"


def _cost(name: str) -> tuple[int, str]:
    return len(CASES.get(name, ())), name


def unsound(functions: Sequence[str]) -> list[str]:
    """Return the functions whose checks fail as they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [check.name for check in check_rules("numpy", only=functions, modes=MODES) if not check.passed]


def _caught(functions: Sequence[str]) -> str:
    for mode in MODES:
        if any(_fails("numpy", name, mode, None) for name in functions):
            return mode
    other = any(_fails(OTHER_BACKEND, name, "reverse", MANY) for name in functions[:FEW])
    return OTHER_BACKEND if other else SURVIVED


def _fails(backend: str, name: str, mode: str, most: int | None) -> bool:
    (check,) = check_rules(backend, only=[name], modes=[mode], most=most, each=False, first=True)
    return not check.passed


class TooLong(BaseException):
    """The time is over; no handler of exceptions in between takes it for an error of the function."""


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Stop what takes too long, where the system has alarms and this is the main thread."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
