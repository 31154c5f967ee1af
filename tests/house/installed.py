"""A script: look at an installed bpcore from outside the tree. Run it with ``python -I``."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_OURS = ("backends", "benchmarks", "docs", "examples", "noxfile", "tests")
"""Names that a user's own project may have: a wheel must not bring them."""


def wrong() -> list[str]:
    """Return what is wrong with the installed package."""
    import bpcore

    here = Path(bpcore.__file__).resolve()
    lines = [f"import {name} finds something" for name in NOT_OURS if find_spec(name)]
    if here.is_relative_to(ROOT / "bpcore"):
        lines.append(f"bpcore is imported from the tree, {here}")
    lines += [f"{name} is loaded" for name in ("numpy", "bpcore_numpy") if name in sys.modules]
    lines += [
        f"{name} is not there" for name in ("bpcore/py.typed", "bpcore_numpy/py.typed") if not _file(name)
    ]
    if not (files("bpcore") / "run" / "data" / "iris.csv").is_file():
        lines.append("bpcore/run/data/iris.csv is not there")
    offered = {entry.name for entry in entry_points(group="bpcore.backends")}
    if offered != {"cupy", "jax", "numba", "numpy", "strict", "torch"}:
        lines.append(f"the backends offered are {sorted(offered)}")
    gradient = float(bpcore.grad(lambda x: x**3)(2.0))
    if gradient != 12.0:
        lines.append(f"the slope of x**3 at 2 is {gradient}")
    return lines + _wrong_at_the_command_line()


def _file(name: str) -> bool:
    package, _, path = name.partition("/")
    return (files(package) / path).is_file()


def _wrong_at_the_command_line() -> list[str]:
    program = Path(sys.executable).with_name("bpcore.exe" if sys.platform == "win32" else "bpcore")
    told = subprocess.run([program, "backends"], capture_output=True, text=True, check=False)
    if told.returncode or "numpy" not in told.stdout:
        return [f"bpcore backends ends with {told.returncode}: {told.stdout}{told.stderr}"]
    return []


if __name__ == "__main__":
    found = wrong()
    print("\n".join(found) or "the installed package holds what it should")
    sys.exit(1 if found else 0)
