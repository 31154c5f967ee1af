"""Reductions, in the order in which NumPy adds: by rows, or in pairs along the last axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bpcore_numba.apply import applied
from bpcore_numba.elements import cast, is_float
from bpcore_numba.loops import nest
from bpcore_numba.pairwise import summed
from bpcore_numba.places import Place
from bpcore_numba.writing import REGISTER, Code, Value, literal

__all__ = ["Argument", "Reduce", "Running"]

STEPS = {"sum": "add", "mean": "add", "prod": "multiply", "max": "maximum", "min": "minimum"}
STEPS |= {"any": "logical_or", "all": "logical_and"}
START = {"sum": -0.0, "mean": -0.0, "prod": 1, "any": 0, "all": 1}


@dataclass(eq=False)
class Reduce:
    """A reduction over some axes; the result's shape is that of the axes that stay."""

    name: str
    source: Place
    result: Place
    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.source], [self.result]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write the loops."""
        kept = [i for i in range(len(self.source.shape)) if i not in self.axes]
        source = self.source.permuted([*kept, *self.axes])
        outer, inner = source.shape[: len(kept)], source.shape[len(kept) :]
        flat = _one_axis(source, len(kept))
        if flat is None or (flat[1] != 1 and self.result.count > 1):
            self._rows(code, pointer, source, outer, inner)
        else:
            nest(code, outer, None, lambda at: self._pairs(code, pointer, source, flat, at))

    def _rows(
        self,
        code: Code,
        pointer: Callable[[Place], str],
        source: Place,
        outer: tuple[int, ...],
        inner: tuple[int, ...],
    ) -> None:
        """Go through the reduced axes outside, and through those that stay inside: rows are added to rows."""
        kind = self.result.kind

        def result(at: list[str]) -> str:
            return code.address(pointer(self.result), kind, _terms(at, self.result), self.result.offset)

        def first(at: list[str]) -> None:
            terms = list(zip(at, source.strides[: len(outer)], strict=True))
            place = code.address(pointer(source), source.kind, terms, source.offset)
            code.store(cast(code, code.load(source.kind, place), kind), result(at))

        def other(reduced: list[str], at: list[str]) -> None:
            terms = list(zip([*at, *reduced], source.strides, strict=True))
            x = code.load(source.kind, code.address(pointer(source), source.kind, terms, source.offset))
            y = code.load(kind, result(at))
            code.store(applied(code, STEPS[self.name], (y, cast(code, x, kind)), {}, kind), result(at))

        start = START.get(self.name)
        if start is None:  # of the greatest there is no number to begin with
            nest(code, outer, None, first)
        else:
            nest(code, outer, None, lambda at: code.store(literal(kind, start), result(at)))
        nest(code, inner, None, lambda reduced: nest(code, outer, None, lambda at: other(reduced, at)))
        if self.name == "mean":
            nest(code, outer, None, lambda at: self._divide(code, result(at)))

    def _divide(self, code: Code, place: str) -> None:
        kind = self.result.kind
        n = literal(kind, self.source.count // max(self.result.count, 1))
        code.store(applied(code, "divide", (code.load(kind, place), n), {}, kind), place)

    def _pairs(
        self,
        code: Code,
        pointer: Callable[[Place], str],
        source: Place,
        flat: tuple[int, int],
        at: list[str],
    ) -> None:
        kind = self.result.kind
        terms = list(zip(at, source.strides[: len(at)], strict=True))
        begin = code.address(pointer(source), source.kind, terms, source.offset)
        y = _along(code, self.name, begin, source.kind, kind, flat)
        place = code.address(pointer(self.result), kind, _terms(at, self.result), self.result.offset)
        code.store(y, place)
        if self.name == "mean":
            self._divide(code, place)


def _terms(at: list[str], place: Place) -> list[tuple[str, int]]:
    return list(zip(at, place.strides, strict=True))


def _one_axis(place: Place, first: int) -> tuple[int, int] | None:
    """Return length and stride of the axes from `first` on, where they are as good as one."""
    length, stride = 1, 1
    for n, s in zip(reversed(place.shape[first:]), reversed(place.strides[first:]), strict=True):
        if n == 1:
            continue
        if length == 1:
            length, stride = n, s
        elif s != length * stride:
            return None
        else:
            length *= n
    return length, stride


def _along(code: Code, name: str, begin: str, source: str, kind: str, flat: tuple[int, int]) -> Value:
    """Return the reduction of a run of elements; floats are added as NumPy adds them."""
    length, stride = flat
    if STEPS[name] == "add" and is_float(kind) and source == kind:
        return summed(code, begin, kind, length, stride)

    def element(index: str) -> Value:
        return cast(code, code.load(source, code.address(begin, source, [(index, stride)])), kind)

    total = code.local(kind)
    code.line(f"store {element('0').typed}, ptr {total}")
    if length > 1:
        with code.loop("1", str(length)) as index:
            y = code.let(kind, f"load {REGISTER[kind]}, ptr {total}")
            y = applied(code, STEPS[name], (y, element(index)), {}, kind)
            code.line(f"store {y.typed}, ptr {total}")
    return code.let(kind, f"load {REGISTER[kind]}, ptr {total}")


@dataclass(eq=False)
class Argument:
    """Where along an axis the greatest, or the least, is for the first time."""

    name: str
    source: Place
    result: Place
    axis: int

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.source], [self.result]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write the loops."""
        kept = [i for i in range(len(self.source.shape)) if i != self.axis]
        source = self.source.permuted([*kept, self.axis])
        nest(code, source.shape[:-1], None, lambda at: self._find(code, pointer, source, at))

    def _find(self, code: Code, pointer: Callable[[Place], str], source: Place, at: list[str]) -> None:
        kind = source.kind
        terms = list(zip(at, source.strides[:-1], strict=True))
        begin = code.address(pointer(source), kind, terms, source.offset)
        best = code.local(kind)
        place = code.local("int64")
        code.line(f"store {code.load(kind, begin).typed}, ptr {best}")
        code.line(f"store i64 0, ptr {place}")
        if source.shape[-1] > 1:
            with code.loop("1", str(source.shape[-1])) as index:
                x = code.load(kind, code.address(begin, kind, [(index, source.strides[-1])]))
                self._compare(code, x, index, best, place)
        found = code.let("int64", f"load i64, ptr {place}")
        target = code.address(pointer(self.result), "int64", _terms(at, self.result), self.result.offset)
        code.store(found, target)

    def _compare(self, code: Code, x: Value, index: str, best: str, place: str) -> None:
        """Take what is beyond the best; the first that is no number is beyond all."""
        y = code.let(x.kind, f"load {REGISTER[x.kind]}, ptr {best}")
        old = code.let("int64", f"load i64, ptr {place}")
        better = applied(code, "greater" if self.name == "argmax" else "less", (x, y), {}, "bool")
        if is_float(x.kind):
            new_nan = code.let("bool", f"fcmp uno {x.typed}, 0.0")
            known = code.let("bool", f"fcmp ord {y.typed}, 0.0")
            better = code.let("bool", f"or i1 {better.text}, {new_nan.text}")
            better = code.let("bool", f"and i1 {better.text}, {known.text}")
        code.line(
            f"store {code.let(x.kind, f'select i1 {better.text}, {x.typed}, {y.typed}').typed}, ptr {best}"
        )
        taken = code.let("int64", f"select i1 {better.text}, i64 {index}, {old.typed}")
        code.line(f"store {taken.typed}, ptr {place}")


@dataclass(eq=False)
class Running:
    """The sum, or the product, of all elements up to each along an axis."""

    name: str
    source: Place
    result: Place
    axis: int

    def __post_init__(self) -> None:
        self.reads, self.writes = [self.source], [self.result]

    def write(self, code: Code, pointer: Callable[[Place], str]) -> None:
        """Write the loops."""
        kept = [i for i in range(len(self.source.shape)) if i != self.axis]
        source = self.source.permuted([*kept, self.axis])
        result = self.result.permuted([*kept, self.axis])
        kind, word = result.kind, "add" if self.name == "cumulative_sum" else "multiply"

        def run(at: list[str]) -> None:
            total = code.local(kind)
            code.line(f"store {literal(kind, 0 if word == 'add' else 1).typed}, ptr {total}")
            with code.loop("0", str(source.shape[-1])) as index:
                here = [*at, index]
                place = code.address(pointer(source), source.kind, _terms(here, source), source.offset)
                x = cast(code, code.load(source.kind, place), kind)
                y = code.let(kind, f"load {REGISTER[kind]}, ptr {total}")
                y = applied(code, word, (y, x), {}, kind)
                code.line(f"store {y.typed}, ptr {total}")
                code.store(y, code.address(pointer(result), kind, _terms(here, result), result.offset))

        nest(code, source.shape[:-1], None, run)
