"""``python -m mutants``: break every rule, and write down what was not caught."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import chain

from mutants.catalogue import Mutant, catalogue
from mutants.judging import SURVIVED, judge, unsound
from mutants.page import rewrite, write
from mutants.reasons import FILE, reasons
from mutants.testing import judge_by_tests

CHUNK = 24
"""How many mutants a process is given at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the mutants that were asked for; return 1 where one survived without a reason."""
    told = _parser().parse_args(arguments)
    mutants = [
        (number, one)
        for number, one in enumerate(catalogue())
        if (not told.only or {*told.only} & {*one.functions})
        and (not told.chapter or one.chapter in told.chapter)
        and told.kind in ("", one.kind)
    ]
    if told.list:
        print(*(one for _, one in mutants), sep="\n")
        return 0
    if told.page:
        rewrite()
        return 0
    start = time.perf_counter()
    wrong = unsound(sorted({name for one in catalogue() for name in one.functions}))
    if wrong:
        print(
            f"The checks of these fail without any mutant, and nothing is judged by them: {', '.join(wrong)}."
        )
    judged = dict(_judged([number for number, _ in mutants], told.jobs, wrong))
    passed = sum(how == SURVIVED for how in judged.values())
    print(
        f"{passed} of {len(mutants)} pass the checks, after {time.perf_counter() - start:.0f} s", flush=True
    )
    if not told.no_tests:
        judged |= _by_tests([number for number, how in judged.items() if how == SURVIVED], told.jobs)
    found = [(one, judged[number]) for number, one in mutants]
    if len(mutants) == len(catalogue()) and not wrong and not told.no_tests:
        write(found)
    return _told(found, time.perf_counter() - start) or bool(wrong)


def _told(judged: list[tuple[Mutant, str]], seconds: float) -> int:
    """Print which survivor has no reason, and which reason is for nothing; return 1 for the former."""
    alive = [str(one) for one, how in judged if how == SURVIVED]
    without = [one for one in alive if one not in reasons()]
    stale = [str(one) for one, how in judged if how != SURVIVED and str(one) in reasons()]
    print(*without, *(f"caught, and listed in {FILE.name}: {one}" for one in stale), sep="\n")
    score = 1 - len(alive) / max(len(judged), 1)
    print(f"{len(judged)} mutants, {len(alive)} survived: {score:.4f}, in {seconds:.0f} s")
    print(f"{len(without)} of the survivors without a reason")
    return int(bool(without))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="mutants that concern it")
    parser.add_argument(
        "--chapter", action="append", default=[], metavar="FILE", help="elementwise, special/gamma"
    )
    parser.add_argument("--kind", default="", help="one kind of mutation")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--list", action="store_true", help="show the mutants, and judge none")
    parser.add_argument("--page", action="store_true", help="write the page again, with today's reasons")
    parser.add_argument("--no-tests", action="store_true", help="ask the checks only")
    return parser


def _judged(numbers: list[int], jobs: int, unsound: list[str]) -> dict[int, str]:
    """Return what the checks say of mutants, by their numbers."""
    chunks = [numbers[i : i + CHUNK] for i in range(0, len(numbers), CHUNK)]
    with ProcessPoolExecutor(jobs) as pool:
        return dict(chain.from_iterable(pool.map(_judge_all, chunks, [unsound] * len(chunks))))


def _judge_all(numbers: list[int], unsound: list[str]) -> list[tuple[int, str]]:
    return [(number, judge(catalogue()[number], unsound)) for number in numbers]


def _by_tests(numbers: list[int], jobs: int) -> dict[int, str]:
    """Return what the tests say of those that the checks let pass."""
    shares = [numbers[i::jobs] for i in range(jobs)]
    with ThreadPoolExecutor(jobs) as pool:  # each starts a process of its own
        found = pool.map(judge_by_tests, [share for share in shares if share])
        return {number: how for share in found for number, how in share.items()}


if __name__ == "__main__":
    sys.exit(main())
