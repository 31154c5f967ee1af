"""Where arrays lie: blocks of memory, and views into them."""

from __future__ import annotations

from dataclasses import dataclass

from bpcore.program.plan.strided import Strided
from bpcore_numba.writing import SIZE

__all__ = ["Block", "Place"]


@dataclass(eq=False, slots=True)
class Block:
    """A piece of memory that holds one array.

    Attributes
    ----------
    size : int
        Bytes.
    region : str
        ``"work"``, ``"carry"``, or what an argument, a result or a constant is called.
    offset : int
        Bytes from the region's begin.
    """

    size: int
    region: str = "work"
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Strided):
    """A view of a block.

    Attributes
    ----------
    block : Block
    kind : str
        The dtype's name.
    """

    block: Block
    kind: str

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its block, in order."""
        return self.offset == 0 and self.is_contiguous and self.count * SIZE[self.kind] == self.block.size
