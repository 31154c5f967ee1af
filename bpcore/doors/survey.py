"""``bpcore backends`` and ``bpcore check``: what can compute here, and whether its gradients are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bpcore.derivatives.checks.rule_checks import MODES, check_rules
from bpcore.ground.precision import PRECISIONS
from bpcore.ground.registry import Row
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import backends as survey

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["backends", "check"]

WIDE = 10_000
"""Columns of a line that goes to a file or a pipe: nothing is wrapped there."""


@click.command(short_help="Show what can compute here, and why not.")
def backends() -> None:
    """Show the array libraries that are known, and whether they can compute here.

    Asks each: on a GPU a device is counted, a kernel compiled and a product done. For one that cannot be
    used the reason is shown, with the line that installs it. Precisions are those of the device that is used
    when none is named.
    """
    rows = survey()
    table = _table("name", "library", "version", "devices", "precisions", "usable")
    precisions = {row.name: _precisions(row) for row in rows}
    for row in rows:
        words, usable = ", ".join(precisions[row.name]), "yes" if row.usable else "no"
        table.add_row(row.name, _library(row), row.version, ", ".join(row.devices), words, usable)
    _print(table)
    if any(words and "tf32" not in words for words in precisions.values()):
        click.echo("tf32 may be asked for everywhere: where it is not shown it is float32.")
    for row in rows:
        if not row.usable:
            click.echo(f"{row.name}: {row.why_not}")


def _library(row: Row) -> str:
    """Return the package whose functions are called."""
    if not row.usable:
        return ""
    module: str = find_backend(row.name).namespace.__name__
    return module.removeprefix("array_api_compat.").partition(".")[0]


def _precisions(row: Row) -> list[str]:
    """Return the precisions of a backend's own device; not tf32 where that is float32 by another name."""
    if not row.usable:
        return []
    found = find_backend(row.name)
    there = [word for word in PRECISIONS if word == "float32" or word in found.precisions]
    return [word for word in there if word != "tf32" or not found.precision(word).plain(found.device)]


@click.command(short_help="Check every rule against differences.")
@click.option("--backend", default="numpy", show_default=True, help="Which, as in strict:device1 or cupy:0.")
@click.pass_context
def check(context: click.Context, backend: str) -> None:
    """Check every rule against differences: its gradient, its tangent, the gradient of the gradient.

    The modes that passed are letters: V for the value of a traced call, R for reverse mode, F for forward
    mode, S for the second order. Differences are taken along one direction of all inputs, and by each
    element where they do not agree. The worst error is a share of the tolerance: up to 1 passes. Exit code 1
    when a rule fails.
    """
    results = check_rules(backend, each=False)
    table = _table("function", "chapter", "cases", "modes", "worst error", "passed")
    for result in results:
        passed = "yes" if result.passed else "NO"
        modes = "".join(mode[0].upper() for mode in result.modes)
        table.add_row(result.name, result.chapter, str(result.cases), modes, f"{result.worst:.2g}", passed)
    _print(table)
    failed = [result for result in results if not result.passed]
    for result in failed:
        click.echo(f"{result.name}: {result.message}")
    cases = sum(result.cases for result in results)
    verdict = f"{len(failed)} failed" if failed else "all passed"
    click.echo(f"{len(results)} rules, {cases} cases on {backend}, {_modes()}: {verdict}")
    context.exit(1 if failed else 0)


def _modes() -> str:
    return ", ".join(f"{mode[0].upper()} {mode}" for mode in MODES)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column)
    return table


def _print(table: Table) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDE
    console.print(table)
