"""Where in memory the element of an index lies: shapes, strides, and the text of an address."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from bpcore_cupy.elements.kernel import Layout

__all__ = ["View", "broadcast", "contiguous", "fits", "view_of"]

LARGEST = 2**31
"""Below it, indices and offsets are 32 bits wide."""


class View(NamedTuple):
    """A shape, and how far it is from one element to the next along each axis.

    Attributes
    ----------
    shape, strides : tuple of int
    offset : int
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def size(self) -> int:
        """How many elements there are."""
        return prod(self.shape)

    @property
    def reach(self) -> int:
        """A bound on how far from the pointer an element lies."""
        steps = sum(max(n - 1, 0) * abs(s) for n, s in zip(self.shape, self.strides, strict=True))
        return abs(self.offset) + steps

    def collapsed(self) -> View:
        """Return the view with as few axes as its elements, in C order, can be walked with."""
        shape: list[int] = []
        strides: list[int] = []
        for n, s in zip(self.shape, self.strides, strict=True):
            if n == 1:
                continue
            if shape and strides[-1] == s * n:
                shape[-1], strides[-1] = shape[-1] * n, s
            else:
                shape.append(n)
                strides.append(s)
        return View(tuple(shape), tuple(strides), self.offset)

    def is_plain(self) -> bool:
        """Tell whether its elements lie in order, without gaps, from the pointer on."""
        flat = self.collapsed()
        return flat.offset == 0 and flat.strides in {(), (1,)}

    def permuted(self, axes: list[int]) -> View:
        """Return the view with its axes in another order."""
        return View(tuple(self.shape[a] for a in axes), tuple(self.strides[a] for a in axes), self.offset)

    def text(self, index: str) -> str:
        """Return where the element lies whose number in C order is `index`, as an expression."""
        flat = self.collapsed()
        if flat.size == 0:
            return "0"
        if flat.strides == (1,):
            return index if flat.offset == 0 else f"(bp_offset)({index}) + {flat.offset}"
        terms: list[str] = []
        inside = flat.size
        for axis, (n, s) in enumerate(zip(flat.shape, flat.strides, strict=True)):
            inside //= n
            if s == 0:
                continue
            at = index if inside == 1 else f"{index} / {inside}u"
            at = at if axis == 0 else f"{at} % {n}u"
            terms.append(f"(bp_offset)({at})" + ("" if s == 1 else f" * ({s})"))
        if flat.offset or not terms:
            terms.append(str(flat.offset))
        return " + ".join(terms)


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of C order."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def view_of(shape: tuple[int, ...], layout: Layout | None) -> View:
    """Return how an array of a shape lies; in C order, where nothing else is said."""
    if layout is None:
        return View(shape, contiguous(shape))
    return View(shape, tuple(layout.strides), layout.offset)


def broadcast(view: View, shape: tuple[int, ...]) -> View:
    """Return the view with the axes of length 1 that it has not, or that are longer, repeated."""
    missing = len(shape) - len(view.shape)
    strides = [
        0 if n == 1 != wanted else s
        for n, s, wanted in zip(view.shape, view.strides, shape[missing:], strict=True)
    ]
    return View(tuple(shape), (0,) * missing + tuple(strides), view.offset)


def fits(views: list[View]) -> bool:
    """Tell whether 32 bits are enough for every index and offset."""
    return all(view.size < LARGEST and view.reach < LARGEST for view in views)
