"""A network, its loss and one batch, as what is explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.paper.making import Subject
from bpcore.doors.paper.naming import Names, named
from bpcore.doors.paper.sheet import element_names
from bpcore.doors.paper.terms import Symbol
from bpcore.parts.activations import Activation, Identity
from bpcore.parts.layers import Chain, Layer, Linear, computes_as
from bpcore.parts.losses import BinaryCrossEntropy, Loss
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["NetNames", "network_subject"]


@dataclass(frozen=True, kw_only=True)
class NetNames:
    """The reader's names in a network; what is left out is numbered by layers.

    Attributes
    ----------
    x, y : Names
        Of the batch: inputs and targets.
    weights, biases : sequence of Names, or None
        One for each linear layer, in bpcore's layout: a weight is (inputs, outputs).
    outputs : sequence of Names, or None
        One for each layer that computes something.
    each : Names or None
        Of the loss's terms, where they have a name by themselves.
    loss : str
    aliases : mapping of str to str
        Of derivatives, by their systematic names, as ``{"dE/dnet_o1": "delta_o1"}``.
    """

    x: Names = "x"
    y: Names = "y"
    weights: Sequence[Names] | None = None
    biases: Sequence[Names] | None = None
    outputs: Sequence[Names] | None = None
    each: Names | None = None
    loss: str = "L"
    aliases: Mapping[str, str] = field(default_factory=dict)


def network_subject(
    net: Layer,
    params: Tree,
    x: Array,
    y: Array,
    *,
    loss: Loss,
    names: NetNames | None = None,
    learned: Callable[[Symbol], bool] = lambda symbol: True,
    title: str | None = None,
    also: tuple[tuple[str, str], ...] = (),
) -> Subject:
    """Return one step of a network as a subject.

    Raises
    ------
    OptionError
        When it is no chain of layers, or has layers whose parameters are not those of `Linear`.
    """
    layers = net.layers if computes_as(net, Chain) else (net,)
    chosen = names or NetNames()
    loss = loss.trusting()  # what is on paper was checked
    logits = getattr(loss, "from_logits", False)
    outputs = _output_names(layers, chosen, logits=logits)
    params = params if computes_as(net, Chain) else [params]
    given, weights = _given_names(layers, params, chosen)

    def f(params: Tree, x: Array, y: Array) -> Array:
        for layer, its_params, name in zip(layers, params, outputs, strict=True):
            x = layer(its_params, x)
            if name is not None:
                x = named(name, x)
        xp = array_namespace(x)
        if logits:
            named("y_hat", xp.expit(x) if isinstance(loss, BinaryCrossEntropy) else xp.softmax(x, axis=-1))
        if chosen.each is None:
            return named(chosen.loss, loss(x, y))
        each = named(chosen.each, loss.each(xp, x, y))
        return named(chosen.loss, xp.mean(each) if loss.reduction == "mean" else xp.sum(each))

    parameters = {symbol for name, shape in weights for symbol in element_names(name, shape).values()}
    whole = {Symbol(name) for name, _ in weights if isinstance(name, str)}
    return Subject(
        title=title or str(net),
        f=f,
        args=(params, x, y),
        names=(*given, chosen.x, chosen.y),
        result=chosen.loss,
        by=lambda symbol: symbol in parameters or symbol in whole,
        learned=learned,
        aliases=chosen.aliases,
        also=also,
        transposed=_transposed(weights),
    )


def _output_names(layers: Sequence[Layer], chosen: NetNames, *, logits: bool) -> list[Names | None]:
    """Return a name for the output of each layer; none for a layer that computes nothing.

    The last is ``y_hat``, unless the loss takes logits.
    """
    computing = [layer for layer in layers if not isinstance(layer, Identity)]
    if chosen.outputs is not None:
        if len(chosen.outputs) != len(computing):
            raise OptionError("outputs", list(chosen.outputs), f"{len(computing)} names, one for each layer")
        given = iter(chosen.outputs)
        return [None if isinstance(layer, Identity) else next(given) for layer in layers]
    found: list[Names | None] = []
    depth = 0
    for layer in layers:
        if isinstance(layer, Identity):
            found.append(None)
            continue
        active = isinstance(layer, Activation)
        depth += not active or not found
        found.append(f"a{depth}" if active else f"z{depth}")
    last = max((place for place, name in enumerate(found) if name is not None), default=None)
    if last is not None and not logits:
        found[last] = "y_hat"
    return found


def _given_names(
    layers: Sequence[Layer], params: Tree, chosen: NetNames
) -> tuple[list[Names], list[tuple[Names, tuple[int, ...]]]]:
    """Return names for the leaves of the parameters, in their order, and those of weights with shapes."""
    given: list[Names] = []
    shaped: list[tuple[Names, tuple[int, ...]]] = []
    depth = 0
    for layer, its_params in zip(layers, params, strict=True):
        if not leaves(its_params):
            continue
        if not computes_as(layer, Linear):
            raise OptionError(
                "net", str(layer), "made of Linear layers and activations",
                "Give other layers as a function of arrays, with bpcore.named for what is to have a name.",
            )  # fmt: skip
        for key, names, letter in (("bias", chosen.biases, "b"), ("weight", chosen.weights, "w")):
            if key in its_params:  # the order in which a dict's leaves are taken
                if names is not None and depth >= len(names):
                    raise OptionError(f"names of the {key}s", list(names), "one name for each linear layer")
                name = f"{letter}{depth + 1}" if names is None else names[depth]
                given.append(name)
                shaped.append((name, tuple(its_params[key].shape)))
        depth += 1
    return given, shaped


def _transposed(weights: Sequence[tuple[Names, tuple[int, ...]]]) -> dict[Symbol, Symbol]:
    """Return, for each element of a weight, the one that stands there when the matrix is turned."""
    found = {}
    for name, shape in weights:
        symbols = element_names(name, shape) if len(shape) == 2 else {}  # noqa: PLR2004
        for (i, j), symbol in symbols.items():
            other = symbols.get((j, i), symbol)
            if other != symbol:
                found[symbol] = other
    return found
