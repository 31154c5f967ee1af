"""Train the same networks from the same weights in each library that is installed, and say who is how fast.

Every contender is a process of its own that stays alive; all take turns in each cycle, and a ratio is
formed inside a cycle, to tuned hand-written NumPy. First all must have come to the same loss. Cold figures
are those of the process's start: the first step with everything that is recorded, compiled and allocated
for it, and the peak of resident memory over what the process holds with its libraries and data.
A star: it trains another network there (scikit-learn on W1), or only multiplies, so its loss is not compared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.environment import ROOT, circumstances, write_record
from benchmarks.peers.figures import figure, ratio, timed
from benchmarks.peers.race import Field, race
from benchmarks.peers.requirements import Verdict, verdicts
from benchmarks.peers.roster import BAR, PACKAGES, ROSTER
from benchmarks.peers.table import listing, markdown
from benchmarks.peers.workloads import WORKLOADS

COMPILED_COLD = "bpcore numba"
"""It is started twice on W4, with its cache empty and full, for both are required to be fast there."""


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), metavar="W")
    parser.add_argument(
        "--peers", nargs="+", choices=ROSTER, default=list(ROSTER), metavar="NAME", help=", ".join(ROSTER)
    )
    parser.add_argument("--cycles", type=int, default=5, help="in how many each takes a turn (5)")
    parser.add_argument("--seconds", type=float, default=0.1, help="about how long a turn lasts (0.1)")
    parser.add_argument("--threads", type=int, default=2, help="for each library (2)")
    parser.add_argument("--repeat", type=int, default=1, help="runs, each in fresh processes (1)")
    parser.add_argument("--quick", action="store_true", help="3 cycles; no peer that compiles for seconds")
    parser.add_argument("--advect-python", metavar="PATH", help="a Python >= 3.12 with advect and bpcore")
    parser.add_argument("--json", metavar="FILE", help="write a record")
    parser.add_argument("--markdown", action="store_true", help="print the tables for the README")
    return parser.parse_args(words)


LEFT_OUT = {
    "torch.compile", "scikit-learn", "autograd", "MyGrad", "advect", "JAX jit", "products torch",
    "bpcore torch", "bpcore jax", "bpcore jax scan", "bpcore numpy scan", "bpcore eager",
}  # fmt: skip
"""By ``--quick``: who starts slowly, or is slower than another of its kind."""


def _names(options: argparse.Namespace) -> list[str]:
    chosen = set(options.peers) | {BAR}
    if options.quick:
        chosen -= LEFT_OUT
    return [name for name in ROSTER if name in chosen]


def _one_run(options: argparse.Namespace, caches: str, number: int) -> dict[str, Field]:
    pythons = {"advect": options.advect_python} if options.advect_python else {}
    fields = {}
    for workload in options.workloads:
        begun = time.perf_counter()
        shared: dict[str, Any] = {"number": options.threads, "caches": caches, "pythons": pythons}
        shared["together"] = options.threads if number or options.quick else 1
        cycles = 3 if options.quick else options.cycles
        names = _names(options)
        cold = None
        if number == 0 and workload == "W4" and COMPILED_COLD in names:
            first = race(workload, [BAR, COMPILED_COLD], cycles=1, seconds=0.01, **shared)
            cold = first[COMPILED_COLD].get("first_call")
        field = race(workload, names, cycles=cycles, seconds=options.seconds, **shared)
        if cold is not None:
            field[COMPILED_COLD]["cold_call"] = cold
        for line in listing(workload, field):
            print(line, flush=True)
        print(f"  ({time.perf_counter() - begun:.0f} s)")
        fields[workload] = field
    return fields


def _summary(runs: list[dict[str, Field]]) -> list[list[Verdict]]:
    """Print a line for each requirement, with what each run says."""
    every = [verdicts(fields) for fields in runs]
    words = {True: "holds", False: "does not hold", None: "not measured"}
    for row in zip(*every, strict=True):
        said = "; ".join(
            words[one.holds] + ("" if one.measured is None else f" ({one.measured:.3g})") for one in row
        )
        print(f"{'aim' if row[0].aim else 'must'}: {row[0].text} <= {row[0].limit:g}: {said}")
    return every


def _recorded(fields: dict[str, Field]) -> dict[str, Any]:
    """Return the figures of one run, the turns among them."""
    for field in fields.values():
        for name in timed(field):
            over = ratio(field, name, BAR)
            field[name] |= {"us": figure(field[name]["times"])._asdict(), "ratio": over and over._asdict()}
    return dict(fields)


def _versions(python: str) -> dict[str, str]:
    """Return the versions that another Python has installed."""
    code = f"import json, benchmarks.environment as e; print(json.dumps(e.circumstances({PACKAGES!r})))"
    told = subprocess.run([python, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(told.stdout)
    return {"python": found["python"], **found["versions"]}


def main(words: list[str] | None = None) -> int:
    """Print the tables; return 1 where a contender came to another loss."""
    options = _options(words)
    if not options.advect_python:
        options.peers = [name for name in options.peers if name != "advect"]
    with tempfile.TemporaryDirectory() as caches:
        runs = [_one_run(options, caches, number) for number in range(options.repeat)]
    print()
    judged = _summary(runs)
    if options.markdown:
        print("", *markdown(runs), sep="\n")
    record = circumstances(PACKAGES) | {"threads": options.threads, "cycles": options.cycles}
    if options.advect_python:
        record["versions_for_advect"] = _versions(options.advect_python)
    record["runs"] = [_recorded(fields) for fields in runs]
    record["requirements"] = [[one._asdict() for one in row] for row in judged]
    write_record(options.json, record)
    return int(any(told.get("refused") for run in runs for field in run.values() for told in field.values()))


if __name__ == "__main__":
    sys.exit(main())
