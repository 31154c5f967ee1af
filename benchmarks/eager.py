"""Eager value and gradient of two small networks: ours beside hand-written NumPy, MyGrad, autograd, advect.

Every contender has a process of its own, and all of them take turns in every round, of which the fastest of
15 samples counts. The table holds medians over the rounds; a ratio is formed within a round, to hand-written
NumPy under the same Python.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from contextlib import ExitStack
from typing import Any, NamedTuple

from benchmarks.contenders import CONTENDERS, HAND
from benchmarks.environment import ROOT, circumstances, threads, write_record
from benchmarks.networks import NETWORKS
from benchmarks.players import Absent, Player, seated

__all__ = ["compare"]

TARGETS = {"small": 6.0, "middle": 2.0}
"""What the eager gradient of bpcore may take, in times of hand-written NumPy."""

PACKAGES = ("bpcore", "numpy", "mygrad", "autograd", "advect", "array-api-compat")


class Seat(NamedTuple):
    """A contender under one Python."""

    name: str
    python: str


class Row(NamedTuple):
    """What was measured of one contender."""

    network: str
    threads: int
    name: str
    python: str
    microseconds: float
    ratio: float


def compare(seats: list[Seat], network: str, number: int, rounds: int) -> list[Row]:
    """Measure the contenders against each other, with that number of threads for the products."""
    with ExitStack() as stack:
        players: dict[Seat, Player] = {}
        rounds_of: dict[Seat, list[float]] = {}
        for seat in seats:
            command = [seat.python, "-m", "benchmarks.eager_worker", seat.name, network]
            try:
                players[seat] = stack.enter_context(seated(command, threads(number)))
            except Absent as reason:
                print(f"{seat.name} is left out: {reason}", file=sys.stderr)
        _same_values(players)
        for _ in range(rounds):
            for seat, player in players.items():
                rounds_of.setdefault(seat, []).append(player.turn())
    rows = []
    for seat, taken in rounds_of.items():
        hand = rounds_of[Seat(HAND, seat.python)]
        ratio = statistics.median(a / b for a, b in zip(taken, hand, strict=True))
        rows.append(Row(network, number, *seat, statistics.median(taken), ratio))
    return rows


def _same_values(players: dict[Seat, Player]) -> None:
    """Refuse to time a contender that computes something else."""
    for seat, player in players.items():
        for what, wanted in players[Seat(HAND, seat.python)].report.items():
            if not math.isclose(player.report[what], wanted, rel_tol=1e-4):
                raise SystemExit(f"{seat.name} computes a {what} of {player.report[what]}, wanted {wanted}")


def _seats(advect_python: str | None) -> list[Seat]:
    here = [Seat(name, sys.executable) for name in CONTENDERS if name != "advect"]
    if advect_python is None:
        print("advect is left out: give --advect-python, a Python 3.12 or newer that has it", file=sys.stderr)
        return here
    return here + [Seat(name, advect_python) for name in (HAND, "bpcore", "advect")]


def _print(rows: list[Row], network: str, number: int) -> None:
    target = f"; bpcore may take {TARGETS[network]:g} x" if network in TARGETS else ""
    print(
        f"\n{network} network {'-'.join(map(str, NETWORKS[network][:3]))}, batch {NETWORKS[network].batch}",
        end="",
    )
    print(f", threads for products: {number}{target}")
    print(f"  {'':20} {'microseconds':>14} {'x hand-written':>16}")
    for row in rows:
        other = "" if row.python == sys.executable else " (other Python)"
        print(f"  {row.name:20} {row.microseconds:14.1f} {row.ratio:16.2f}{other}", flush=True)


def _told_by(python: str) -> dict[str, Any]:
    """Return versions and circumstances as another Python sees them."""
    code = f"import json, benchmarks.environment as e;print(json.dumps(e.circumstances({PACKAGES!r})))"
    told = subprocess.run([python, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(told.stdout))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eager", description=__doc__)
    parser.add_argument("--advect-python", metavar="PATH", help="a Python >= 3.12 with advect and bpcore")
    parser.add_argument("--rounds", type=int, default=15, help="rounds in which all take turns (15)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (1 2)")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--json", metavar="FILE", help="write a record")
    options = parser.parse_args()
    seats = _seats(options.advect_python)
    rows: list[Row] = []
    for network in options.networks:
        for number in options.threads:
            found = compare(seats, network, number, options.rounds)
            _print(found, network, number)
            rows += found
    pythons = {name: _told_by(name) for name in dict.fromkeys(seat.python for seat in seats)}
    record = circumstances(PACKAGES) | {"rounds": options.rounds}
    record["rows"] = [row._replace(python=pythons[row.python]["python"])._asdict() for row in rows]
    record["versions_by_python"] = {told["python"]: told["versions"] for told in pythons.values()}
    write_record(options.json, record)


if __name__ == "__main__":
    main()
