"""Where in memory the element of an index lies: shapes, strides, and the text of an address."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.program.plan.strided import Strided, contiguous_strides
from bpcore_cupy.elements.kernel import Layout

__all__ = ["View", "fits", "view_of"]

LARGEST = 2**31
"""Below it, indices and offsets are 32 bits wide."""


@dataclass(frozen=True, slots=True)
class View(Strided):
    """A view that is counted from the pointer that a kernel is given."""

    @property
    def reach(self) -> int:
        """A bound on how far from the pointer an element lies."""
        steps = sum(max(n - 1, 0) * abs(s) for n, s in zip(self.shape, self.strides, strict=True))
        return abs(self.offset) + steps

    @property
    def is_plain(self) -> bool:
        """Whether its elements lie in order, without gaps, from the pointer on."""
        return self.offset == 0 and self.is_contiguous

    def text(self, index: str) -> str:
        """Return where the element lies whose number in C order is `index`, as an expression."""
        flat = self.collapsed()
        if flat.count == 0:
            return "0"
        if flat.strides == (1,):
            return index if flat.offset == 0 else f"(bp_offset)({index}) + {flat.offset}"
        terms: list[str] = []
        inside = flat.count
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


def view_of(shape: tuple[int, ...], layout: Layout | None) -> View:
    """Return how an array of a shape lies; in C order, where nothing else is said."""
    if layout is None:
        return View(shape, contiguous_strides(shape))
    return View(shape, tuple(layout.strides), layout.offset)


def fits(views: list[View]) -> bool:
    """Tell whether 32 bits are enough for every index and offset."""
    return all(view.count < LARGEST and view.reach < LARGEST for view in views)
