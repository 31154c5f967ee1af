"""``bpcore plot``: pictures of data, of a training, and of a step on paper, each into a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bpcore.doors.number_lists import FAR, numbers, pair, rows, sizes
from bpcore.doors.one_line import Door, number
from bpcore.words.errors import choose

__all__ = ["plot"]

Command = TypeVar("Command", bound=Callable[..., Any])


class Kinds(Door):
    """The kinds of pictures; a misspelt one is answered with the near one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the kind, or name the near one."""
        if not args[0].startswith("-"):
            choose("KIND", args[0], self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.group(cls=Kinds, invoke_without_command=True, short_help="Draw a picture into a file.")
@click.pass_context
def plot(context: click.Context) -> None:
    """Draw a picture into a file.

    \b
    bpcore plot boundary spiral.safetensors      what a network of bpcore train answers where
    bpcore plot film spiral.safetensors          how that came about: it is trained again
    bpcore plot curves spiral.safetensors        loss and accuracy, spikes marked
    bpcore plot graph mazur --path w5            a step on paper as a graph
    bpcore plot KIND --help                      what one kind of picture takes

    Pictures want matplotlib: python -m pip install "bpcore[plot]".
    """  # noqa: D301 -- \b is click's mark for lines that stay as they are
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _picture(text: str) -> Callable[[Command], click.Command]:
    """Return what makes a kind of picture of a function: its options, and where the picture goes."""

    def made(function: Command) -> click.Command:
        decorate = click.option("--dpi", type=float, callback=number(10, 1000), help="Dots an inch.")(
            function
        )
        named = (
            "One that is there is replaced. Left out: a name made of the subject and the kind, with a number "
            "if that is taken."
        )
        decorate = click.option("--output", metavar="FILE", help=named)(decorate)
        return plot.command(short_help=text)(decorate)

    return made


_data = click.option("--data", metavar="FILE", help="The data that it was trained on, where it is not found.")
_target = click.option("--target", metavar="NAME", help="Which of several targets, as XOR of gates.")
_form = click.option("--form", metavar="[elements|matrices]", help="Left out: as the lesson is written.")


def _step(function: Command) -> Command:
    """Give a command the options that say which step on paper is meant."""
    for option in (
        click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Of net: its weights."),
        click.option("--y", metavar="Y,Y", callback=rows, help="Of net: its targets."),
        click.option("--x", metavar="X,X", callback=rows, help="Of net: one sample, or several."),
        click.option("--sizes", metavar="N,N,N", callback=sizes, help="Of net: inputs, units, outputs."),
        click.option("--part", metavar="WORD", help="Of the course, as linear."),
        click.option("--path", metavar="NAME", help="A quantity, as w5, whose gradient is followed."),
        click.argument("name", default="mazur"),
    ):
        function = option(function)
    return function


@_picture("Samples of two features, by class.")
@click.argument("source", default="spiral")
@click.option("--features", metavar="A,B", help="Two columns, where there are more.")
@_target
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the spiral.")
def data(source: str, **options: Any) -> None:
    """Draw the samples of SOURCE: spiral, gates, iris, or a CSV, NPZ or Parquet file."""
    from bpcore.doors.pictures.of_data import data_picture

    click.echo(data_picture(source, **options))


@_picture("What a network answers where.")
@click.argument("model")
@_data
@_target
def boundary(model: str, **options: Any) -> None:
    """Draw the decision boundary of MODEL, a file of bpcore train, and its samples; two features only."""
    from bpcore.doors.pictures.of_models import boundary_picture

    click.echo(boundary_picture(model, **options))


@_picture("How a boundary came about, as a GIF.")
@click.argument("model")
@_data
@_target
@click.option("--frames", type=click.IntRange(2, 500), default=50, show_default=True)
def film(model: str, **options: Any) -> None:
    """Train MODEL again, and film its decision boundary; two features only."""
    from bpcore.doors.pictures.of_models import film_picture

    click.echo(film_picture(model, **options))


@_picture("Loss and accuracy over the epochs.")
@click.argument("model")
def curves(model: str, **options: Any) -> None:
    """Draw loss and accuracy of MODEL, with the epochs at which the loss rose and came back."""
    from bpcore.doors.pictures.of_models import curves_picture

    click.echo(curves_picture(model, **options))


@_picture("The notebook's figure of four pictures.")
@click.argument("model")
@_data
@_target
def figure(model: str, **options: Any) -> None:
    """Draw data, boundary, loss and accuracy of MODEL, two by two; two features only."""
    from bpcore.doors.pictures.of_models import figure_picture

    click.echo(figure_picture(model, **options))


@_picture("Gradients by layer.")
@click.argument("model")
@_data
def flow(model: str, **options: Any) -> None:
    """Draw the norms of weights and gradients of MODEL, layer by layer."""
    from bpcore.doors.pictures.of_models import flow_picture

    click.echo(flow_picture(model, **options))


@_picture("Learning rates beside one another.")
@click.argument("source", default="spiral")
@click.option("--rates", metavar="R,R", default="0.01,0.03,0.1,0.3,1,3", show_default=True, callback=numbers)
@click.option("--epochs", type=click.IntRange(min=1), default=300, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def rates(source: str, **options: Any) -> None:
    """Train on SOURCE by plain descent at several rates from one start, and draw where each leads."""
    from bpcore.doors.pictures.of_data import rates_picture

    click.echo(rates_picture(source, **options))


@_picture("The derivative through a chain of units.")
@click.option("--activation", metavar="NAME", default="sigmoid", show_default=True)
@click.option("--units", type=click.IntRange(1, 200), default=10, show_default=True)
def vanishing(**options: Any) -> None:
    """Draw how the derivative through 1, 2, 3 ... units of weight 1 vanishes."""
    from bpcore.doors.pictures.of_lessons import vanishing_picture

    click.echo(vanishing_picture(**options))


@_picture("The course's loss over its two weights.")
@click.option("--rate", type=float, callback=number(0, FAR), default=0.01, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--start", metavar="W1,W2", default="2,0.5", show_default=True, callback=pair)
@click.option("--w1", metavar="LOW,HIGH", default="1.6,4.2", show_default=True, callback=pair)
@click.option("--w2", metavar="LOW,HIGH", default="0.2,3.8", show_default=True, callback=pair)
@click.option("--flat", is_flag=True, help="From above, with lines of equal loss.")
@click.option("--zoom", is_flag=True, help="The last steps, from above.")
def surface(**options: Any) -> None:
    """Draw (2 w1 w2 - 20)^2 / 2, the loss of the course's linear network, and the path of descent."""
    from bpcore.doors.pictures.of_lessons import surface_picture

    click.echo(surface_picture(**options))


@_picture("The loss along one output, with its tangent.")
@click.option(
    "--at", type=float, callback=number(-FAR, FAR), default=0.547053, show_default=True, help="The output."
)
@click.option("--target", type=float, callback=number(-FAR, FAR), default=1.0, show_default=True)
def tangent(**options: Any) -> None:
    """Draw half the squared error along one output; the course's second network unless told."""
    from bpcore.doors.pictures.of_lessons import tangent_picture

    click.echo(tangent_picture(**options))


@_picture("A step on paper as a graph.")
@_step
@_form
def graph(name: str, **options: Any) -> None:
    """Draw the computation graph of NAME: mazur, svpino, course, spiral, or net, one of your own."""
    from bpcore.doors.pictures.of_lessons import graph_picture

    click.echo(graph_picture(name, **options))


@_picture("The network of a step on paper.")
@_step
def network(name: str, **options: Any) -> None:
    """Draw the network of NAME, circles by layer: mazur, svpino, course, or net, one of your own."""
    from bpcore.doors.pictures.of_lessons import network_picture

    click.echo(network_picture(name, **options))
