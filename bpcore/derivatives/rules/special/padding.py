"""Making an array longer at its ends, with a number or with its own values."""

from __future__ import annotations

from collections.abc import Sequence

from bpcore.derivatives.rules.function import function
from bpcore.words.errors import ShapeError, choose
from bpcore.words.protocols import Array, Namespace

__all__ = ["FUNCTIONS", "Widths", "checked_pairs", "pairs_of"]

Widths = int | tuple[int, int] | Sequence[tuple[int, int]]
MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def pairs_of(where: str, widths: Widths, ndim: int) -> tuple[tuple[int, int], ...]:
    """Return how much each axis grows before and after: one number, one pair, or a pair for each axis."""
    if isinstance(widths, int):
        pairs: Sequence[Sequence[int]] = [(widths, widths)] * ndim
    elif all(isinstance(width, int) for width in widths):
        pairs = [tuple(widths)] * ndim  # type: ignore[arg-type]
    else:
        pairs = widths  # type: ignore[assignment]
    if len(pairs) != ndim or any(len(pair) != 2 or min(pair) < 0 for pair in pairs):
        raise ShapeError(where, f"a width, a pair, or {ndim} pairs of them, none negative", widths)
    return tuple((int(before), int(after)) for before, after in pairs)


def checked_pairs(x: Array, widths: Widths, mode: str) -> tuple[tuple[int, int], ...]:
    """Return how much each axis of `x` grows; refuse what cannot be done."""
    choose("mode", mode, MODES)
    pairs = pairs_of("pad", widths, x.ndim)
    if mode != "constant" and any(n == 0 and sum(pair) for n, pair in zip(x.shape, pairs, strict=True)):
        raise ShapeError(f'pad with mode "{mode}"', "axes that are not empty", tuple(x.shape))
    return pairs


def pad(
    xp: Namespace, x: Array, widths: Widths, /, *, mode: str = "constant", constant_values: float = 0
) -> Array:
    """Return `x` with more at its ends, axis by axis."""
    pairs = checked_pairs(x, widths, mode)
    if mode == "constant" and constant_values == 0:
        shape = tuple(before + n + after for n, (before, after) in zip(x.shape, pairs, strict=True))
        return xp.slice_scatter(x, key=_inner(tuple(x.shape), pairs), shape=shape)
    if not any(map(sum, pairs)):
        return xp.asarray(x, copy=True)
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            x = _longer(xp, x, axis, (before, after), mode, constant_values)
    return x


def _longer(
    xp: Namespace, x: Array, axis: int, pair: tuple[int, int], mode: str, constant_values: float
) -> Array:
    if mode != "constant":
        return xp.take(x, _places(xp, x, x.shape[axis], pair, mode), axis=axis)
    ends = [
        xp.full(
            (*x.shape[:axis], width, *x.shape[axis + 1 :]),
            constant_values,
            dtype=x.dtype,
            device=getattr(x, "device", None),
        )
        for width in pair
    ]
    return xp.concat([ends[0], x, ends[1]], axis=axis)


def _inner(shape: tuple[int, ...], pairs: Sequence[tuple[int, int]]) -> tuple[slice, ...]:
    return tuple(slice(before, before + n) for n, (before, _) in zip(shape, pairs, strict=True))


def _places(xp: Namespace, x: Array, n: int, pair: tuple[int, int], mode: str) -> Array:
    """Return the places along an axis of length n that are read from end to end."""
    places = [_place(i, n, mode) for i in range(-pair[0], n + pair[1])]
    return xp.asarray(places, dtype=xp.int32, device=getattr(x, "device", None))


def _place(i: int, n: int, mode: str) -> int:
    """Return the place of an axis of length n that stands at place i of the endless one."""
    if mode == "edge":
        return min(max(i, 0), n - 1)
    if mode == "wrap":
        return i % n
    period = max(2 * (n - 1), 1) if mode == "reflect" else 2 * n
    i %= period
    return i if i < n else 2 * n - 1 - i - (mode == "reflect")


def _back(
    xp: Namespace, g: Array, y: Array, x: Array, widths: Widths, *, mode: str = "constant",
    constant_values: float = 0,
) -> Array:  # fmt: skip
    """Cut off what was a number; add what was a value to where it came from."""
    pairs = pairs_of("pad", widths, x.ndim)
    if mode == "constant":
        return xp.getitem(g, key=_inner(tuple(x.shape), pairs))
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            n = x.shape[axis]
            shape = (*g.shape[:axis], n, *g.shape[axis + 1 :])
            zeros = xp.zeros(shape, dtype=g.dtype, device=getattr(g, "device", None))
            g = xp.index_add(zeros, _places(xp, x, n, (before, after), mode), g, axis=axis)
    return g


FUNCTIONS = (function("pad", _back, None, compute=pad),)
