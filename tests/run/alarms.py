"""Counts advice and false alarms of `bpcore.monitor`, over the runs of test_monitor.py and many seeds.

    python -m tests.run.alarms 8 --json alarms.json

The exit code is 1 if a sick run does not get its advice, or a healthy one gets any.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.environment import circumstances, write_record
from tests.run.test_monitor import HEALTHY, SICK, kinds


def main() -> None:
    """Train and look at every labelled run, as often as is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seeds", type=int, nargs="?", default=8)
    parser.add_argument("--json", metavar="FILE", help="write a record of it")
    asked = parser.parse_args()
    missed = [
        (name, seed)
        for name, case in SICK.items()
        for seed in range(asked.seeds)
        if case.kind not in kinds(case, seed=seed)
    ]
    alarms = [
        (name, seed, found)
        for name, case in HEALTHY.items()
        for seed in range(asked.seeds)
        if (found := kinds(case, seed=seed))
    ]
    counts = {"sick": len(SICK), "healthy": len(HEALTHY), "seeds": asked.seeds}
    print(f"{counts}, missed {missed}, false alarms {alarms}")  # noqa: T201
    write_record(
        asked.json, circumstances(["bpcore", "numpy"]) | counts | {"missed": missed, "alarms": alarms}
    )
    sys.exit(bool(missed or alarms))


if __name__ == "__main__":
    main()
