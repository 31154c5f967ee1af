"""An ONNX graph while it grows: nodes, the arrays that it holds, and names that are taken once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bpcore.doors.export.graphs.sizes import Size
from bpcore.ground.registry import backend as find_backend
from bpcore.words.errors import ExportError
from bpcore.words.protocols import Array, Static

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

__all__ = ["Graph", "dtype_name", "element_type"]

TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "bool": 9,
    "float16": 10,
    "float64": 11,
    "uint32": 12,
    "uint64": 13,
}
"""The numbers that ONNX has for dtypes."""
LARGEST = 2**31 - 2**24
"""Bytes of numbers that one file may hold."""


def dtype_name(dtype: object) -> str:
    """Return a dtype's name, whichever library's it is."""
    return str(dtype).rpartition(".")[2].removesuffix("'>")


def element_type(dtype: str) -> int:
    """Return ONNX's number of a dtype."""
    if dtype not in TYPES:
        raise ExportError(f"ONNX here has no {dtype}", f"Use one of {', '.join(TYPES)}.")
    return TYPES[dtype]


class Graph:
    """Nodes and initializers; every method that adds one returns the name of its result.

    Parameters
    ----------
    batched : str
        The graph's input whose first axis is the batch; "" where all sizes are fixed.
    """

    def __init__(self, batched: str = "") -> None:
        self.batched = batched
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []
        self.names: set[str] = {batched}
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._batch = ""
        self.size = 0

    def free(self, name: str) -> str:
        """Return the name, with a number where it is taken, and take it."""
        number, found = 1, name
        while found in self.names:
            number += 1
            found = f"{name}_{number}"
        self.names.add(found)
        return found

    def node(self, operator: str, *inputs: str, **attributes: Static) -> str:
        """Add a node of one output."""
        return self.nodes_of(operator, 1, *inputs, **attributes)[0]

    def nodes_of(self, operator: str, outputs: int, *inputs: str, **attributes: Static) -> list[str]:
        """Add a node, and return the names of its outputs."""
        from onnx import helper

        names = [self.free(operator.lower()) for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def holds(self, array: Array, name: str) -> str:
        """Add a host array under a name, row by row."""
        from onnx import helper

        dtype = dtype_name(array.dtype)
        host = find_backend("numpy").namespace.asarray(array, order="C")
        taken = self.free(name)
        self.size += int(host.nbytes)
        if self.size > LARGEST:
            do = "Save them with bpcore.save."
            raise ExportError("the weights take more than the 2 GiB that an ONNX file holds", do)
        content = host.tobytes()
        self.initializers.append(
            helper.make_tensor(taken, element_type(dtype), host.shape, content, raw=True)
        )
        return taken

    def constant(self, value: Any, dtype: str) -> str:
        """Return the name of numbers in a dtype; the same numbers are held once."""
        host = find_backend("numpy")
        array = host.namespace.asarray(value, dtype=host.dtype(dtype))
        key = (dtype, tuple(array.shape), array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.holds(array, "constant")
        return self._constants[key]

    def ints(self, *numbers: int) -> str:
        """Return the name of whole numbers in a row, as axes and shapes are given."""
        return self.constant(list(numbers), "int64")

    def cast(self, name: str, given: str, wanted: str) -> str:
        """Return the name of an array in the wanted dtype."""
        return name if given == wanted else self.node("Cast", name, to=element_type(wanted))

    def shape(self, sizes: Sequence[int | Size]) -> str:
        """Return the name of a shape; sizes that follow the batch are computed in the graph."""
        known = [size for size in sizes if isinstance(size, int)]
        if len(known) == len(sizes):
            return self.ints(*known)
        parts = [self._counted(size) if isinstance(size, Size) else self.ints(size) for size in sizes]
        return self.node("Concat", *parts, axis=0)

    def _counted(self, size: Size) -> str:
        if not self._batch:
            whole = self.node("Shape", self.batched)
            self._batch = self.node("Gather", whole, self.ints(0), axis=0)
        found = self._batch
        if size.each != 1:
            found = self.node("Mul", found, self.ints(size.each))
        return self.node("Add", found, self.ints(size.more)) if size.more else found
