"""One module of LLVM's language for a Program: its kernels, and the loop over steps that calls them."""

from __future__ import annotations

import re
from typing import NamedTuple

from bpcore_numba.bounds import FAULT, Check
from bpcore_numba.layout import Layout
from bpcore_numba.loops import Loops
from bpcore_numba.lower import Work
from bpcore_numba.mathematics import DEFINITIONS
from bpcore_numba.pairwise import PAIRWISE
from bpcore_numba.places import Place
from bpcore_numba.products import Product
from bpcore_numba.threads import RUNTIME
from bpcore_numba.writing import Code

__all__ = ["Module", "written"]

OWN = DEFINITIONS | PAIRWISE
ATTRIBUTES = 'nounwind "prefer-vector-width"="512"'
FEW = 64
"""Calls up to which LLVM may write kernels out where they are called."""


class Module(NamedTuple):
    """A text, and in what order its table holds the addresses of regions.

    Attributes
    ----------
    text : str
    regions : tuple of str
    shares : bool
        Whether threads share anything in it.
    products : bool
        Whether they share products of a BLAS, each of them for itself.
    looks : bool
        Whether indices are looked at.
    """

    text: str
    regions: tuple[str, ...]
    shares: bool
    products: bool
    looks: bool


class _Kernels:
    """Kernels by their text: what is the same but for where it lies is one function."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.products = False
        self.shared: dict[str, int] = {}  # how many places each of them has
        self.needs: set[str] = set()

    def call(self, work: Work, base: dict[str, str], main: Code) -> None:
        blocks: dict[tuple[str, int], str] = {}

        def pointer(place: Place) -> str:
            key = (place.block.region, place.block.offset)
            return blocks.setdefault(key, f"%p{len(blocks)}")

        for place in (*work.reads, *work.writes):  # the order does not hang on what the text reads first
            pointer(place)
        code = Code()
        shared = work.pieces() if isinstance(work, Loops | Product) else None
        if isinstance(work, Loops | Product) and shared:
            work.write(code, pointer, ("%first", "%end"))
            self.products |= isinstance(work, Product)
        else:
            work.write(code, pointer)
        self.needs |= code.needs
        parameters = ", ".join(f"ptr noalias {name}" for name in blocks.values())
        parameters += ", i64 %first, i64 %end" if shared else ""
        text = f"({parameters}) {ATTRIBUTES} {{\n{code.body}\n  ret void\n}}"
        name = self.names.setdefault(text, f"kernel{len(self.names)}")
        places = [
            base[region] if offset == 0
            else main.raw(f"getelementptr i8, ptr {base[region]}, i64 {offset}")
            for region, offset in blocks
        ]  # fmt: skip
        if shared:
            self.shared[name] = len(blocks)
            _share(main, base["pool"], name, places, shared)
        else:
            main.line(f"call void @{name}({', '.join(f'ptr {place}' for place in places)})")


def _share(main: Code, pool: str, name: str, places: list[str], shared: tuple[int, int]) -> None:
    """Write the call that gives a kernel's loop to all threads, piece by piece."""
    table = "%" + main.name("table")
    main.locals.append(f"  {table} = alloca [{len(places)} x ptr]")
    for i, place in enumerate(places):
        main.line(f"store ptr {place}, ptr {main.raw(f'getelementptr ptr, ptr {table}, i64 {i}')}")
    length, step = shared
    main.line(f"call void @bp_share(ptr {pool}, ptr @{name}.piece, ptr {table}, i64 {length}, i64 {step})")


def _piece(name: str, count: int) -> str:
    """Return the function that a thread calls: it reads where things lie from a table."""
    lines = [
        f"  %a{i} = getelementptr ptr, ptr %table, i64 {i}\n  %p{i} = load ptr, ptr %a{i}"
        for i in range(count)
    ]
    places = "".join(f"ptr %p{i}, " for i in range(count))
    call = f"  call void @{name}({places}i64 %first, i64 %end)\n  ret void"
    head = f"define internal void @{name}.piece(ptr %table, i64 %first, i64 %end)"
    return "\n".join([head + " {", *lines, call, "}"])


def written(layout: Layout, constants: list[str]) -> Module:
    """Return the module of a Program that was laid out."""
    regions = ("pool", "carry", "work", FAULT, *constants, *layout.streams)
    checks = [i for i, work in enumerate(layout.works) if isinstance(work, Check)]
    main, kernels = Code(), _Kernels()
    base = {}
    for number, region in enumerate(regions):
        place = main.raw(f"getelementptr ptr, ptr %table, i64 {number}")
        base[region] = main.raw(f"load ptr, ptr {place}")
    if layout.checks:
        with main.loop("0", "%steps") as step:
            moved = _moved(layout, base, main, step)
            for work in layout.checks:
                kernels.call(work, moved, main)
        _leave(base, main)
    with main.loop("0", "%steps") as step:
        moved = _moved(layout, base, main, step)
        for number, work in enumerate(layout.works):
            kernels.call(work, moved, main)
            if checks and number == checks[-1]:
                _leave(base, main)
    looks = bool(layout.checks or checks)
    if looks:
        main.line("br label %end")
        main.lines.append("end:")
    text = f"define void @program(i64 %steps, ptr %table) {ATTRIBUTES} {{\n{main.body}\n  ret void\n}}"
    how = "" if len(layout.works) <= FEW else "noinline "
    functions = [
        f"define internal void @{name}{body.replace('{', how + '{', 1)}"
        for body, name in kernels.names.items()
    ]
    pieces = [_piece(name, count) for name, count in kernels.shared.items()]
    runtime = [RUNTIME, *pieces] if pieces else []
    return Module(
        "\n\n".join([*_called(kernels.needs), *runtime, *functions, text]) + "\n",
        regions,
        bool(pieces),
        kernels.products,
        looks,
    )


def _moved(layout: Layout, base: dict[str, str], main: Code, step: str) -> dict[str, str]:
    """Return where regions begin at a step."""
    moved = dict(base)
    for region, size in layout.streams.items():
        skip = main.raw(f"mul nsw i64 {step}, {size}")
        moved[region] = main.raw(f"getelementptr i8, ptr {base[region]}, i64 {skip}")
    return moved


def _leave(base: dict[str, str], main: Code) -> None:
    """Write the way out: where an index is out of bounds, nothing further is computed."""
    length = main.load("int64", main.address(base[FAULT], "int64", [], 1))
    wrong, go = main.raw(f"icmp ne {length.typed}, 0"), main.name("go")
    main.line(f"br i1 {wrong}, label %end, label %{go}")
    main.lines.append(f"{go}:")


def _called(needs: set[str]) -> list[str]:
    """Return declarations of what is called from elsewhere, and definitions of what is bpcore's own."""
    declared: dict[str, str] = {}
    waiting = sorted(needs)
    while waiting:
        need = waiting.pop()
        match = re.search(r"@([\w.]+)\(", need)
        name = match.group(1) if match else need
        if name not in declared:
            text, more = OWN.get(name, (f"declare {need}", set()))
            declared[name] = text
            waiting += sorted(more)
    return [declared[name] for name in sorted(declared)]
