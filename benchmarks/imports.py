"""The time of ``import bpcore`` over a bare Python, and what in it is slow.

Fresh processes, bare Python and import taking turns, medians. The bytecode is written before the first
round, as an installer does.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from typing import Any

from benchmarks.environment import ROOT, circumstances, write_record

__all__ = ["measure", "slowest"]

STATEMENTS = {
    "bare Python": "pass",
    "import bpcore": "import bpcore",
    "import numpy": "import numpy",
    "import bpcore, first gradient": "import bpcore; bpcore.grad(lambda x: x * x)(2.0)",
}


def _seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)
    return time.perf_counter() - start


def measure(rounds: int) -> dict[str, float]:
    """Return the median seconds of a process for each statement."""
    for statement in STATEMENTS.values():
        _seconds(statement)
    taken: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(rounds):
        for name, statement in STATEMENTS.items():
            taken[name].append(_seconds(statement))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def slowest(count: int, rounds: int = 5) -> list[tuple[str, float]]:
    """Return the modules whose own code takes longest in ``import bpcore``, with median milliseconds."""
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        told = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", "import bpcore"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        lines = (line.removeprefix("import time:").split("|") for line in told.stderr.splitlines()[1:])
        for own, _, name in lines:
            taken.setdefault(name.strip(), []).append(int(own) / 1000)
    medians = {name: statistics.median(own) for name, own in taken.items()}
    return sorted(medians.items(), key=lambda item: -item[1])[:count]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="processes of each kind (21)")
    parser.add_argument("--json", metavar="FILE", help="write a record")
    options = parser.parse_args()
    seconds = measure(options.rounds)
    bare = seconds["bare Python"]
    print(f"{'':32} {'process, ms':>12} {'over bare, ms':>14}")
    for name, value in seconds.items():
        print(f"{name:32} {1e3 * value:12.1f} {1e3 * (value - bare):14.1f}")
    slow = slowest(12)
    print("\nmodules that take longest by themselves, ms (measured with -X importtime, which costs)")
    for name, own in slow:
        print(f"  {name:40} {own:6.2f}")
    record: dict[str, Any] = circumstances(["bpcore", "numpy"])
    record |= {"seconds": seconds, "slowest_modules_ms": dict(slow)}
    write_record(options.json, record)


if __name__ == "__main__":
    main()
