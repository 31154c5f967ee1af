"""``bpcore explain``: one step on paper, on the terminal, as Markdown or as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from bpcore.doors.lessons.catalog import LESSONS, options_of
from bpcore.doors.lessons.course import PARTS, UPDATED
from bpcore.doors.number_lists import rows, sizes
from bpcore.doors.one_line import one_of
from bpcore.doors.output import Output
from bpcore.doors.own_net import LOSSES, NET, own_step
from bpcore.doors.paper.answers import check_by_hand
from bpcore.doors.paper.explain import explain as explain_it
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import FORMS, ORDERS
from bpcore.doors.paper.terminal import show
from bpcore.parts.activations import ACTIVATIONS
from bpcore.words.errors import OptionError, choose
from bpcore.words.protocols import Static

__all__ = ["explain"]

OWN = ("biases", "function", "part", "year")
"""Options of single lessons."""
OF_NET = ("sizes", "x", "y", "activation", "output", "loss", "seed")
WRONG = 1
"""The exit code where an answer is wrong."""


@click.command(short_help="Show one step of backpropagation on paper.")
@click.argument("name")
@click.option("--check", metavar="FILE", help="A CSV file of your own numbers: the first wrong one, and why.")
@click.option("--decimals", type=click.IntRange(0, 100), metavar="N", help="How many are printed.")
@click.option("--by-hand", is_flag=True, help="Round every line before the next one reads it.")
@click.option(
    "--digits", type=click.IntRange(3, 1000), metavar="N", help="Decimal arithmetic of so many digits."
)
@click.option("--order", **one_of(ORDERS), help="Of the updates: all at once, or the output layer first.")
@click.option("--form", **one_of(FORMS), help="Single numbers, or whole matrices.")
@click.option("--rate", type=float, metavar="R", help="The learning rate.")
@click.option("--biases", metavar="WORD", help="Of mazur: frozen, shared or per-neuron.")
@click.option("--function", metavar="WORD", help="Of svpino: OR, AND, XOR, NAND or NOR.")
@click.option("--year", metavar="YEAR", help="Of svpino: 2021 or 2022.")
@click.option("--part", metavar="WORD", help=f"Of the course: {', '.join(PARTS)}; all unless given.")
@click.option("--sizes", metavar="N,N,N", callback=sizes, help="Of net: inputs, hidden units, outputs.")
@click.option("--x", metavar="X,X", callback=rows, help="Of net: one sample, or several with ; between.")
@click.option("--y", metavar="Y", callback=rows, help="Of net: its target.")
@click.option("--activation", **one_of(ACTIVATIONS), help="Of net: its hidden layers; sigmoid unless given.")
@click.option("--output", **one_of(ACTIVATIONS), help="Of net: its last layer.")
@click.option("--loss", **one_of(LOSSES), help="Of net: half the squared error unless given.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), metavar="N", help="Of net: its weights.")
@click.option("--backend", metavar="NAME", default="numpy", show_default=True, help="Where to compute.")
@click.option("--markdown", is_flag=True, help="Print Markdown with LaTeX.")
@click.option(
    "--html",
    metavar="FILE",
    help="Write a page that opens in a browser without a network; one of that name is replaced.",
)
@click.pass_context
def explain(
    context: click.Context,
    /,
    name: str,
    *,
    check: str | None,
    markdown: bool,
    html: str | None,
    **options: Static,
) -> None:
    """Show one step of NAME on paper: mazur, svpino, course, spiral; or net, one of your own.

    \b
    bpcore explain mazur --order sequential
    bpcore explain course --part sigmoid --decimals 4 --by-hand
    bpcore explain mazur --check answers.csv
    bpcore explain net --sizes 2,3,1 --x 1,2 --y 1 --rate 0.1

    Every quantity comes with its formula, the numbers put in and the result; every derivative with its
    factors. A file of answers has a name and a number in each row; the exit code is 1 where one is wrong.
    """  # noqa: D301 -- \b is click's mark for lines that stay as they are
    name = choose("NAME", name.lower(), (*LESSONS, NET))
    asked = [f"--{word}" for word, on in (("check", check), ("markdown", markdown), ("html", html)) if on]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} are asked for at once: take one of them.", context)
    told = {option: value for option, value in options.items() if value is not None and value is not False}
    _check_options(name, told)
    page = None if html is None else _page(html, name, told, check)
    found = list(_explanations(name, told))
    if check is not None:
        context.exit(_checked(check, found))
    if page is not None:
        click.echo(page.write(found[0].html().encode("utf-8")))
        return
    for place, explanation in enumerate(found):
        if place:
            click.echo()
        if markdown:
            click.echo(explanation.markdown(), nl=False)
        else:
            show(explanation)


def _check_options(name: str, told: dict[str, Static]) -> None:
    """Refuse what belongs to another name."""
    here = OF_NET if name == NET else options_of(name)
    for option in (*OWN, *OF_NET):
        if option in told and option not in here:
            theirs = next((one for one in LESSONS if option in options_of(one)), NET)
            raise OptionError(f"--{option}", told[option], f"left out with {name}", f"It is for {theirs}.")


def _explanations(name: str, told: dict[str, Static]) -> Iterator[Explanation]:
    if name == NET:
        yield own_step(**told)
    elif name == "course" and "part" not in told:
        for part in PARTS:  # an order is for those that are updated
            yield explain_it(
                name, part=part, **(told if part in UPDATED else told | {"order": "simultaneous"})
            )
    else:
        yield explain_it(name, **told)


def _checked(path: str, explanations: Sequence[Explanation]) -> int:
    """Print what is to be said of the answers; return the exit code."""
    if len(explanations) > 1:
        raise OptionError(
            "--part", "all", f"one of {', '.join(PARTS)} with --check", "Names of the parts are alike."
        )
    found = check_by_hand(path, explanations[0])
    click.echo(str(found))
    return 0 if found else WRONG


def _page(path: str, name: str, told: dict[str, Static], check: str | None) -> Output:
    """Return the file of the page, before anything is computed."""
    if name == "course" and "part" not in told:
        raise OptionError("--part", "all", f"one of {', '.join(PARTS)} with --html", "A page holds one step.")
    return Output.named(path, option="--html", suffixes=(".html", ".htm"), inputs=(check,))
