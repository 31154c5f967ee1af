"""The runner: workers that stay alive and take turns, so that all share a slow minute of the machine."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.environment import threads
from benchmarks.peers.roster import BAR, ROSTER
from benchmarks.peers.workloads import WORKLOADS
from benchmarks.players import Absent, Player, seated

__all__ = ["Field", "race", "refused"]

BUSY = 0.15
"""Seconds of work above which a worker that waits for its turn is not idle."""

Field = dict[str, dict[str, Any]]
"""By contender: what it reported, and ``times`` (microseconds of a step, one for each cycle)."""


def _environment(number: int, caches: str) -> dict[str, str]:
    """Return an environment with that many threads for each library, and caches of its own."""
    names = ("NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")
    folders = {"NUMBA_CACHE_DIR": "numba", "TORCHINDUCTOR_CACHE_DIR": "torch", "XDG_CACHE_HOME": "xdg"}
    kept = {name: os.path.join(caches, folder) for name, folder in folders.items()}  # noqa: PTH118
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}
    return threads(number) | dict.fromkeys(names, str(number)) | kept | quiet


def race(
    workload: str, names: Sequence[str], *, cycles: int, seconds: float, number: int, caches: str,
    pythons: Mapping[str, str], together: int = 1,
) -> Field:  # fmt: skip
    """Measure the contenders on one workload.

    Parameters
    ----------
    workload : str
    names : sequence of str
        The contenders, the first of which is `BAR`.
    cycles : int
        In how many each takes a turn.
    seconds : float
        About how long a turn lasts.
    number : int
        Threads for each library.
    caches : str
        A folder for what is compiled.
    pythons : mapping
        By contender, another Python to run it.
    together : int
        How many of the others' workers are started at once; with more than 1 their cold figures mean little.
        Ours and the bar start alone in any case.
    """
    field: Field = {}
    names = [name for name in names if not ROSTER[name].only or workload in ROSTER[name].only]
    environment = _environment(number, caches)
    with ExitStack() as stack:
        stack.enter_context(_cores(number))

        def start(name: str) -> Player | Absent:
            try:
                python = pythons.get(name, sys.executable)
                command = [python, "-m", "benchmarks.peers.worker", name, workload, repr(time.time())]
                return stack.enter_context(seated(command, environment))
            except Absent as reason:
                return reason

        alone = [name for name in names if ROSTER[name].ours or name == BAR]
        found = {name: start(name) for name in alone}
        with ThreadPoolExecutor(together) as pool:
            others = [name for name in names if name not in found]
            found |= zip(others, pool.map(start, others), strict=True)
        players: dict[str, Player] = {}
        for name, player in found.items():
            if isinstance(player, Absent):
                print(f"{workload}: {name} is left out: {player}", file=sys.stderr)
                field[name] = {"absent": str(player)}
                continue
            players[name] = player
            field[name] = {**player.report, "times": [], "idle": 0.0}
        for name, sentence in refused(workload, field).items():
            print(f"{workload}: {name} is refused: {sentence}", file=sys.stderr)
            field[name] = {"absent": sentence, "refused": True}
            del players[name]
        _turns(players, field, cycles, seconds)
    for name in players:
        if field[name]["idle"] > BUSY:
            print(
                f"{workload}: {name} worked for {field[name]['idle']:.2f} s while it waited", file=sys.stderr
            )
    return field


@contextmanager
def _cores(number: int) -> Iterator[None]:
    """Let the workers that are started see no more cores than threads: some libraries count cores."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:number])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _turns(players: Mapping[str, Player], field: Field, cycles: int, seconds: float) -> None:
    order = list(players)
    for _ in range(cycles):
        for name in order:
            player = players[name]
            told = player.turn(seconds)
            field[name]["times"].append(told["microseconds"])
            field[name]["idle"] = max(field[name]["idle"], told["idle"])
        order = [*order[1:], order[0]]  # nobody always comes after the same moment of a cycle


def refused(workload: str, field: Field) -> dict[str, str]:
    """Return who does not end at the loss of the others, with a sentence that says so: not to be timed."""
    wanted = field[BAR]["judged"]
    found = {}
    for name, told in field.items():
        if "absent" in told or workload in ROSTER[name].apart:
            continue
        tolerance = max(WORKLOADS[workload].tolerance, ROSTER[name].tolerance)
        if not math.isclose(told["judged"], wanted, rel_tol=tolerance):
            found[name] = (
                f"it comes to a loss of {told['judged']}, {BAR} to {wanted}: "
                f"they may differ by {tolerance:g} of it"
            )
    return found
