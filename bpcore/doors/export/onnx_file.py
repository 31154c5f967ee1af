"""`export_onnx`: a network, or any function that can be recorded, as an ONNX file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.export.graphs.building import built, check_installed, prepared_program
from bpcore.doors.export.graphs.sizes import FollowsBatch, side_by_side
from bpcore.doors.export.subject import Subject, subject_of
from bpcore.parts.layers import Layer
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore.run.files.whole_file import write_whole
from bpcore.run.result import Run
from bpcore.words.errors import BpcoreError, OptionError
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, unflatten

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["export_onnx"]

FURTHER = 5
"""How many more samples the second recording has: what differs between the two follows the batch."""


def export_onnx(
    path: str | os.PathLike[str],
    target: Run | Layer | Callable[..., Tree],
    /,
    *args: Tree,
    batched: Sequence[int] | None = None,
    prepared: bool = True,
) -> Path:
    """Write a network or a function to an ONNX file.

    What is recorded is written, equation by equation. A function that ONNX has no operator for is written
    out in those that it has; if that cannot be, the error names it.

    Parameters
    ----------
    path : path
        A file of that name is replaced, once the new one is whole.
    target : Run, Layer, or function
        A function is pure, of arrays and trees of arrays.
    *args
        Of a run nothing, or an example of its inputs; of a network ``params, x``, or ``params, state, x``;
        of a function its arguments. A dict, list or tuple holds parameters, which go into the file by their
        names; an array is an input of the graph.
    batched : sequence of int, or None
        Which arguments have the samples along their first axis, so that the file takes any number of them.
        None: the first array, and those that are as long. Where the computation depends on the number of
        samples, all sizes are fixed, and a warning says why.
    prepared : bool
        Whether a run of `bpcore train` takes features as they stand in the table, in float64, and returns
        probabilities or quantities; if not, the file holds the network alone.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        When ONNX has no operator for a function.
    RecordError
        When the function reads a value.
    LibraryMissing
        When the package onnx is not installed.
    """
    check_installed()
    model = onnx_model(subject_of(target, args, prepared=prepared), batched)
    return write_whole(Path(path), model.SerializeToString(deterministic=True))


def onnx_model(subject: Subject, batched: Sequence[int] | None = None) -> ModelProto:
    """Return the model of a subject; its sizes are fixed where they must be, and a warning says why."""
    program = _recorded(subject, subject.args)
    chosen = _batched(subject, batched)
    if not chosen:
        return _model(subject, program, "")
    try:
        merged = _following(subject, program, chosen)
        return _model(subject, merged, subject.names[chosen[0]][0])
    except FollowsBatch as error:
        size = subject.args[chosen[0]].shape[0]
        only = f"the file takes {size} of them, no more and no less"
        line = f"the computation depends on the number of samples ({error}): {only}"
        warnings.warn(line, UserWarning, stacklevel=3)
    return _model(subject, program, "")


def _recorded(subject: Subject, args: tuple[Tree, ...]) -> Program:
    return prepared_program(record(subject.f, *args), leaves(args))


def _batched(subject: Subject, batched: Sequence[int] | None) -> list[int]:
    """Return the numbers of the arguments whose first axis is the batch."""
    arrays = [i for i, held in enumerate(subject.held) if not held and hasattr(subject.args[i], "shape")]
    inputs = [i for i in arrays if len(subject.args[i].shape)]
    if batched is None:
        lengths = {i: subject.args[i].shape[0] for i in inputs}
        return [i for i in inputs if lengths[i] == lengths[inputs[0]] and lengths[i]]
    wrong = [i for i in batched if i not in inputs]
    if wrong:
        raise OptionError(
            "batched", list(batched), f"numbers among {inputs}, arguments that are arrays with axes"
        )
    return list(batched)


def _following(subject: Subject, program: Program, chosen: Sequence[int]) -> Program:
    size = subject.args[chosen[0]].shape[0]
    args = tuple(_longer(x) if i in chosen else x for i, x in enumerate(subject.args))
    try:
        other = _recorded(subject, args)
    except (BpcoreError, ValueError, TypeError, IndexError, RuntimeError) as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise FollowsBatch(f"with {size + FURTHER} samples it fails: {said}") from error
    return side_by_side(program, other, (size, size + FURTHER))


def _longer(x: Array) -> Array:
    """Return an array with a few samples more."""
    xp = array_namespace(x)
    return xp.concat([x, *[x[:1, ...]] * FURTHER], axis=0)


def _model(subject: Subject, program: Program, batched: str) -> ModelProto:
    inputs, parameters, slots = {}, {}, iter(program.inputs)
    for arg, names, held in zip(subject.args, subject.names, subject.held, strict=True):
        for name, array in zip(names, flatten(arg)[0], strict=True):
            slot = next(slots)
            if held:
                parameters[slot] = (name, array)
            else:
                inputs[slot] = name
    tree = unflatten(program.structure, list(range(len(program.outputs))))
    outputs = [name for name, _ in named_leaves(tree, subject.outputs)]
    return built(
        program, inputs=inputs, parameters=parameters, outputs=outputs, batched=batched, words=subject.words
    )
