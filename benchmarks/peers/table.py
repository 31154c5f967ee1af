"""The tables: times for people at a terminal, and two in Markdown for the README."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.peers.figures import best_of_ours, figure, ratio, timed
from benchmarks.peers.race import Field
from benchmarks.peers.roster import BAR, NUMPY, ROSTER
from benchmarks.peers.workloads import WORKLOADS

__all__ = ["listing", "markdown"]


def listing(workload: str, field: Field) -> Iterator[str]:
    """Yield the lines for one workload: median, quartiles, ratio to tuned NumPy, cold start, memory."""
    yield f"\n{workload} {WORKLOADS[workload].title}"
    yield (
        f"  {'':20} {'us a step':>11} {'quartiles':>19} {'x ' + BAR:>14} {'quartiles':>11}"
        f" {'first step, s':>14} {'with import':>12} {'peak, MiB':>10}"
    )
    for name, told in field.items():
        if "absent" in told:
            yield f"  {name:20} {'refused' if told.get('refused') else 'not here'}: {told['absent'][:100]}"
            continue
        time, over = figure(told["times"]), ratio(field, name, BAR)
        quartiles = f"{_short(time.low)} to {_short(time.high)}"
        share = f"{over.median:14.2f} {f'{over.low:.2f} to {over.high:.2f}':>11}" if over else " " * 26
        mark = "*" if workload in ROSTER[name].apart else " "
        yield (
            f"  {name:19}{mark} {_short(time.median):>11} {quartiles:>19} {share}"
            f" {told['without_import']:14.2f} {told['with_import']:12.2f} {told['peak'] / 2**20:10.0f}"
        )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004


def _row(head: str, cells: list[str]) -> str:
    return f"| {head} | {' | '.join(cells)} |"


def markdown(runs: Sequence[dict[str, Field]]) -> Iterator[str]:
    """Yield two tables, medians of the runs: microseconds of a step, and each contender's time over ours.

    A time of 2 in the second table's ``/ numpy`` means: it takes twice as long as our numpy backend.
    """
    first = runs[0]
    names = [name for name in ROSTER if any(name in timed(field) for field in first.values())]
    yield _row("us a step", names)
    yield "|---" * (len(names) + 1) + "|"
    for workload in first:
        yield _row(f"{workload} {_kind(workload)}", [_time(_fields(runs, workload), name) for name in names])
    yield ""
    peers = [name for name in names if not ROSTER[name].ours]
    yield _row("times ours: numpy / best", peers)
    yield "|---" * (len(peers) + 1) + "|"
    for workload in first:
        fields = _fields(runs, workload)
        best = best_of_ours(fields[0])
        own = [ours for ours in (NUMPY, best) if ours]
        cells = [" / ".join(filter(None, (_over(fields, name, ours) for ours in own))) for name in peers]
        yield _row(f"{workload} {_kind(workload)} (best: {best})", cells)


def _fields(runs: Sequence[dict[str, Field]], workload: str) -> list[Field]:
    return [fields[workload] for fields in runs]


def _kind(workload: str) -> str:
    return WORKLOADS[workload].title.partition(" ")[0]


def _time(fields: Sequence[Field], name: str) -> str:
    found = [figure(field[name]["times"]).median for field in fields if name in timed(field)]
    return _short(median(found)) if found else ""


def _over(fields: Sequence[Field], name: str, ours: str) -> str:
    found = [over.median for field in fields if (over := ratio(field, name, ours))]
    return f"{median(found):.2g}" if found else ""
