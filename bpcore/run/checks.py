"""What is looked at before the first step: everything that would make training silently wrong."""

from __future__ import annotations

import math

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.machine.step import Batch
from bpcore.parts.activations import Gelu, Identity, Relu, Sigmoid, Softmax, Tanh
from bpcore.parts.convolution import Conv1D, Conv2D
from bpcore.parts.dropout import Dropout
from bpcore.parts.layers import Chain, Layer, Linear
from bpcore.parts.losses import BinaryLoss, ClassLoss, KLDivergence, Loss
from bpcore.parts.normalization import BatchNorm, LayerNorm
from bpcore.parts.optimizers import LBFGS, Optimizer
from bpcore.parts.wiring import Flatten, Reshape
from bpcore.words.errors import DataError, OptionError, ShapeError
from bpcore.words.protocols import Array, Shape, Tree
from bpcore.words.trees import named_leaves

__all__ = [
    "check_averaged",
    "check_data",
    "check_gathered",
    "check_kinds",
    "check_options",
    "check_pair",
    "check_pairing",
    "check_params",
    "check_searched",
]

UNBOUNDED = (BatchNorm, Conv1D, Conv2D, Gelu, LayerNorm, Linear, Relu, Tanh)
"""Layers whose outputs are no probabilities."""


def check_options(epochs: int, batch_size: int | None, validation: object) -> None:
    """Want whole numbers, and a share between 0 and 1."""
    if type(epochs) is not int or epochs < 1:
        raise OptionError("epochs", epochs, "a whole number, 1 or more")
    if batch_size is not None and (type(batch_size) is not int or batch_size < 1):
        raise OptionError("batch_size", batch_size, "a whole number, 1 or more, or None for all samples")
    if isinstance(validation, float | int) and not 0 < validation < 1:
        raise OptionError("validation", validation, "a share between 0 and 1, a pair (x, y), or None")


def check_kinds(net: object, loss: object, optimizer: object) -> None:
    """Want a network, a loss and an optimizer, made and not only named."""
    for name, part, kind, wanted in (
        ("net", net, Layer, "a layer, as bpcore.MLP([2, 8, 1])"),
        ("loss", loss, Loss, "a loss, as bpcore.CrossEntropy()"),
        ("optimizer", optimizer, Optimizer | LBFGS, "an optimizer, as bpcore.Adam(1e-3)"),
    ):
        if not isinstance(part, kind):
            raise OptionError(name, part, wanted)


def check_averaged(optimizer: Optimizer | LBFGS, validation: object) -> None:
    """Want held-out samples, and an optimizer that averages."""
    if validation is None or getattr(optimizer, "averaging", None) is None:
        wanted = "False without held-out samples and an optimizer with averaging"
        do = "Give validation=, and averaging= to the optimizer."
        raise OptionError("evaluate_averaged", True, wanted, do)


def check_pair(data: object, name: str) -> None:
    """Want samples and targets."""
    if not isinstance(data, tuple | list) or len(data) != 2:  # noqa: PLR2004
        more = f" of {len(data)}" if isinstance(data, tuple | list) else ""
        raise OptionError(name, type(data).__name__ + more, "a pair (x, y)")


def check_params(net: Layer, params: Tree, features: Shape, key: Array) -> None:
    """Want parameters of the names and shapes that the network makes for such samples."""
    wanted = {name: tuple(array.shape) for name, array in named_leaves(net.init(key, features))}
    given = {
        name: tuple(array.shape) if hasattr(array, "shape") else f"a {type(array).__name__}"
        for name, array in named_leaves(params)
    }
    for name in sorted(wanted | given):
        if wanted.get(name) != given.get(name):
            shape = f"shape {wanted[name]}" if name in wanted else f"none, {net} has no such parameter"
            raise ShapeError(f"{name} of params", shape, given.get(name, "none"))


def check_searched(optimizer: object, batch_size: int | None, samples: int) -> None:
    """Want all samples in one batch where a line search goes from one point to the next."""
    if isinstance(optimizer, LBFGS) and batch_size is not None and batch_size < samples:
        do = "Its line search compares losses, which must be those of the same samples."
        raise OptionError("batch_size", batch_size, "None with LBFGS", do)


def check_gathered(optimizer: Optimizer | LBFGS, batch_size: int | None, samples: int, epochs: int) -> None:
    """Want as many batches in the run as the optimizer gathers for a step: with fewer none is ever made."""
    gathered = getattr(optimizer, "accumulate", 1)
    batches = epochs * (1 if batch_size is None else -(-samples // batch_size))
    if gathered > batches:
        raise OptionError("accumulate", gathered, f"at most {batches}, as many as the run has batches")


def check_pairing(net: Layer, loss: Loss) -> None:
    """Refuse probabilities where the loss takes logits, and the reverse: it would learn, but something else.

    Only of layers of which it is known what comes out; of others nothing is said.
    """
    last, name = _last(net), type(loss).__name__
    logits = getattr(loss, "from_logits", None)
    makes = Sigmoid if isinstance(loss, BinaryLoss) else Softmax
    if logits and isinstance(last, makes) and isinstance(loss, BinaryLoss | ClassLoss | KLDivergence):
        do = f"Write {name}(from_logits=False), or leave {last} out of the network."
        raise OptionError(f"{name} after {last}", "from_logits=True", "from_logits=False", do)
    if logits is False and isinstance(last, UNBOUNDED):
        do = f"Write {name}(), or end the network with {makes.__name__}."
        wanted = f"from_logits=True, for what comes out of {last} is no probability"
        raise OptionError(f"{name} after {last}", "from_logits=False", wanted, do)


def _last(net: Layer) -> Layer:
    """Return the last layer that changes numbers, and not only where they stand."""
    if not isinstance(net, Chain):
        return net
    changing = [
        layer for layer in net.layers if not isinstance(layer, Dropout | Flatten | Identity | Reshape)
    ]
    return _last(changing[-1]) if changing else net


def check_data(
    data: Batch, net: Layer, loss: Loss, name: str = "data", features: Shape | None = None
) -> None:
    """Want as many targets as samples, some of each, finite, of shapes and values that the loss can take.

    Parameters
    ----------
    data : pair of arrays
    net : Layer
    loss : Loss
    name : str
        What the data are called in the errors.
    features : tuple of int or None
        The shape of a sample, where it must be that of other data.
    """
    x, y = data
    if x.ndim < 2:  # noqa: PLR2004
        do = "For one feature write x[:, None]; for one sample x[None, :]."
        raise ShapeError(f"x of the {name}", "shape (samples, features)", tuple(x.shape), do)
    if y.ndim < 1 or x.shape[0] != y.shape[0]:
        raise ShapeError(f"y of the {name}", f"{x.shape[0]} targets, one a sample", tuple(y.shape))
    if math.prod(x.shape) == 0:
        raise DataError(f"the {name} hold no numbers: x has shape {tuple(x.shape)}.")
    if features not in (None, tuple(x.shape[1:])):
        raise ShapeError(f"x of the {name}", f"samples of shape {features}", tuple(x.shape))
    output = net.output_shape(tuple(x.shape[1:]))
    loss.check_shapes((x.shape[0], *output), tuple(y.shape))
    _check_finite(f"x of the {name}", x)
    net.check_samples(x)
    _check_finite(f"y of the {name}", y)
    loss.check_targets(y, (x.shape[0], *output))


def _check_finite(name: str, x: Array) -> None:
    xp = array_namespace(x)
    if not xp.isdtype(x.dtype, "real floating") or bool(xp.all(xp.isfinite(x))):
        return
    flat = xp.reshape(xp.astype(xp.isfinite(x), xp.int32), (-1,))
    place, index = int(xp.argmin(flat)), []
    for length in reversed(x.shape):
        place, position = divmod(place, length)
        index.append(position)
    raise DataError(
        f"{name} holds a number that is not finite, first at index {tuple(reversed(index))}: "
        "fill or drop such samples before training."
    )
