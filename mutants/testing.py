"""Do the tests see it? One session of pytest, whose tests run again and again, with one mutant after another.

Each test runs once as things are; what it executes of the rules is written down. Then a mutant is met by the
tests that come to the line where it is.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import bpcore.derivatives.rules
from mutants.catalogue import Mutant, catalogue
from mutants.judging import SURVIVED, TooLong, limited

__all__ = ["judge_by_tests"]

ROOT = Path(__file__).parents[1]
RULES = str(Path(bpcore.derivatives.rules.__file__).parent)
FOLDER = ROOT / "tests" / "derivatives"
LEFT_OUT = (
    *(
        "test_rules",
        "test_broken_rule",
        "test_mutants",
        "test_checking",
        "test_coverage",
        "test_completeness",
    ),
    *("test_standard_property", "test_lines", "test_against_peers", "test_shapes_property"),
)
"""Tests that run the checks once more, and those whose examples are drawn anew every time."""
SLOW = 1.0
PATIENCE = 5.0
MEMORY = 4 << 30
"""Bytes; what wants more has been caught."""

Line = tuple[str, int]


def judge_by_tests(numbers: Sequence[int]) -> dict[int, str]:
    """Return which test caught each mutant, by its number in the catalogue; `SURVIVED` where none did.

    A mutant that ends the process, because it fills the memory for one, has been caught.
    """
    found: dict[int, str] = {}
    while left := [number for number in numbers if number not in found]:
        receiver, sender = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(target=_session, args=(left, sender))
        process.start()
        sender.close()
        with contextlib.suppress(EOFError), receiver:
            while True:
                number, how = receiver.recv()
                found[number] = how
        process.join()
        if left[0] in found and left[-1] not in found:
            found[next(number for number in left if number not in found)] = "the process ended"
        elif left[0] not in found:
            raise RuntimeError("the tests could not be run: see what `pytest tests/derivatives` says")
    return found


def _session(numbers: Sequence[int], sender: Connection) -> None:
    """Send, for each mutant, what caught it."""
    import pytest  # the checks do without

    session = _Loop([(number, catalogue()[number]) for number in numbers], sender)
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # not on every system

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    files = [str(file) for file in sorted(FOLDER.glob("test_*.py")) if file.stem not in LEFT_OUT]
    options = ["-q", "--axes", "numpy", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}"]
    with _silence(), contextlib.suppress(Warning):  # a test that was stopped may leave one
        pytest.main([*options, *files], plugins=[session])


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    with contextlib.ExitStack() as scopes:
        nowhere = scopes.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        scopes.enter_context(contextlib.redirect_stdout(nowhere))
        scopes.enter_context(contextlib.redirect_stderr(nowhere))
        yield


class _Loop:
    """A plugin of pytest: what it runs in place of one run of each test."""

    def __init__(self, mutants: Sequence[tuple[int, Mutant]], sender: Connection) -> None:
        self.mutants = mutants
        self.sender = sender

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run the tests as things are, and then those concerned with each mutant."""
        reached: dict[Any, set[Line]] = {}
        took: dict[Any, float] = {}
        for item in session.items:
            lines: set[Line] = set()
            with _watching(lines):
                failed, seconds = _run(item)
            if lines and not failed and seconds < SLOW:
                reached[item], took[item] = lines, seconds
        for number, mutant in self.mutants:
            concerned = [item for item, lines in reached.items() if mutant.is_reached(lines)]
            self.sender.send((number, _first_failure(mutant, sorted(concerned, key=took.__getitem__))))
        return True


def _first_failure(mutant: Mutant, items: Iterable[Any]) -> str:
    with mutant.force():
        for item in items:
            try:
                with limited(PATIENCE):
                    failed, _ = _run(item)
            except TooLong:
                failed = True
            if failed:
                return str(item.nodeid).rpartition("/")[2]
    return SURVIVED


def _run(item: Any) -> tuple[bool, float]:
    """Run a test and nothing around it; return whether it failed, and how long it took."""
    import pytest
    from _pytest.warnings import catch_warnings_for_item

    start, state = time.process_time(), item.session._setupstate  # noqa: SLF001 - pytest has no other door
    failed = False
    try:
        item._initrequest()  # noqa: SLF001 - as pytest does before it runs a test again
        with catch_warnings_for_item(item.config, item.ihook, when="runtest", item=item):
            state.setup(item)
            item.runtest()
    except pytest.skip.Exception:
        pass
    except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever a broken rule raises
        failed = True
    finally:
        state.teardown_exact(None)
    return failed, time.process_time() - start


@contextlib.contextmanager
def _watching(lines: set[Line]) -> Iterator[None]:
    """Write down the first line of every function of the rules that is called."""
    seen: set[CodeType] = set()

    def profile(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event == "call" and code not in seen:
            seen.add(code)
            if code.co_filename.startswith(RULES):
                lines.add((code.co_filename, code.co_firstlineno))

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)
