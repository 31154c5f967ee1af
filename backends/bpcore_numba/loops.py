"""Element-wise equations over one shape, as one nest of loops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

from bpcore_numba.apply import applied
from bpcore_numba.places import Place
from bpcore_numba.writing import Code, Value

__all__ = ["Load", "Loops", "Step", "collapsed", "nest"]

SHARED = 100_000
"""Elements from which threads share the loops."""
PIECES = 16
LINE = 64


class Load(NamedTuple):
    """An operand that lies in memory: its number among the group's loads."""

    number: int


class Step(NamedTuple):
    """An equation inside the loops; an operand is a Load, a slot of an earlier step, or a number."""

    slot: int
    function: Any
    operands: tuple[Any, ...]
    static: Mapping[str, Any]
    kind: str


class Loops:
    """A group of equations; what is read outside of it is stored, the rest stays in registers."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.steps: list[Step] = []
        self.loads: list[Place] = []
        self._numbers: dict[Place, int] = {}
        self.stores: dict[int, Place] = {}
        self.slots: set[int] = set()

    def load(self, place: Place) -> Load:
        """Return the operand for a place of the loops' shape."""
        number = self._numbers.setdefault(place, len(self.loads))
        if number == len(self.loads):
            self.loads.append(place)
        return Load(number)

    def add(self, step: Step) -> None:
        """Take in an equation."""
        self.steps.append(step)
        self.slots.add(step.slot)

    @property
    def reads(self) -> list[Place]:
        """Where numbers come from."""
        return self.loads

    @property
    def writes(self) -> list[Place]:
        """Where they go to."""
        return list(self.stores.values())

    def write(
        self, code: Code, pointer: Callable[[Place], str], bounds: tuple[str, str] | None = None
    ) -> None:
        """Write the loops; `bounds` are those of the outermost one, where it is shared among threads."""
        places = [*self.loads, *self.writes]
        shape, strides = collapsed(self.shape, [place.strides for place in places])
        nest(code, shape, bounds, lambda at: self._body(code, pointer, places, strides, at))

    def pieces(self) -> tuple[int, int] | None:
        """Return the length of the outermost loop and of a piece of it, if threads are to share it."""
        places = [*self.loads, *self.writes]
        length = (collapsed(self.shape, [place.strides for place in places])[0] or (1,))[0]
        if prod(self.shape) < SHARED or length < PIECES:
            return None
        step = length // PIECES
        return length, -(-step // LINE) * LINE if step > LINE else step

    def _body(
        self,
        code: Code,
        pointer: Callable[[Place], str],
        places: list[Place],
        strides: list[tuple[int, ...]],
        at: list[str],
    ) -> None:
        def address(number: int) -> str:
            place = places[number]
            terms = list(zip(at, strides[number], strict=True))
            return code.address(pointer(place), place.kind, terms, place.offset)

        loaded: dict[int, Value] = {}
        values: dict[int, Value] = {}

        def operand(x: Any, step: Step) -> Any:
            if isinstance(x, Load):
                if x.number not in loaded:
                    loaded[x.number] = code.load(places[x.number].kind, address(x.number))
                return loaded[x.number]
            return values[x[0]] if type(x) is tuple else x

        for step in self.steps:
            args = tuple(operand(x, step) for x in step.operands)
            values[step.slot] = applied(code, step.function, args, step.static, step.kind)
        for number, slot in enumerate(self.stores, start=len(self.loads)):
            code.store(values[slot], address(number))


def nest(
    code: Code, shape: tuple[int, ...], bounds: tuple[str, str] | None, body: Callable[[list[str]], None]
) -> None:
    """Write loops over a shape around what `body` writes, which is given their indices."""

    def inside(depth: int, at: list[str]) -> None:
        if depth == len(shape):
            body(at)
            return
        first, end = bounds if bounds and depth == 0 else ("0", str(shape[depth]))
        with code.loop(first, end) as index:
            inside(depth + 1, [*at, index])

    inside(0, [])


def collapsed(
    shape: tuple[int, ...], strides: list[tuple[int, ...]]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Return shape and strides with axes taken together where every view allows it."""
    kept: list[int] = []  # axes; a run of them is one
    lengths: list[int] = []
    for axis, length in enumerate(shape):
        if length == 1:
            continue
        joined = len(kept) > 0 and all(s[kept[-1]] == s[axis] * length for s in strides)
        if joined:
            kept[-1], lengths[-1] = axis, lengths[-1] * length
        else:
            kept.append(axis)
            lengths.append(length)
    return tuple(lengths), [tuple(s[axis] for axis in kept) for s in strides]
