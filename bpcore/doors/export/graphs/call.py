"""One equation as those see it who write it in ONNX: operands by name, options by name or place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bpcore.doors.export.graphs.graph import Graph, dtype_name
from bpcore.doors.export.graphs.sizes import Size, fixed
from bpcore.words.errors import ExportError
from bpcore.words.protocols import Static

__all__ = ["Call", "Value", "Writer"]

Sizes = tuple[int | Size, ...]

WIDTH = (
    *("bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64"),
)
"""Dtypes from the narrowest on: of two, the later one holds both, as far as they may meet."""


class Value(NamedTuple):
    """An array in the graph."""

    name: str
    shape: Sizes
    dtype: str


@dataclass(frozen=True)
class Call:
    """An equation, its operands found in the graph.

    Attributes
    ----------
    graph : Graph
    function : str
        The name in the table.
    inputs : tuple
        A `Value` for each array, or tuple of them for what returned several; else what is no array.
    static : mapping
        The keyword arguments.
    result : ArrayType, or tuple of them
        Its shape may hold a `Size`.
    """

    graph: Graph
    function: str
    inputs: tuple[Any, ...]
    static: Mapping[str, Static]
    result: Any

    @property
    def dtype(self) -> str:
        """The result's dtype."""
        return dtype_name(self.result.dtype)

    @property
    def arrays(self) -> list[Value]:
        """The operands that are arrays."""
        return [x for x in self.inputs if isinstance(x, Value)]

    @property
    def common(self) -> str:
        """The dtype that all the arrays fit into."""
        return max((x.dtype for x in self.arrays), key=WIDTH.index)

    @property
    def x(self) -> Value:
        """The first array."""
        return self.arrays[0]

    def operand(self, place: int, dtype: str = "") -> str:
        """Return the name of an operand in a dtype, the result's unless told."""
        x, wanted = self.inputs[place], dtype or self.dtype
        if isinstance(x, Value):
            return self.graph.cast(x.name, x.dtype, wanted)
        return self.graph.constant(x, wanted)

    def number(self, value: float) -> str:
        """Return the name of a number in the result's dtype."""
        return self.graph.constant(value, self.dtype)

    def option(self, name: str, place: int = 99, default: Static = None) -> Static:
        """Return an argument that is no array, given by name or by place."""
        if name in self.static:
            return self.static[name]
        return self.inputs[place] if place < len(self.inputs) else default

    def axis(self, axis: int) -> int:
        """Return an axis of the first array counted from the left."""
        return axis % max(len(self.x.shape), 1)

    def length(self, axis: int) -> int:
        """Return the length of an axis of the first array, where it must be known."""
        return fixed(self.x.shape[axis], f"the length of an axis in {self.function}")

    def refuse(self, what: str = "") -> ExportError:
        """Return the error for what ONNX has no operator for."""
        case = f" {what}" if what else ""
        do = "Write it with other functions, or export what comes before it."
        return ExportError(f"{self.function}{case} has no counterpart among ONNX's operators here", do)


Writer = Callable[[Call], Any]
"""Writes a call into its graph, and returns the name of the result; names, where there are several."""
