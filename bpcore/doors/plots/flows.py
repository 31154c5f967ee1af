"""How gradients thin out: by layer of a network, and along a chain of single units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bpcore.derivatives.transforms.gradients import grad
from bpcore.doors.plots.canvas import BLUE, GREY, RED, canvas
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.activations import activation_named
from bpcore.parts.layers import Layer
from bpcore.run.trouble.flow import LayerFlow
from bpcore.run.trouble.flow import gradient_flow as flow_of
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Array, Tree

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["chain_derivatives", "gradient_flow", "vanishing_chain"]

STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "identity": 1.0}
"""The largest derivative of an activation: the chain's is at most that to the power of its length."""

START = 0.5
"""What goes into the chain."""


def gradient_flow(
    flow: Sequence[LayerFlow] | Layer, /, *rest: Any, state: Tree = None, ax: Axes | None = None
) -> Axes:
    """Draw the norms of each layer's weight and gradient, and their ratio.

    Parameters
    ----------
    flow : sequence of LayerFlow, or Layer
        As from ``bp.gradient_flow``; or a network, and then what that is called with.
    *rest
        After a network: ``params, x, y, loss``.
    state : tree of arrays, or None
        After a network: what its layers carry, as a Run has it.
    ax : Axes or None
        Where to draw; left out, a figure of its own.

    Returns
    -------
    Axes
        Logarithmic; the ratio stands above each layer.

    Raises
    ------
    DataError
        When no layer has a weight.
    LibraryMissing
        When matplotlib is not installed.
    """
    layers = flow_of(flow, *rest, state=state) if isinstance(flow, Layer) else tuple(flow)
    if not layers:
        raise DataError("no layer has a weight: there is no gradient flow to draw.")
    ax = canvas(ax, 7, 4.6)
    places = list(range(len(layers)))
    for shift, colour, word in ((-0.2, BLUE, "weight"), (0.2, RED, "gradient")):
        norms = [getattr(layer, word) for layer in layers]
        ax.bar([place + shift for place in places], norms, 0.38, color=colour, label=f"norm of the {word}")
    low = 0.0
    if any(norm > 0 for layer in layers for norm in (layer.weight, layer.gradient)):
        ax.set_yscale("log")
        low, high = ax.get_ylim()
        low = low / (high / low) ** 0.1
        ax.set_ylim(low, high * (high / low) ** 0.2)
    for place, layer in zip(places, layers, strict=True):
        top = max(layer.weight, layer.gradient, low)
        words = f"ratio\n{layer.ratio:.3g}"
        ax.annotate(words, (place, top), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=9)
    ax.set_xticks(places, [layer.name.replace(" ", "\n", 1) for layer in layers])
    ax.set(title="Gradient flow, from the first layer to the last", ylabel="norm")
    ax.grid(alpha=0.3, axis="y")
    ax.set_axisbelow(True)
    ax.legend(loc="upper right", ncols=2)
    return ax


def chain_derivatives(activation: str = "sigmoid", units: int = 10) -> list[float]:
    """Return the derivative of a chain of 1, 2, ... `units` activations by what goes in, 0.5.

    Each unit has one input of weight 1 and no bias: ``a_l = f(a_(l-1))``.

    Parameters
    ----------
    activation : str
        As for ``bp.MLP``.
    units : int >= 1

    Returns
    -------
    list of float
        In float64, by ``bp.grad``.

    Examples
    --------
    >>> from bpcore.doors.plots.flows import chain_derivatives
    >>> print(f"{chain_derivatives()[-1]:.3g}")
    3.48e-07
    """
    if type(units) is not int or units < 1:
        raise OptionError("units", units, "a whole number, 1 or more")
    layer = activation_named(activation)
    host = find_backend("numpy")
    start = host.asarray([START], dtype=host.dtype("float64"))

    def chain(a: Array, length: int) -> Array:
        for _ in range(length):
            a = layer({}, a)
        return a[0]

    return [float(grad(chain)(start, length)[0]) for length in range(1, units + 1)]


def vanishing_chain(activation: str = "sigmoid", units: int = 10, *, ax: Axes | None = None) -> Axes:
    """Draw how the derivative through a chain of single units vanishes, beside its bound.

    Parameters
    ----------
    activation, units
        As for `chain_derivatives`.
    ax : Axes or None
        Where to draw; left out, a figure of its own.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        When the activation is not known, or `units` is no number of units.
    LibraryMissing
        When matplotlib is not installed.

    Notes
    -----
    The derivative of a logistic unit is at most 1/4, so that of n in a row is at most ``4**-n``.
    """
    found = chain_derivatives(activation, units)
    ax = canvas(ax, 6.4, 4.4)
    lengths = list(range(1, units + 1))
    ax.plot(lengths, found, "o-", color=BLUE, label=f"{activation}, from {START}")
    if activation in STEEPEST:
        steepest = STEEPEST[activation]
        word = r"bound $4^{-n}$" if activation == "sigmoid" else f"bound {steepest:g}"
        ax.plot(lengths, [steepest**n for n in lengths], "--", color=GREY, label=word)
    if all(derivative > 0 for derivative in found):
        ax.set_yscale("log")
    place = {"xytext": (-8, -8), "textcoords": "offset points", "ha": "right", "color": RED}
    ax.annotate(f"{found[-1]:.3g}", (units, found[-1]), **place)
    ax.set(title="The derivative through a chain of units", xlabel="units", ylabel=r"$da_n / da_0$")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.margins(y=0.12)
    ax.grid(alpha=0.3)
    ax.legend(loc="best")
    return ax
