"""Signs in the data: columns that say nothing or say too much, and numbers on another scale."""

from __future__ import annotations

from collections.abc import Iterator

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.ground.registry import backend_of
from bpcore.machine.step import Batch
from bpcore.parts.layers import Chain, Layer
from bpcore.parts.losses import ClassLoss, Huber, Loss, MeanAbsoluteError, SquaredError
from bpcore.parts.wiring import Reshape
from bpcore.run.trouble.advice import Advice, threshold
from bpcore.words.protocols import Array

__all__ = ["signs_in_data"]

SAMPLES_OF_A_CLASS = 4
"""With fewer of them, in the mean, columns tell the class by chance."""
SHOWN = 5
"""How many columns are named."""


def signs_in_data(net: Layer, loss: Loss, data: Batch, start: Array) -> Iterator[Advice]:
    """Yield what is to be said of the data.

    Parameters
    ----------
    net : Layer
    loss : Loss
    data : pair (x, y)
    start : array
        The network's outputs for these before training.
    """
    x, y = data[:2]
    if not net.integers:
        rows = array_namespace(x).reshape(x, (x.shape[0], -1))
        plain = x.ndim == 2 and not _reshapes(net)  # noqa: PLR2004 -- (samples, features)
        kind = "column" if plain else "number"
        if x.shape[0] > 1:
            if kind == "column":  # the corners of pictures are constant, and no fault
                yield from _constant(rows)
            classes = start.shape[-1] if isinstance(loss, ClassLoss) and y.ndim == 1 else None
            yield from _leaking(rows, y, kind, classes)
        scales = tuple(_scales(rows, kind))
        yield from scales
    if isinstance(loss, SquaredError | MeanAbsoluteError | Huber):
        yield from _targets(y, start, told=not net.integers and bool(scales))


def _reshapes(net: Layer) -> bool:
    """Return whether its first layer makes pictures of rows: their columns are places."""
    return _reshapes(net.layers[0]) if isinstance(net, Chain) and net.layers else isinstance(net, Reshape)


def _constant(rows: Array) -> Iterator[Advice]:
    xp = array_namespace(rows)
    found = _where(xp.equal(xp.max(rows, axis=0), xp.min(rows, axis=0)))
    if found:
        yield Advice(
            kind="constant_column",
            words=f"{_columns(found)} of x {'is' if len(found) == 1 else 'are'} the same in all samples",
            what_to_do="Leave such columns out: they say nothing, and another value later would mislead.",
            option="columns",
            columns=found,
        )


def _leaking(rows: Array, y: Array, kind: str, classes: int | None) -> Iterator[Advice]:
    """Yield which columns tell the target; not where all do, as of an autoencoder or a line."""
    xp = array_namespace(rows)
    found: set[int] = set()
    if classes is not None and classes * SAMPLES_OF_A_CLASS <= y.shape[0]:
        found |= set(_where(xp.greater(_of_classes(rows, y, classes), threshold("correlation"))))
    elif classes is None:
        targets = xp.astype(xp.reshape(y, (y.shape[0], -1)), rows.dtype)
        for i in range(min(targets.shape[1], 16)):
            likeness = xp.abs(_correlation(rows, targets[:, i : i + 1]))
            found |= set(_where(xp.greater(likeness, threshold("correlation"))))
    if 0 < len(found) < rows.shape[1]:
        names = tuple(sorted(found))
        verb = "is" if len(names) == 1 else "are"
        yield Advice(
            kind="leakage",
            words=f"{_columns(names, kind)} of x {verb} the target, up to a scale",
            what_to_do="Leave such columns out, unless they are known before the target is.",
            option="columns",
            columns=names,
        )


def _of_classes(rows: Array, labels: Array, classes: int) -> Array:
    """Return the correlation ratio of each column: 1 where all samples of a class have one number.

    So a label is seen however its classes are numbered, and in columns of zeros and ones.

    References
    ----------
    K. Pearson (1905), "On the general theory of skew correlation and non-linear regression".
    """
    xp = array_namespace(rows)
    numbers = xp.arange(classes, dtype=labels.dtype, device=device_of(labels))
    member = xp.astype(xp.equal(labels[:, None], numbers), rows.dtype)
    count = xp.sum(member, axis=0)
    off = xp.subtract(rows, xp.mean(rows, axis=0, keepdims=True))
    sums = xp.matmul(xp.matrix_transpose(member), off)
    between = xp.sum(xp.divide(xp.square(sums), xp.maximum(count, xp.ones_like(count))[:, None]), axis=0)
    whole = xp.sum(xp.square(off), axis=0)
    some = xp.greater(whole, 0.0)
    return xp.where(some, xp.sqrt(xp.divide(between, xp.where(some, whole, 1.0))), 0.0)


def _correlation(rows: Array, target: Array) -> Array:
    """Return the correlation of each column with the target; 0 for one that is constant."""
    xp = array_namespace(rows)
    a = xp.subtract(rows, xp.mean(rows, axis=0, keepdims=True))
    b = xp.subtract(target, xp.mean(target, axis=0, keepdims=True))
    sizes = xp.sqrt(xp.multiply(xp.sum(xp.square(a), axis=0), xp.sum(xp.square(b))))
    some = xp.greater(sizes, 0.0)
    return xp.where(some, xp.divide(xp.sum(xp.multiply(a, b), axis=0), xp.where(some, sizes, 1.0)), 0.0)


def _scales(rows: Array, kind: str) -> Iterator[Advice]:
    """Yield which columns are large, or that all are small: among others a small one may be rare."""
    xp = array_namespace(rows)
    sizes = xp.sqrt(xp.mean(xp.square(rows), axis=0))
    found = _where(xp.greater(sizes, threshold("feature scale")))
    largest = _number(xp.max(sizes))
    if 0 < largest < threshold("small features"):
        found = tuple(range(rows.shape[1]))
    if found:
        yield Advice(
            kind="feature_scale",
            words=f"{_columns(found, kind)} of x {'has' if len(found) == 1 else 'have'} numbers of size "
            f"{largest:.3g}",
            what_to_do="Bring the features to mean 0 and standard deviation 1.",
            option="inputs",
            columns=found,
        )


def _targets(y: Array, start: Array, *, told: bool) -> Iterator[Advice]:
    """Yield what is to be said of the targets; of outputs that are too large, only if no feature is."""
    xp = array_namespace(start)
    y = xp.astype(y, start.dtype)
    size, first = (_number(xp.sqrt(xp.mean(xp.square(array)))) for array in (y, start))
    away = _number(xp.mean(y))
    spread = _number(xp.std(y))
    scale = max(first, 1.0)
    small = 0 < size < threshold("small targets") * first and not told
    if size > threshold("target scale") * scale or small:
        yield Advice(
            kind="target_scale",
            words=f"the targets have mean {away:.3g} and standard deviation {spread:.3g}, the outputs began "
            f"at size {first:.3g}",
            what_to_do="Bring the targets to mean 0 and standard deviation 1, and the predictions back.",
            option="targets",
        )


def _where(flags: Array) -> tuple[int, ...]:
    found = backend_of(flags).to_host(flags).tolist()
    return tuple(i for i, flag in enumerate(found) if flag)


def _columns(numbers: tuple[int, ...], kind: str = "column") -> str:
    shown = ", ".join(map(str, numbers[:SHOWN])) + ", ..." * (len(numbers) > SHOWN)
    return f"{kind} {shown}" if len(numbers) == 1 else f"{len(numbers)} {kind}s ({shown})"


def _number(x: Array) -> float:
    return float(backend_of(x).to_host(x))


def thinned(data: Batch, most: int) -> Batch:
    """Return at most so many of the samples, taken at equal distances."""
    x = data[0]
    apart = -(-x.shape[0] // most)
    if apart <= 1:
        return data
    xp = array_namespace(x)
    chosen = xp.arange(0, x.shape[0], apart, dtype=xp.int32, device=device_of(x))
    return tuple(xp.take(part, chosen, axis=0) for part in data)
