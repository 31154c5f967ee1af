"""What the script can be told, and what it says of its time."""

from __future__ import annotations

import argparse

import benchmarks.gpu
from benchmarks.gpu.parser import Parser, number, place, record_with
from benchmarks.gpu.roster import ROSTER, USUAL
from benchmarks.gpu.workloads import RUNS, SIZES

__all__ = ["APART", "EARLIER", "NEEDED", "PARTS", "options_of"]

PARTS = {
    "device": "the files of tests that need a device, each in a process: at most 60 s each",
    "parity": "three trainings beside NumPy, each in two dtypes: about a minute without a cache",
    "floors": "about 10 s",
    "products": "the products of four runs, each by up to 16 algorithms: about 40 s",
    "offers": "what cuBLASLt offers for them with their ends, and the time of each: about 20 s",
    "steps": "four runs: a minute each until all have compiled, then --cycles x contenders x --turn",
    "conformance": "every test on the axis of the device: 5 minutes or more, and all that is left",
}
"""In their order; the times are guesses until a record tells them."""

APART = {"parity": 150.0, "floors": 60.0, "products": 120.0, "offers": 90.0}
"""Parts that compute on the device themselves, and after how many seconds each is ended."""

EARLIER = ("device", "parity", "floors", "products", "offers")
"""Parts of an earlier record that are taken over."""

NEEDED = 100.0
"""Seconds that must be left for a run of steps to begin."""

NUMBERS = {
    "--seconds": (float, "0 or more", lambda x: x >= 0, 570, "when all is stopped, about"),
    "--cycles": (int, "1 or more", lambda x: x >= 1, 7, "turns of each training"),
    "--turn": (float, "more than 0", lambda x: x > 0, 0.5, "seconds of a turn, about"),
}
"""What each must be, what it is unless told, and what it is for."""

CALLS = """\
Ten minutes are short. Three calls, on one machine, with one folder of caches (CUPY_CACHE_DIR,
TORCHINDUCTOR_CACHE_DIR, TRITON_CACHE_DIR, JAX_COMPILATION_CACHE_DIR):

  python -m benchmarks.gpu --only device parity floors products offers --json first.json
  python -m benchmarks.gpu --only steps --cycles 5 --turn 0.3 --after first.json --json second.json
  python -m benchmarks.gpu --only conformance --json third.json

`python -m benchmarks.gpu.carry` prepares a machine that has no bpcore and no internet.
"""


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    plan = "\n".join(f"  {name:12} {time}" for name, time in PARTS.items())
    sizes = "\n".join(f"  {name:12} {size.title}" for name, size in SIZES.items())
    parser = Parser(
        prog="python -m benchmarks.gpu",
        description=benchmarks.gpu.__doc__,
        epilog=f"parts, and the time that each may take:\n{plan}\n\nnetworks:\n{sizes}\n\n{CALLS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backend", default="cupy", help="cupy, or with its device cupy:0 (cupy)")
    for name, (kind, wanted, least, default, told) in NUMBERS.items():
        read = number(kind, wanted, least)
        parser.add_argument(name, type=read, default=default, help=f"{told} ({default})")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help="see below"
    )
    names = [run.name for run in RUNS]
    parser.add_argument(
        "--runs",
        nargs="+",
        choices=names,
        default=names,
        metavar="RUN",
        help=f"of steps, a network (see below) and a precision: {', '.join(names)}",
    )
    parser.add_argument(
        "--peers", nargs="+", choices=ROSTER, default=list(USUAL), metavar="NAME", help=", ".join(ROSTER)
    )
    parser.add_argument(
        "--apart", action=argparse.BooleanOptionalAction,
        help=f"run {', '.join(APART)} in processes of their own (with cupy)",
    )  # fmt: skip
    parser.add_argument("--small", action="store_true", help="tiny networks: does the script work?")
    parser.add_argument(
        "--after",
        type=record_with(EARLIER),
        metavar="FILE",
        help=f"take {', '.join(EARLIER)} from an earlier record",
    )
    parser.add_argument(
        "--json", type=place, metavar="FILE", help="write the record there, after every piece of it"
    )
    return parser.parse_args(arguments)
