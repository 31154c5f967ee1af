"""Where arrays lie: pieces of memory, and views into them; counted, not yet allocated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from bpcore.program.plan.strided import Strided

__all__ = ["ALIGNMENT", "SIZES", "Memory", "Place", "Region", "Role", "rounded"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Strided):
    """A view of a piece of memory.

    Attributes
    ----------
    memory : Memory
    dtype : str
        Its name.
    """

    memory: Memory
    dtype: str

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return SIZES[self.dtype]

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its memory, in order."""
        return self.offset == 0 and self.is_contiguous and self.count * self.itemsize == self.memory.size

    @property
    def start(self) -> int:
        """Bytes from the begin of the root of its memory to the element of index zero."""
        return self.memory.before + self.offset * self.itemsize

    @property
    def alignment(self) -> int:
        """What its address is a multiple of, in bytes."""
        return math.gcd(self.start, ALIGNMENT)


def rounded(size: int) -> int:
    """Return a size in bytes, made so large that what comes after it is aligned."""
    return -(-size // ALIGNMENT) * ALIGNMENT
