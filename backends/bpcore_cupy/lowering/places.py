"""Where arrays lie: pieces of memory, and views into them; counted, not yet allocated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

__all__ = ["ALIGNMENT", "SIZES", "Memory", "Place", "Region", "Role", "in_order", "rounded"]

ALIGNMENT = 256
"""Bytes: every piece of memory begins at a multiple, as CuPy's own and as cuBLASLt likes its matrices."""

SIZES = {
    **dict.fromkeys(("bool", "int8", "uint8"), 1),
    **dict.fromkeys(("int16", "uint16", "float16", "bfloat16"), 2),
    **dict.fromkeys(("int32", "uint32", "float32"), 4),
    **dict.fromkeys(("int64", "uint64", "float64", "complex64"), 8),
    "complex128": 16,
}
"""Bytes of an element."""


class Role(Enum):
    """What becomes of a piece of memory between two steps."""

    WORK = "work"
    """Nothing: it is used again for others within the step."""
    HOME = "home"
    """Carried arrays lie there, and their successors are written over them."""
    TURN = "turn"
    """Carried arrays are read there; their successors are written to another place, the next step's."""
    NEXT = "next"
    """That other place."""
    KEPT = "kept"
    """A large carried array that comes back as it is: the caller's own may be read, and is not written."""
    RESULT = "result"
    """It is handed out after the step."""
    INPUT = "input"
    """It is given before the step, and not written."""
    CONSTANT = "constant"
    """It is the Program's own, and not written."""


ALONE = (Role.INPUT, Role.CONSTANT, Role.KEPT)
"""Roles of which every piece is an array of its own; of the others all pieces are one array of bytes."""

Region = tuple[Role, str]


@dataclass(eq=False, slots=True)
class Memory:
    """A piece of memory, alone or inside a larger one.

    Attributes
    ----------
    size : int
        Bytes.
    role : Role
    name : str
        Of an input, a constant or a kept array, which one.
    whole : Memory or None
        The larger one that it lies in; then that one's role is the role that counts.
    start : int
        Bytes from the begin of `whole`; or, of one that is alone, from the begin of all memory of its role.
    """

    size: int
    role: Role = Role.WORK
    name: str = ""
    whole: Memory | None = None
    start: int = 0

    @property
    def root(self) -> Memory:
        """The piece that is in no larger one."""
        found = self
        while found.whole is not None:
            found = found.whole
        return found

    @property
    def region(self) -> Region:
        """Which array of memory it is in, when there is one."""
        root = self.root
        return root.role, root.name if root.role in ALONE else ""

    @property
    def before(self) -> int:
        """Bytes from the begin of the root."""
        found, bytes_ = self, 0
        while found.whole is not None:
            bytes_ += found.start
            found = found.whole
        return bytes_


@dataclass(frozen=True, slots=True)
class Place:
    """A view: a piece of memory, and where in it the elements are.

    Attributes
    ----------
    memory : Memory
    dtype : str
        Its name.
    shape, strides : tuple of int
        Strides are in elements.
    offset : int
        Elements from the begin of the memory.
    """

    memory: Memory
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def count(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return SIZES[self.dtype]

    @property
    def is_in_order(self) -> bool:
        """Whether the elements lie one after the other, in C order."""
        lengths = zip(self.shape, self.strides, in_order(self.shape), strict=True)
        return self.count == 0 or all(n == 1 or own == wanted for n, own, wanted in lengths)

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its memory, in order."""
        return self.offset == 0 and self.is_in_order and self.count * self.itemsize == self.memory.size

    @property
    def start(self) -> int:
        """Bytes from the begin of the root of its memory to the element of index zero."""
        return self.memory.before + self.offset * self.itemsize

    @property
    def alignment(self) -> int:
        """What its address is a multiple of, in bytes."""
        return math.gcd(self.start, ALIGNMENT)

    def viewed(self, shape: Sequence[int], strides: Sequence[int], offset: int | None = None) -> Place:
        """Return another view of the same memory."""
        offset = self.offset if offset is None else offset
        return replace(self, shape=tuple(shape), strides=tuple(strides), offset=offset)

    def reshaped(self, shape: Sequence[int]) -> Place | None:
        """Return the view of another shape, or None where only a copy has it."""
        if self.is_in_order or not self.count:
            return self.viewed(shape, in_order(shape))
        strides = _regrouped(self.shape, self.strides, tuple(shape))
        return None if strides is None else self.viewed(shape, strides)

    def permuted(self, axes: Sequence[int]) -> Place:
        """Return the view with its axes in another order."""
        return self.viewed([self.shape[i] for i in axes], [self.strides[i] for i in axes])

    def broadcast(self, shape: Sequence[int]) -> Place:
        """Return the view in which elements stand at many places."""
        strides = [0] * (len(shape) - len(self.shape))
        for n, own, stride in zip(shape[len(strides) :], self.shape, self.strides, strict=True):
            strides.append(stride if own == n else 0)
        return self.viewed(shape, strides)

    def sliced(self, axis: int, start: int, step: int, count: int) -> Place:
        """Return the view of some of one axis."""
        shape, strides = list(self.shape), list(self.strides)
        offset = self.offset + (start * strides[axis] if count else 0)
        shape[axis], strides[axis] = count, strides[axis] * step
        return self.viewed(shape, strides, offset)


def in_order(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides, in elements, of an array that lies in C order."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def rounded(size: int) -> int:
    """Return a size in bytes, made so large that what comes after it is aligned."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def _regrouped(
    shape: tuple[int, ...], strides: tuple[int, ...], wanted: tuple[int, ...]
) -> tuple[int, ...] | None:
    """Return the strides of another shape of the same elements in the same order, where there are some.

    Axes that lie behind one another in memory are one long axis, which is cut anew.
    """
    runs = _runs(shape, strides)
    found: list[int] = []
    length, step = 1, 0
    for n in reversed(wanted):
        if n == 1:
            found.append(step)
            continue
        if length == 1:
            if not runs:
                return None
            length, step = runs.pop()
        if length % n:
            return None
        found.append(step)
        length, step = length // n, step * n
    return tuple(reversed(found)) if length == 1 and not runs else None


def _runs(shape: tuple[int, ...], strides: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return lengths and strides with axes joined that lie behind one another."""
    axes = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    runs = axes[:1]
    for (_, outer), (n, s) in pairwise(axes):
        if outer == n * s:
            runs[-1] = (runs[-1][0] * n, s)
        else:
            runs.append((n, s))
    return runs
