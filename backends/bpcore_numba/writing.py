"""Text of LLVM's intermediate language, written line by line: values, loops, and the functions they call."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

__all__ = ["MEMORY", "REGISTER", "SIZE", "Code", "Value", "literal"]

REGISTER = {"float32": "float", "float64": "double", "int32": "i32", "int64": "i64", "bool": "i1"}
"""The type of a dtype while it is computed with."""
MEMORY = REGISTER | {"bool": "i8"}
"""Its type where it lies in an array."""
SIZE = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "bool": 1}
"""Its bytes there."""


class Value(NamedTuple):
    """A number while it is computed with.

    Attributes
    ----------
    text : str
        Its name, or itself.
    kind : str
        Its dtype's name.
    """

    text: str
    kind: str

    @property
    def dtype(self) -> Any:
        """NumPy's dtype object, which the bodies of composed functions ask for."""
        return np.dtype(self.kind)

    @property
    def typed(self) -> str:
        """Type and name."""
        return f"{REGISTER[self.kind]} {self.text}"


def literal(kind: str, number: float) -> Value:
    """Return a Python number as a constant of that dtype, rounded as NumPy rounds it."""
    if kind == "bool":
        return Value("true" if number else "false", kind)
    if kind.startswith("int"):
        return Value(str(int(number)), kind)
    value = float(number)
    if kind == "float32":
        value = _single(value)
    return Value(f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}", kind)


def _single(value: float) -> float:
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


class Code:
    """The lines of one function.

    Attributes
    ----------
    lines : list of str
    needs : set of str
        Declarations of the functions that it calls; those that are bpcore's own begin with ``@bp_``.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.locals: list[str] = []
        self.needs: set[str] = set()
        self._count = 0

    def name(self, stem: str = "t") -> str:
        """Return a name that is not yet used."""
        self._count += 1
        return f"{stem}{self._count}"

    def local(self, kind: str) -> str:
        """Return the address of a variable, which LLVM keeps in a register if it can."""
        name = "%" + self.name("local")
        self.locals.append(f"  {name} = alloca {REGISTER[kind]}")
        return name

    @property
    def body(self) -> str:
        """The text of all lines; variables are made once, at the begin."""
        return "\n".join([*self.locals, *self.lines])

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append("  " + text)

    def let(self, kind: str, text: str) -> Value:
        """Write an instruction, and return its result."""
        return Value(self.raw(text), kind)

    def raw(self, text: str) -> str:
        """Write an instruction whose result is no number, and return its name."""
        name = "%" + self.name()
        self.line(f"{name} = {text}")
        return name

    def call(self, function: str, kind: str, *args: Value) -> Value:
        """Call a function of numbers: one of LLVM's, of the C library, or of bpcore's own."""
        types = ", ".join(REGISTER[x.kind] for x in args)
        self.needs.add(f"{REGISTER[kind]} @{function}({types})")
        return self.let(kind, f"call {REGISTER[kind]} @{function}({', '.join(x.typed for x in args)})")

    def address(self, pointer: str, kind: str, terms: Sequence[tuple[str, int]], offset: int = 0) -> str:
        """Return the address of the element at the sum of ``index * stride``, in elements."""
        total = str(offset)
        for index, stride in terms:
            if stride == 0:
                continue
            step = index if stride == 1 else self.raw(f"mul nsw i64 {index}, {stride}")
            total = step if total == "0" else self.raw(f"add nsw i64 {total}, {step}")
        if total == "0":
            return pointer
        return self.raw(f"getelementptr inbounds {MEMORY[kind]}, ptr {pointer}, i64 {total}")

    def load(self, kind: str, address: str) -> Value:
        """Read a number."""
        x = self.let(kind, f"load {MEMORY[kind]}, ptr {address}, align {SIZE[kind]}")
        return self.let(kind, f"icmp ne i8 {x.text}, 0") if kind == "bool" else x

    def store(self, value: Value, address: str) -> None:
        """Write a number."""
        if value.kind == "bool":
            value = Value(self.raw(f"zext i1 {value.text} to i8"), value.kind)
        self.line(f"store {MEMORY[value.kind]} {value.text}, ptr {address}, align {SIZE[value.kind]}")

    @contextmanager
    def loop(self, first: str, end: str, step: int = 1) -> Iterator[str]:
        """Write a loop of one turn or more; the body is written inside the scope, and given its index."""
        name = self.name("loop")
        self.line(f"br label %{name}.before")
        self.lines.append(f"{name}.before:")
        self.line(f"br label %{name}")
        self.lines.append(f"{name}:")
        self.line(f"%{name}.i = phi i64 [{first}, %{name}.before], [%{name}.next, %{name}.back]")
        yield f"%{name}.i"
        self.line(f"br label %{name}.back")
        self.lines.append(f"{name}.back:")
        self.line(f"%{name}.next = add nuw nsw i64 %{name}.i, {step}")
        self.line(f"%{name}.more = icmp slt i64 %{name}.next, {end}")
        self.line(f"br i1 %{name}.more, label %{name}, label %{name}.after")
        self.lines.append(f"{name}.after:")
