"""Training steps side by side: workers that stay alive and take turns, and what was required of ours."""

from __future__ import annotations

import math
import os
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from benchmarks.gpu.roster import CAPTURED
from benchmarks.gpu.workloads import Run
from benchmarks.players import Absent, Player, seated

__all__ = ["steps_of", "verdicts"]

LOOSE = {"float32": 2e-3, "tf32": 2e-2, "bfloat16": 5e-2}
"""By how much the losses after the first steps may differ, relatively."""

TOGETHER = 4
"""How many contenders are started at once: compilers take their time, and each has a core or two."""

ENVIRONMENT = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}


def steps_of(
    run: Run,
    device: str,
    *,
    names: Sequence[str],
    cycles: int,
    seconds: float,
    small: bool,
    in_time: Callable[[], bool],
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
    in_time : function
        Whether there is time left: nobody is started, and no cycle begun, after it says no.
    """
    field: dict[str, Any] = {}
    players: dict[str, Player] = {}
    with ExitStack() as stack, ThreadPoolExecutor(TOGETHER) as pool:

        def start(name: str) -> Player | Absent:
            if not in_time():
                return Absent("no time was left")
            command = [
                sys.executable, "-m", "benchmarks.gpu.worker", name, run.name, _place(name, device),
                "small" if small else "whole",
            ]  # fmt: skip
            try:
                return stack.enter_context(seated(command, os.environ | ENVIRONMENT))
            except Absent as reason:
                return reason

        for name, player in zip(names, pool.map(start, names), strict=True):
            if isinstance(player, Absent):
                print(f"{run.name}: {name} is left out: {player}", file=sys.stderr)
                field[name] = {"absent": str(player)}
            else:
                players[name] = player
                field[name] = {**player.report, "times": []}
        for name, sentence in _strangers(field, LOOSE[run.precision]).items():
            field[name] |= {"refused": sentence}
        order = list(players)
        for _ in range(cycles):
            if not players or not in_time():
                break
            for name in order:
                field[name]["times"].append(players[name].turn(seconds)["microseconds"])
            order = [*order[1:], order[0]]
    return {name: told | _figures(told.get("times", [])) for name, told in field.items()}


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


def verdicts(found: dict[str, dict[str, Any]], floors: dict[str, float]) -> Iterator[str]:
    """Yield a line for each requirement: what was measured, and whether it holds.

    Parameters
    ----------
    found : dict
        By run, what `steps_of` returned.
    floors : dict of str to float
        By run, microseconds: its products alone, and 28 bytes for each parameter over the bandwidth.
    """

    def over(run: str, name: str, other: str) -> float | None:
        field = found.get(run, {})
        both = [field.get(x, {}) for x in (name, other)]
        if any("median" not in x or "refused" in x for x in both):
            return None
        pairs = zip(both[0]["times"], both[1]["times"], strict=False)
        return float(statistics.median(a / b for a, b in pairs))

    for limit, other in ((1.0, "torch.compile"), (1.0, "JAX jit"), (1.15, "torch, captured by hand")):
        yield _said("a float32: captured over " + other, over("a float32", CAPTURED, other), limit)
    faster = over("a float32", "bpcore eager", CAPTURED)
    yield _said("a float32: captured over eager", None if faster is None else 1 / faster, 0.25)
    for run in ("b tf32", "b bfloat16"):
        ours = found.get(run, {}).get(CAPTURED, {}).get("median")
        floor = floors.get(run)
        yield _said(f"{run}: captured over its floor", ours / floor if ours and floor else None, 1.25)
        ratios = [
            r for other in ("torch.compile", "JAX jit") if (r := over(run, CAPTURED, other)) is not None
        ]
        yield _said(
            f"{run}: captured over the better of torch.compile and JAX", max(ratios, default=None), 1.05
        )
    small = [
        told["median"] for name, told in found.get("c float32", {}).items()
        if name.startswith(CAPTURED) and "median" in told
    ]  # fmt: skip
    yield _said("c float32: microseconds of a captured step", min(small, default=None), 30.0)


def _said(text: str, measured: float | None, limit: float) -> str:
    if measured is None:
        return f"{text} <= {limit:g}: not measured"
    return f"{text} <= {limit:g}: {'holds' if measured <= limit else 'does not hold'} ({measured:.3g})"
