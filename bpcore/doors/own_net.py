"""The step on paper of ``net``, a network of one's own that the command line describes."""

from __future__ import annotations

from bpcore.doors.paper.explain import explain
from bpcore.doors.paper.explanation import Explanation
from bpcore.parts.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from bpcore.parts.perceptron import MLP
from bpcore.words.errors import DataError, OptionError
from bpcore.words.protocols import Static

__all__ = ["LOSSES", "NET", "own_step"]

NET = "net"
LOSSES = ("binary", "multiclass", "squared")
FITTING = {"binary": ("identity", "sigmoid"), "multiclass": ("identity", "softmax")}
"""Last layers that a loss takes; others take all."""

LARGEST_LAYER = 256
"""Units of a layer."""

Rows = list[list[float]]


def own_step(
    *,
    sizes: list[int] | None = None,
    x: Rows | None = None,
    y: Rows | None = None,
    activation: str = "sigmoid",
    output: str | None = None,
    loss: str = "squared",
    seed: int = 0,
    **style: Static,
) -> Explanation:
    """Return the first step of a network.

    Parameters
    ----------
    sizes : list of int
        Inputs, hidden units, outputs.
    x, y : lists of lists of float
        Samples and their targets; for a loss of several classes a target is one number, that of the class.
    activation, output : str
        Of the hidden layers, and of the last one; left out, the last one has what the loss wants.
    loss : "binary", "multiclass" or "squared"
    seed : int
        Of the weights.
    **style
        As for ``bp.explain``.

    Raises
    ------
    DataError
        When sizes, x or y is left out.
    OptionError
        When they do not fit one another.
    """
    if sizes is None or x is None or y is None:
        missing = next(name for name, given in (("sizes", sizes), ("x", x), ("y", y)) if given is None)
        raise DataError(f"--{missing} is missing: net wants all three, as --sizes 2,3,1 --x 1,2 --y 1.")
    _check(sizes, x, y, loss)
    last = output or ("sigmoid" if loss == "squared" else "identity")
    if last not in FITTING.get(loss, (last,)):
        raise OptionError("--output", last, f"{' or '.join(FITTING[loss])} with --loss {loss}")
    net = MLP(sizes, activation=activation, output=last)
    targets: Static = _labels(y, sizes[-1]) if loss == "multiclass" else y
    return explain(net, x, targets, loss=_loss(loss, last, single=len(x) == 1), seed=seed, **style)


def _check(sizes: list[int], x: Rows, y: Rows, loss: str) -> None:
    if max(sizes) > LARGEST_LAYER:
        raise OptionError("--sizes", sizes, f"{LARGEST_LAYER} units a layer at most", "Nobody reads more.")
    if len(y) != len(x):
        wanted = f"{len(x)} targets, one for each sample of --x"
        raise OptionError("--y", y, wanted, "Samples have ; between.")
    if len(x[0]) != sizes[0]:
        raise OptionError("--x", x[0], f"{sizes[0]} numbers, as --sizes has it")
    if loss != "multiclass" and len(y[0]) != sizes[-1]:
        raise OptionError("--y", y[0], f"{sizes[-1]} numbers, as --sizes has it")


def _labels(y: Rows, classes: int) -> list[int]:
    for row in y:
        if len(row) != 1 or row[0] not in range(classes):
            wanted = f"a whole number from 0 to {classes - 1}, the number of the class"
            raise OptionError("--y", row[0], wanted)
    return [int(row[0]) for row in y]


def _loss(name: str, last: str, *, single: bool) -> Loss:
    """Return the loss of that name, which takes what the last layer gives."""
    reduction = "sum" if single else "mean"
    if name == "binary":
        return BinaryCrossEntropy(from_logits=last != "sigmoid", reduction=reduction)
    if name == "multiclass":
        return CrossEntropy(from_logits=last != "softmax", reduction=reduction)
    return SquaredError(half=True, reduction=reduction)
