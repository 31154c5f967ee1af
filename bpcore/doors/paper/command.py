"""``bpcore explain``: one step on paper, on the terminal, as Markdown or as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from bpcore.doors.lessons.catalog import LESSONS, options_of
from bpcore.doors.lessons.course import PARTS, UPDATED
from bpcore.doors.one_line import one_of
from bpcore.doors.paper.answers import check_by_hand
from bpcore.doors.paper.explain import explain as explain_it
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import FORMS, ORDERS
from bpcore.doors.paper.terminal import show
from bpcore.parts.activations import ACTIVATIONS
from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from bpcore.parts.perceptron import MLP
from bpcore.run.whole_file import write_whole
from bpcore.words.errors import FileError, OptionError, choose
from bpcore.words.protocols import Static

__all__ = ["explain"]

NET = "net"
LOSSES = ("binary", "multiclass", "squared")
FITTING = {"binary": ("identity", "sigmoid"), "multiclass": ("identity", "softmax"), "squared": ()}
"""Last layers that a loss takes."""
OWN = ("biases", "function", "part", "year")
"""Options of single lessons."""
OF_NET = ("sizes", "x", "y", "activation", "output", "loss", "seed")
LARGEST_LAYER = 256
"""Units of a layer of net."""
WRONG = 1
"""The exit code where an answer is wrong."""


def _numbers(context: click.Context, option: click.Parameter, given: str | None) -> list[list[float]] | None:
    """Read ``1,2`` or ``1,2;3,4``: numbers of one sample, samples apart."""
    if given is None:
        return None
    try:
        rows = [[float(word) for word in row.split(",")] for row in given.split(";")]
    except ValueError:
        rows = []
    if not rows or len({len(row) for row in rows}) != 1:
        raise click.UsageError(
            f"{option.opts[0]} must be numbers as in 1,2, or 1,2;3,4 for two samples, was given {given!r}.",
            context,
        )
    return rows


def _sizes(context: click.Context, option: click.Parameter, given: str | None) -> list[int] | None:
    if given is None:
        return None
    words = [word.strip() for word in given.split(",")]
    if len(words) < 2 or not all(word.isdigit() and int(word) for word in words):  # noqa: PLR2004
        raise click.UsageError(
            f"--sizes must be two or more whole numbers as in 2,3,1, was given {given!r}.", context
        )
    return [int(word) for word in words]


@click.command(short_help="Show one step of backpropagation on paper.")
@click.argument("name")
@click.option("--check", metavar="FILE", help="A CSV file of your own numbers: the first wrong one, and why.")
@click.option("--decimals", type=click.IntRange(0, 100), metavar="N", help="How many are printed.")
@click.option("--by-hand", is_flag=True, help="Round every line before the next one reads it.")
@click.option(
    "--digits", type=click.IntRange(1, 1000), metavar="N", help="Decimal arithmetic of so many digits."
)
@click.option("--order", **one_of(ORDERS), help="Of the updates: all at once, or the output layer first.")
@click.option("--form", **one_of(FORMS), help="Single numbers, or whole matrices.")
@click.option("--rate", type=float, metavar="R", help="The learning rate.")
@click.option("--biases", metavar="WORD", help="Of mazur: frozen, shared or per-neuron.")
@click.option("--function", metavar="WORD", help="Of svpino: OR, AND, XOR, NAND or NOR.")
@click.option("--year", metavar="YEAR", help="Of svpino: 2021 or 2022.")
@click.option("--part", metavar="WORD", help=f"Of the course: {', '.join(PARTS)}; all unless given.")
@click.option("--sizes", metavar="N,N,N", callback=_sizes, help="Of net: inputs, hidden units, outputs.")
@click.option("--x", metavar="X,X", callback=_numbers, help="Of net: one sample, or several with ; between.")
@click.option("--y", metavar="Y", callback=_numbers, help="Of net: its target.")
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
    found = list(_explanations(name, told))
    if check is not None:
        context.exit(_checked(check, found))
    if html is not None:
        _write(html, found)
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
        yield _net(**told)
    elif name == "course" and "part" not in told:
        for part in PARTS:  # an order is for those that are updated
            yield explain_it(
                name, part=part, **(told if part in UPDATED else told | {"order": "simultaneous"})
            )
    else:
        yield explain_it(name, **told)


def _net(
    *,
    sizes: list[int] | None = None,
    x: list[list[float]] | None = None,
    y: list[list[float]] | None = None,
    activation: str = "sigmoid",
    output: str | None = None,
    loss: str = "squared",
    seed: int = 0,
    **style: Static,
) -> Explanation:
    for option, given in (("--sizes", sizes), ("--x", x), ("--y", y)):
        if given is None:
            raise click.UsageError(
                f"{option} is missing: net wants all three, as --sizes 2,3,1 --x 1,2 --y 1."
            )
    assert sizes is not None and x is not None and y is not None  # noqa: S101, PT018 -- for the type checker
    if max(sizes) > LARGEST_LAYER:
        raise OptionError("--sizes", sizes, f"{LARGEST_LAYER} units a layer at most", "Nobody reads more.")
    if len(y) != len(x):
        raise OptionError(
            "--y", y, f"{len(x)} targets, one for each sample of --x", "Samples have ; between."
        )
    if loss != "multiclass" and len(y[0]) != sizes[-1]:
        raise OptionError("--y", y[0], f"{sizes[-1]} numbers, one for each output of --sizes")
    if len(x[0]) != sizes[0]:
        raise OptionError("--x", x[0], f"{sizes[0]} numbers, one for each input of --sizes")
    last = output or ("sigmoid" if loss == "squared" else "identity")
    net = MLP(sizes, activation=activation, output=last)
    fitting = FITTING[loss]
    if fitting and last not in fitting:
        raise OptionError("--output", last, f"{' or '.join(fitting)} with --loss {loss}")
    chosen = _loss(loss, last, single=len(x) == 1)
    targets: Static = _labels(y, sizes[-1]) if loss == "multiclass" else y
    return explain_it(net, x, targets, loss=chosen, seed=seed, **style)


def _labels(y: list[list[float]], classes: int) -> list[int]:
    for row in y:
        if len(row) != 1 or row[0] != int(row[0]) or not 0 <= row[0] < classes:
            raise OptionError(
                "--y", row[0], f"a whole number from 0 to {classes - 1}, the number of the class"
            )
    return [int(row[0]) for row in y]


def _loss(name: str, last: str, *, single: bool) -> Loss:
    """Return the loss of that name, which takes what the last layer gives."""
    reduction = "sum" if single else "mean"
    if name == "binary":
        return BinaryCrossEntropy(from_logits=last != "sigmoid", reduction=reduction)
    if name == "multiclass":
        return CrossEntropy(from_logits=last != "softmax", reduction=reduction)
    return SquaredError(half=True, reduction=reduction)


def _checked(path: str, explanations: Sequence[Explanation]) -> int:
    """Print what is to be said of the answers; return the exit code."""
    if len(explanations) > 1:
        raise OptionError(
            "--part", "all", f"one of {', '.join(PARTS)} with --check", "Names of the parts are alike."
        )
    found = check_by_hand(path, explanations[0])
    click.echo(str(found))
    return 0 if found else WRONG


def _write(path: str, explanations: Sequence[Explanation]) -> None:
    if len(explanations) > 1:
        raise OptionError("--part", "all", f"one of {', '.join(PARTS)} with --html", "A page holds one step.")
    target = Path(path)
    if target.suffix not in (".html", ".htm"):
        raise OptionError("--html", path, "the name of a page, as mazur.html")
    if target.is_dir() or not target.parent.is_dir():
        raise FileError(target, "nothing can be written there", "Name a file in a folder that is there.")
    replaced = " (replaced)" if target.exists() else ""
    write_whole(target, explanations[0].html().encode("utf-8"))
    click.echo(f"{target}{replaced}")
