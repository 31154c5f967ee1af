"""docs/coverage.md: each cell is what a test found, compared with the file or, when told so, written into it.

``pytest --write-coverage tests/derivatives/test_coverage.py --axes ...`` writes the cells of the axes that
ran and keeps the others; ``nox -s coverage`` does it for all axes that can run without a GPU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from bpcore.derivatives.checks.roster import ROSTER, Entry
from bpcore.derivatives.checks.rule_checks import RuleCheck

FILE = Path(__file__).parents[2] / "docs" / "coverage.md"
COLUMNS = (
    *("numpy", "numpy:readonly"),
    *("strict", "strict:device1", "strict:device2", "strict:no_float64", "strict:no_x64", "strict:strictest"),
    *("torch", "jax", "jax:jit", "cupy"),
)
NOT_RUN = "not run"
NOTHING = "-"
MOST = dict.fromkeys(("strict", "strict:device2", "strict:no_float64", "strict:no_x64", "torch"), 3) | {
    "jax": 1,
    "jax:jit": 1,
}
"""How many cases of a function at most, where all of them take long and tell little more."""

LETTERS = {"value": "V", "reverse": "R", "forward": "F", "second": "S"}

INTRODUCTION = """\
# Coverage

What every function was found to do on every axis. Generated: `nox -s coverage` writes this file, and each
cell is compared with what `tests/derivatives/test_coverage.py` finds whenever the tests run.

- `V`: called on traced arrays, the function has the values, shapes, dtypes and devices that it has on plain
  ones.
- `R`: its gradient in reverse mode is the slope of the function by central differences.
- `F`: its tangent in forward mode is, too.
- `S`: the gradient of its gradient is the slope of the gradient, by the inputs and by the cotangent.

In every mode the inputs are the same afterwards as before. The axes: `numpy:readonly` has arrays that cannot
be written to; `strict` is array-api-strict with its make-believe devices, two of them without 64-bit numbers;
`strict:strictest` allows nothing whose shape depends on values, and raises where a value is read back, which
no rule may do; `jax:jit` runs everything under the compiler. On `numpy` gradients are compared element by
element, elsewhere along one direction of all inputs at once. The sample calls of each function:
{limits}.
"""

Cells = dict[tuple[str, str], str]
Excuses = Mapping[tuple[str, str], str]

FIXED_SHAPES = ("strict:strictest", "jax:jit")
"""Axes on which no shape may depend on values."""

DEPENDS = "the shape of its output depends on values, which is refused there"
EXCUSES: Excuses = {
    **{
        (
            "assign_at",
            axis,
        ): "the standard has no assignment at arrays of indices, nor has the referee"
        for axis in COLUMNS
        if axis.startswith("strict")
    },
    ("from_dlpack", "strict:strictest"): "the guard lets no values leave",
    ("from_dlpack", "jax:jit"): "an array under jax.jit has no memory yet",
    ("to_device", "jax:jit"): "an array under jax.jit does not know its device",
}
"""Where a function cannot do on an axis what it does elsewhere, and why."""


def excuse(name: str, axis: str) -> str:
    """Return why a function falls short on an axis; empty where it must not."""
    if ROSTER[name].reads and axis in FIXED_SHAPES:
        return DEPENDS
    return EXCUSES.get((name, axis), "")


def parsed(text: str) -> Cells:
    """Return the cells of the file."""
    cells: Cells = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            name, *found = (part.strip() for part in line.strip("|").split("|"))
            if name.strip("`") in COLUMNS:
                continue  # a row of the summary
            for axis, cell in zip(COLUMNS, found, strict=False):
                cells[name.strip("`"), axis] = cell
    return cells


def rendered(cells: Cells) -> str:
    """Return the file that has these cells, with a row for each function that there is."""
    parts = [INTRODUCTION.format(limits=_limits()), _summary(cells)]
    for chapter, entries in groupby(ROSTER.values(), key=lambda entry: entry.chapter):
        parts.append(_section(chapter, list(entries), cells))
    return "\n".join(parts)


def _limits() -> str:
    """Return how many sample calls are made where."""
    limits = []
    for most in sorted({*MOST.values()}):
        axes = ", ".join(f"`{axis}`" for axis in COLUMNS if MOST.get(axis) == most)
        limits.append(f"{most} at most on {axes}")
    return ",\n".join([*limits, "all of them elsewhere"])


def _summary(cells: Cells) -> str:
    """Return how many functions were found to do what, axis by axis."""
    lines = ["| axis | VRFS | V, constant | less | not run |", "|---|---|---|---|---|"]
    for axis in COLUMNS:
        found = Counter(_kind(entry, cells.get((name, axis), NOT_RUN)) for name, entry in ROSTER.items())
        lines.append(f"| `{axis}` | {' | '.join(str(found[kind]) for kind in KINDS)} |")
    return "\n".join([*lines, ""])


KINDS = ("all", "constant", "less", NOT_RUN)


def _kind(entry: Entry, cell: str) -> str:
    if cell == NOT_RUN:
        return cell
    wanted = "V" if entry.reason else "".join(LETTERS.values())
    return ("constant" if entry.reason else "all") if cell == wanted else "less"


def _section(chapter: str, entries: list[Entry], cells: Cells) -> str:
    title = chapter.replace("_", " ").capitalize()
    lines = [f"## {title}", "", f"| function | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for entry in sorted(entries, key=lambda entry: entry.name):
        row = (cells.get((entry.name, axis), NOT_RUN) for axis in COLUMNS)
        lines.append(f"| `{entry.name}` | {' | '.join(row)} |")
    return "\n".join([*lines, "", *_notes(entries)]).rstrip("\n") + "\n"


def _notes(entries: list[Entry]) -> Iterator[str]:
    """Yield why constant functions have no more than a value, and what is refused where."""
    by_reason: dict[str, list[str]] = {}
    for entry in entries:
        if entry.reason:
            by_reason.setdefault(entry.reason, []).append(f"`{entry.name}`")
        excused = {axis: reason for axis in COLUMNS if (reason := excuse(entry.name, axis))}
        for reason in dict.fromkeys(excused.values()):
            axes = ", ".join(f"`{axis}`" for axis in excused if excused[axis] == reason)
            by_reason.setdefault(f"on {axes}, {reason}", []).append(f"`{entry.name}`")
    for reason, names in by_reason.items():
        yield f"- {', '.join(sorted(names))}: {reason}."


class Coverage:
    """The cells of the file, and those that were found in this run."""

    def __init__(self, *, writes: bool) -> None:
        self.writes = writes
        self.text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
        self.stated = parsed(self.text)
        self.found: Cells = {}

    parsed = staticmethod(parsed)
    rendered = staticmethod(rendered)
    excuse = staticmethod(excuse)
    fixed_shapes = FIXED_SHAPES
    most = MOST

    def note(self, axis: str, check: RuleCheck) -> str:
        """Keep what was found, and return its cell."""
        cell = "".join(LETTERS[mode] for mode in check.modes) or NOTHING
        self.found[check.name, axis] = cell
        return cell

    def write(self) -> None:
        """Write the file anew; what was written to it in the meantime stays."""
        if FILE.exists():
            self.stated = parsed(FILE.read_text(encoding="utf-8"))
        FILE.write_text(rendered(self.stated | self.found), encoding="utf-8")


KEY = pytest.StashKey[Coverage]()


def _coverage(config: pytest.Config) -> Coverage:
    if KEY not in config.stash:
        config.stash[KEY] = Coverage(writes=bool(config.getoption("--write-coverage")))
    return config.stash[KEY]


@pytest.fixture(autouse=True)
def quick_compiler(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let JAX compile without most optimisations here: each test compiles much and runs it once.

    How exact compiled functions are is tested elsewhere, as they are shipped: tests/backends.
    """
    callspec = getattr(request.node, "callspec", None)
    if callspec is None or not str(callspec.params.get("backend", "")).startswith("jax"):
        yield
        return
    jax = pytest.importorskip("jax")
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session")
def coverage(pytestconfig: pytest.Config) -> Coverage:
    """Return the table of the file."""
    return _coverage(pytestconfig)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file, or hand what a worker found to the process that does."""
    table = _coverage(session.config)
    if not table.writes:
        return
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["coverage"] = [[*key, cell] for key, cell in table.found.items()]
    elif table.found:
        table.write()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take in what a worker of xdist found."""
    table = _coverage(node.config)
    for name, axis, cell in getattr(node, "workeroutput", {}).get("coverage", ()):
        table.found[name, axis] = cell
