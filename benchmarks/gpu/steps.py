"""Training steps side by side: workers that stay alive and take turns."""

from __future__ import annotations

import math
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks.gpu.clock import Clock
from benchmarks.gpu.workloads import Run
from benchmarks.players import Absent, Player, seated

__all__ = ["steps_of"]

LOOSE = {"float32": 2e-3, "tf32": 2e-2, "bfloat16": 5e-2}
"""By how much the losses after the first steps may differ, relatively."""

TOGETHER = 4
"""How many contenders are started at once: compilers take their time, and each has a core or two."""

STARTING, ANSWERING, LEAST = 150.0, 30.0, 5.0
"""Seconds until who begins, and who takes a turn, is taken for lost; and what each has in any case."""

ENVIRONMENT = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}


def steps_of(
    run: Run,
    device: str,
    *,
    names: Sequence[str],
    cycles: int,
    seconds: float,
    small: bool,
    clock: Clock,
    keep: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:
    """Return, by contender, the microseconds of a step: median, quartiles, and end losses.

    Parameters
    ----------
    run : Run
    device : str
        Ours, as ``cupy``; what the others call theirs follows from it.
    names : sequence of str
        The contenders.
    cycles : int
        In how many each takes a turn.
    seconds : float
        How long a turn lasts, about.
    small : bool
        Whether to train a tiny network, which tries the script.
    clock : Clock
        Nobody is started, and no cycle begun, after its time; who says nothing until then is left out.
    keep : function
        Called with what was found so far, after the start and after each cycle.
    """
    field: dict[str, Any] = {}
    players: dict[str, Player] = {}

    def keep_all() -> None:
        keep({name: told | _figures(told.get("times", [])) for name, told in field.items()})

    with ExitStack() as stack, ThreadPoolExecutor(TOGETHER) as pool:

        def start(name: str) -> Player | Absent:
            if not clock():
                return Absent("no time was left")
            size = "small" if small else "whole"
            command = [
                sys.executable, "-m", "benchmarks.gpu.worker", name, run.name, _place(name, device), size,
            ]  # fmt: skip
            seat = seated(command, os.environ | ENVIRONMENT, patience=partial(_patience, clock, STARTING))
            try:
                player = stack.enter_context(seat)
            except Absent as reason:
                return reason
            player.patience = partial(_patience, clock, ANSWERING)
            return player

        for name, player in zip(names, pool.map(start, names), strict=True):
            if isinstance(player, Absent):
                print(f"{run.name}: {name} is left out: {player}", file=sys.stderr)
                field[name] = {"absent": str(player)}
            else:
                players[name] = player
                field[name] = {**player.report, "times": []}
        for name, sentence in _strangers(field, LOOSE[run.precision]).items():
            field[name] |= {"refused": sentence}
        keep_all()
        order = list(players)
        for _ in range(cycles):
            if not players or not clock():
                break
            order = _cycle(run, order, players, field, seconds)
            keep_all()
    return {name: told | _figures(told.get("times", [])) for name, told in field.items()}


def _cycle(
    run: Run, order: list[str], players: dict[str, Player], field: dict[str, Any], seconds: float
) -> list[str]:
    """Let each take a turn; return who begins the next cycle, and who follows. Who fails is out."""
    for name in order:
        try:
            field[name]["times"].append(players[name].turn(seconds)["microseconds"])
        except Absent as reason:
            print(f"{run.name}: {name} is out: {reason}", file=sys.stderr)
            field[name] |= {"out": str(reason)}
            del players[name]
    return [name for name in (*order[1:], order[0]) if name in players]


def _patience(clock: Clock, seconds: float) -> float:
    return max(LEAST, clock.at_most(seconds))


def _place(name: str, device: str) -> str:
    """Return what a contender calls the device."""
    library, _, number = device.partition(":")
    if name.startswith("bpcore"):
        return device
    return f"cuda:{number or 0}" if library == "cupy" else "cpu"


def _strangers(field: dict[str, Any], loose: float) -> dict[str, str]:
    """Return who did not come to the loss of the middle of all, with a sentence."""
    losses = {name: told["judged"] for name, told in field.items() if told.get("judged") is not None}
    if not losses:
        return {}
    middle = statistics.median(losses.values())
    return {
        name: f"it came to a loss of {loss:.6g}, the others to {middle:.6g}"
        for name, loss in losses.items()
        if not math.isclose(loss, middle, rel_tol=loose)
    }


def _figures(times: list[float]) -> dict[str, float]:
    if len(times) < 2:  # noqa: PLR2004 - one has no quartiles
        return {"median": times[0]} if times else {}
    low, median, high = statistics.quantiles(times, n=4)
    return {"median": median, "low": low, "high": high}
