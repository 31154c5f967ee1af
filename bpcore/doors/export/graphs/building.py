"""From a Program to an ONNX model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import ITEM, Function
from bpcore.doors.export.graphs import composed, elementwise, indexing, placing, products, reductions, shapes
from bpcore.doors.export.graphs.call import Call, Value, Writer
from bpcore.doors.export.graphs.graph import Graph, dtype_name, element_type
from bpcore.ground.registry import backend_of
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.passes import inline, prune, share
from bpcore.program.program import Program
from bpcore.words.errors import ExportError, LibraryMissing
from bpcore.words.protocols import Array

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["WRITERS", "built", "check_installed", "prepared_program"]

OPSET, IR = 21, 10
"""ONNX's versions of operators and of the file: those of ONNX 1.16, of May 2024."""

WRITERS: Mapping[str, Writer] = dict(
    chain.from_iterable(
        module.WRITERS.items()
        for module in (composed, elementwise, indexing, placing, products, reductions, shapes)
    )
)
"""How each function of the table is written."""


def prepared_program(program: Program, arrays: Sequence[Array]) -> Program:
    """Return the Program with nothing twice, and functions written out that ONNX has no operator for."""
    wide = any("64" in dtype_name(x.dtype) and "float" in dtype_name(x.dtype) for x in _floats(program))
    lacking = products.FLOAT32 if wide else frozenset()

    def inlined(function: Function) -> bool:
        return function.name not in WRITERS or function.name in lacking

    return prune(share(inline(program, space_of(*arrays).functions, inlined)))


def _floats(program: Program) -> list[ArrayType]:
    return [kind for kind in program.types.values() if isinstance(kind, ArrayType)]


def built(
    program: Program,
    *,
    inputs: Mapping[Slot, str],
    parameters: Mapping[Slot, tuple[str, Array]],
    outputs: Sequence[str],
    batched: str = "",
    words: Mapping[str, str] | None = None,
) -> ModelProto:
    """Return an ONNX model, checked by ONNX's own checker.

    Parameters
    ----------
    program : Program
        Shapes may hold a `Size`.
    inputs : mapping of Slot to str
        The graph's inputs.
    parameters : mapping of Slot to (str, array)
        Inputs of the Program that the file holds.
    outputs : sequence of str
        Names of the outputs.
    batched : str
        The input whose first axis is the batch, where there is a `Size`.
    words : mapping of str to str
        What the file says beside the graph.

    Raises
    ------
    ExportError
        When ONNX has no operator for a function, or a dtype.
    LibraryMissing
        When the package onnx is not installed.
    """
    check_installed()
    graph = Graph(batched)
    graph.names |= {*inputs.values(), *outputs}
    values: dict[Any, Any] = {slot: _value(name, program.types[slot]) for slot, name in inputs.items()}
    for slot, (name, array) in parameters.items():
        values[slot] = _held(graph, name, array)
    for name, array in program.constants.items():
        values[name] = _held(graph, str(name), array)
    for equation in program.equations:
        values[equation.output] = _written(graph, program, equation, values)
    return _model(graph, program, inputs, outputs, values, words or {})


def check_installed() -> None:
    """Raise `LibraryMissing` unless the package onnx is there."""
    try:
        import onnx  # noqa: F401
    except ImportError as error:
        raise LibraryMissing("an ONNX file", "onnx", "onnx") from error


def _held(graph: Graph, name: str, array: Array) -> Value:
    host = backend_of(array).to_host(array)
    return Value(graph.holds(host, name), tuple(host.shape), dtype_name(host.dtype))


def _value(name: str, kind: ArrayType) -> Value:
    return Value(name, kind.shape, dtype_name(kind.dtype))


def _written(graph: Graph, program: Program, equation: Equation, values: Mapping[Any, Any]) -> Any:
    function = equation.function
    operands = tuple(values[x] if isinstance(x, Slot | Constant) else x for x in equation.inputs)
    kind = program.types[equation.output]
    if function is ITEM:
        return operands[0][equation.static["index"]]
    writer = WRITERS.get(function.name) if TABLE.get(function.name) is function else None
    call = Call(graph, function.name, operands, equation.static, kind)
    if writer is None:
        raise call.refuse()
    found = writer(call)
    if isinstance(found, list):
        return tuple(map(_value, found, kind))
    return _value(found, kind)


def _model(
    graph: Graph,
    program: Program,
    inputs: Mapping[Slot, str],
    outputs: Sequence[str],
    values: Mapping[Any, Any],
    words: Mapping[str, str],
) -> ModelProto:
    from onnx import checker, helper

    from bpcore import __version__

    told = [
        _returned(graph, name, output, values) for name, output in zip(outputs, program.outputs, strict=True)
    ]
    asked = [_told(name, values[slot]) for slot, name in inputs.items()]
    made = helper.make_graph(graph.nodes, "bpcore", asked, told, initializer=graph.initializers)
    model = helper.make_model(
        made,
        producer_name="bpcore",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
    )
    helper.set_model_props(model, dict(words))
    checker.check_model(model, full_check=True)
    return model


def _returned(graph: Graph, name: str, output: Any, values: Mapping[Any, Any]) -> Any:
    """Write an output under its own name; return what is told of it."""
    from onnx import helper

    if not isinstance(output, Slot | Constant):
        raise ExportError(f"output {name} is {output!r}, which is no array", "Leave it out.")
    value = values[output]
    graph.nodes.append(helper.make_node("Identity", [value.name], [name]))
    return _told(name, value)


def _told(name: str, value: Value) -> Any:
    from onnx import helper

    shape: list[Any] = [size if isinstance(size, int) else str(size) for size in value.shape]
    return helper.make_tensor_value_info(name, element_type(value.dtype), shape)
