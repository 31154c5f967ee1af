"""Products of arrays, convolution, and the error function."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_letters

from bpcore.derivatives.rules.special.windows import windows_of
from bpcore.doors.export.graphs.call import Call, Writer
from bpcore.doors.export.graphs.shapes import cut
from bpcore.doors.export.graphs.sizes import fixed

__all__ = ["FLOAT32", "WRITERS"]


def _matmul(call: Call) -> str:
    return call.graph.node("MatMul", call.operand(0), call.operand(1))


def _einsum(call: Call) -> str:
    text = "".join(str(call.inputs[0]).split())
    places, terms = range(1, len(call.inputs)), text.partition("->")[0].split(",")
    dots = [len(x.shape) - len(term.replace("...", "")) for x, term in zip(call.arrays, terms, strict=True)]
    names = [
        _with_axes(call, place, max(dots) - more if "..." in term else 0, term.find("..."))
        for place, term, more in zip(places, terms, dots, strict=True)
    ]
    return call.graph.node("Einsum", *names, equation=text)


def _with_axes(call: Call, place: int, count: int, where: int) -> str:
    """Write an operand with as many axes under its dots as the others have."""
    x = call.operand(place)
    return call.graph.node("Unsqueeze", x, call.graph.ints(*range(where, where + count))) if count else x


def _tensordot(call: Call) -> str:
    axes, (a, b) = call.option("axes", default=2), call.arrays
    m, n = len(a.shape), len(b.shape)
    pairs = (range(m - axes, m), range(axes)) if isinstance(axes, int) else axes
    left, right = list(ascii_letters[:m]), list(ascii_letters[m : m + n])
    for i, j in zip(*pairs, strict=True):
        right[j] = left[i]
    shared = set(left) & set(right)
    rest = [letter for letter in (*left, *right) if letter not in shared]
    text = f"{''.join(left)},{''.join(right)}->{''.join(rest)}"
    return call.graph.node("Einsum", call.operand(0), call.operand(1), equation=text)


def _vecdot(call: Call) -> str:
    axis = call.option("axis", default=-1)
    product = call.graph.node("Mul", call.operand(0), call.operand(1))
    return call.graph.node("ReduceSum", product, call.graph.ints(axis), keepdims=0)


def _diagonal(summed: str) -> Writer:
    """Return a writer for the diagonal of the last two axes, or its sum."""

    def write(call: Call) -> str:
        offset = call.option("offset", default=0)
        down, right = max(-offset, 0), max(offset, 0)
        count = max(min(call.length(-2) - down, call.length(-1) - right), 0)
        x = cut(call, call.operand(0), (down, right), (down + count, right + count), (-2, -1), (1, 1))
        return call.graph.node("Einsum", x, equation=f"...ii->...{summed}")

    return write


def _cross(call: Call) -> str:
    axis, node = call.option("axis", default=-1), call.graph.node

    def turned(place: int, first: int) -> str:
        x = call.operand(place)
        parts = (cut(call, x, [start], [end], [axis], [1]) for start, end in ((first, 3), (0, first)))
        return node("Concat", *parts, axis=axis)

    one = node("Mul", turned(0, 1), turned(1, 2))
    return node("Sub", one, node("Mul", turned(0, 2), turned(1, 1)))


def _conv(call: Call) -> str:
    x, w = call.arrays
    shape = (1, *(fixed(size, "the size of an image") for size in x.shape[1:]))
    options = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | dict(call.static)
    windows = windows_of(shape, tuple(fixed(size, "the size of a window") for size in w.shape), **options)
    before, after = zip(*windows.padding, strict=True)
    return call.graph.node(
        "Conv",
        call.operand(0),
        call.operand(1),
        strides=list(windows.stride),
        dilations=list(windows.dilation),
        pads=[*before, *after],
        group=options["groups"],
    )


def _erf(call: Call) -> str:
    return call.graph.node("Erf", call.operand(0))


WRITERS: Mapping[str, Writer] = {
    "matmul": _matmul,
    "einsum": _einsum,
    "tensordot": _tensordot,
    "vecdot": _vecdot,
    "linalg.diagonal": _diagonal("i"),
    "linalg.trace": _diagonal(""),
    "conv": _conv,
    "erf": _erf,
    "linalg.cross": _cross,
}

FLOAT32 = frozenset({"conv", "erf"})
"""Operators that runtimes have in float32; elsewhere the functions are written out."""
