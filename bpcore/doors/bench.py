"""``bpcore bench``: what a training step takes here, eager and compiled, and what it takes at least."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import click

from bpcore.doors.measuring import NETS, Measured, measured
from bpcore.doors.output import Output
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backends as survey
from bpcore.program.bound import Bound, bound
from bpcore.program.cost import aligned, cost
from bpcore.program.rates import rates

__all__ = ["bench"]


@click.command(short_help="Measure a training step, eager and compiled.")
@click.option("--backend", metavar="NAME", help="Which one; all that can be used unless given.")
@click.option("--roofline", is_flag=True, help="Measure rates, and show what the step takes at least.")
@click.option(
    "--json", "path", metavar="FILE", help="Write the numbers to this .json file, replaced if it is there."
)
def bench(backend: str | None, path: str | None, *, roofline: bool) -> None:
    """Measure a training step of two small networks on each backend, eager and compiled.

    Shown are the median of interleaved rounds, the spread of the middle half of them as a share of the
    median, and how many times faster the compiled step is. What else the machine does shows in the spread.
    Several backends in one process share its threads: measure one alone with --backend. NumPy is measured
    beside an accelerator: for a small network the CPU is the better place, and then a line says so.
    """
    names = _usable() if backend is None else _with_host(find_backend(backend).name)
    place = None if path is None else Output.named(path, option="--json", suffixes=(".json",))
    results = [measured(name, net) for net in NETS for name in names]
    click.echo(_table(results))
    for line in _better_places(results):
        click.echo(line)
    bounds: Sequence[Bound | None] = [None] * len(results)
    if roofline:
        bounds = known = _bounds(results)
        _show(results, known)
    if place is not None:
        rows = [_record(one, least) for one, least in zip(results, bounds, strict=True)]
        said = place.write(f"{json.dumps(rows, indent=2)}\n".encode())
        click.echo(f"wrote {said}")


def _usable() -> list[str]:
    return [row.name for row in survey() if row.usable]


def _with_host(name: str) -> list[str]:
    """Return the backend to measure, and NumPy beside one that is on an accelerator."""
    return [name, "numpy"] if _is_accelerator(name) else [name]


def _is_accelerator(name: str) -> bool:
    library, _, device = name.partition(":")
    return library == "cupy" or device.startswith(("cuda", "gpu", "tpu", "mps", "xpu"))


def _better_places(results: Sequence[Measured]) -> list[str]:
    """Return a line for each network that an accelerator trains more slowly than the CPU does."""
    lines = []
    for net in dict.fromkeys(one.net for one in results):
        mine = [one for one in results if one.net == net]
        accelerators = [one for one in mine if _is_accelerator(one.backend)]
        hosts = [one for one in mine if not _is_accelerator(one.backend)]
        if not accelerators or not hosts:
            continue
        fast, host = (min(some, key=lambda one: one.compiled.median) for some in (accelerators, hosts))
        if host.compiled.median < fast.compiled.median:
            lines.append(
                f"{net}: the CPU is the better place for it: {host.compiled.median * 1e6:.4g} us a step on "
                f"{host.backend}, {fast.compiled.median * 1e6:.4g} us on {fast.backend}."
            )
    return lines


def _table(results: Sequence[Measured]) -> str:
    cells: list[tuple[str, ...]] = [
        ("network", "backend", "eager us", "+-", "compiled us", "+-", "faster", "first s")
    ]
    cells += [
        (
            one.net,
            one.backend,
            f"{one.eager.median * 1e6:.4g}",
            f"{one.eager.spread:.0%}",
            f"{one.compiled.median * 1e6:.4g}",
            f"{one.compiled.spread:.0%}",
            f"{one.eager.median / one.compiled.median:.3g} x",
            f"{one.first:.2g}",
        )
        for one in results
    ]  # fmt: skip
    return aligned(cells, left=2)


def _bounds(results: Sequence[Measured]) -> list[Bound]:
    known = {(one.backend, one.dtype): rates(one.backend, dtype=one.dtype) for one in results}
    return [bound(cost(one.program), known[one.backend, one.dtype]) for one in results]


def _show(results: Sequence[Measured], bounds: Sequence[Bound]) -> None:
    """Print the rates of each backend once, and for each network what it takes at least."""
    for told in dict.fromkeys(str(least.rates) for least in bounds):
        click.echo(f"\n{told}")
    for one, least in zip(results, bounds, strict=True):
        click.echo(
            f"\n{one.net} on {one.backend}: {least.cost.flops:.4g} operations, {least.cost.bytes:.4g} bytes"
        )
        click.echo(str(least))
        ratios = _ratios(one, least)
        told = f"{ratios['of_bound']:.3g} x of the bound, {ratios['of_bound_with_calls']:.3g} x with calls"
        click.echo(f"compiled step: {told}")


def _ratios(one: Measured, least: Bound) -> dict[str, float]:
    return {
        "of_bound": one.compiled.median / least.seconds,
        "of_bound_with_calls": one.compiled.median / least.with_calls,
    }


def _record(one: Measured, least: Bound | None) -> Mapping[str, object]:
    """Return what is written to a file: seconds and ratios."""
    told: dict[str, object] = {
        "network": one.net,
        "backend": one.backend,
        "dtype": one.dtype,
        "eager": {"median": one.eager.median, "spread": one.eager.spread},
        "compiled": {"median": one.compiled.median, "spread": one.compiled.spread},
        "first": one.first,
    }
    if least is not None:
        told |= {"bound": least.seconds, "bound_with_calls": least.with_calls, **_ratios(one, least)}
        told |= {"flops": least.cost.flops, "bytes": least.cost.bytes}
    return told
