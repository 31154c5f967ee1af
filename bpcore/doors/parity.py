"""``bpcore parity``: two backends in lockstep, function by function."""

from __future__ import annotations

import json
import math

import click

from bpcore.doors.output import Output
from bpcore.doors.parity_nets import TRAININGS
from bpcore.ground.registry import backend as find_backend
from bpcore.program.parity.lockstep import check_names
from bpcore.program.parity.lockstep import parity as compared
from bpcore.program.parity.report import Parity
from bpcore.words.errors import OptionError

__all__ = ["parity"]


@click.command(short_help="Compare two backends, function by function.")
@click.option("--backend", metavar="NAME", required=True, help="The one that is looked at, as cupy or torch.")
@click.option("--against", metavar="NAME", default="numpy", show_default=True, help="The one that is right.")
@click.option(
    "--net",
    "nets",
    metavar="NAME",
    multiple=True,
    help=f"Which training: {', '.join(TRAININGS)}; all unless given.",
)
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float32", show_default=True)
@click.option("--steps", type=int, default=3, show_default=True, help="Training steps of each.")
@click.option(
    "--budget",
    "budgets",
    metavar="FUNCTION=ULP",
    multiple=True,
    help="Allow a function so many units in the last place.",
)
@click.option(
    "--json", "path", metavar="FILE", help="Write the numbers to this .json file, replaced if it is there."
)
@click.pass_context
def parity(
    context: click.Context,
    backend: str,
    against: str,
    nets: tuple[str, ...],
    dtype: str,
    steps: int,
    budgets: tuple[str, ...],
    path: str | None,
) -> None:
    """Train small networks on two backends in lockstep, from the same key, and compare every function.

    Each function is computed on both from the same numbers, so that what differs is its own doing.
    Differences are counted in units in the last place (ulp): of the value, and for sums and products of the
    sum of the sizes of their terms. Sums, products, quotients and roots of two numbers have none to spare;
    sums of many terms, exp and its like have a budget. Then each backend goes on from its own numbers, eager
    and compiled. Exit code 1 when a function is over its budget.
    """
    place = None if path is None else Output.named(path, option="--json", suffixes=(".json",))
    allowed = dict(map(_budget, budgets))
    check_names(allowed, "--budget")
    found = {name: _found(name, backend, against, dtype, steps, allowed) for name in _named(nets)}
    for name, result in found.items():
        click.echo(f"{name}: {result}")
        click.echo(_hint(result))
    if place is not None:
        told = {
            "dtype": dtype,
            "steps": steps,
            "nets": {name: result.data() for name, result in found.items()},
        }
        said = place.write(f"{json.dumps(told, indent=2)}\n".encode())
        click.echo(f"wrote {said}")
    if not all(result.good for result in found.values()):
        context.exit(1)


def _named(nets: tuple[str, ...]) -> tuple[str, ...]:
    for name in nets:
        if name not in TRAININGS:
            raise OptionError("--net", name, f"one of {', '.join(TRAININGS)}", "Of several repeat --net.")
    return nets or tuple(TRAININGS)


def _budget(given: str) -> tuple[str, float]:
    name, _, ulp = (part.strip() for part in given.partition("="))
    try:
        number = float(ulp)
    except ValueError:
        number = -1.0
    if not name or not number >= 0:
        raise OptionError("--budget", given, "a function and a number from 0 on, as exp=4")
    return name, number


def _hint(result: Parity) -> str:
    """Return how the first function that is over its budget would be allowed to be."""
    first = result.first
    if first is None or math.isinf(first.ulp):
        return ""
    most = max(row.ulp for row in result.functions if row.function == first.function)
    return f"to allow it: --budget {first.function}={math.ceil(most)}\n"


def _found(
    name: str, backend: str, against: str, dtype: str, steps: int, budgets: dict[str, float]
) -> Parity:
    start = TRAININGS[name]().begun(find_backend(against), dtype)
    return compared(
        start.step, start.params, start.state, start.batch,
        backend=backend, against=against, carry=2, steps=steps, budgets=budgets,
    )  # fmt: skip
