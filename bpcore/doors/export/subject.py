"""What is exported, whichever way it was given: a function, its parameters, its inputs and their names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.export import table
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.layers import Layer
from bpcore.run.result import Run
from bpcore.run.tables.preparation import Preparation
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Dtype, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, tree_map

__all__ = ["Subject", "hosted", "subject_of"]


@dataclass(frozen=True)
class Subject:
    """A function of arguments, each of which is an input or holds parameters.

    Attributes
    ----------
    f : function
    args : tuple of trees
    names : tuple of tuples of str
        For each argument the names of its arrays.
    held : tuple of bool
        For each argument whether its arrays are parameters, which the file holds.
    outputs : str
        What the outputs' names begin with.
    words : mapping of str to str
        What is written beside the graph.
    """

    f: Callable[..., Tree]
    args: tuple[Tree, ...]
    names: tuple[tuple[str, ...], ...]
    held: tuple[bool, ...]
    outputs: str = "output"
    words: Mapping[str, str] = field(default_factory=dict)


def subject_of(target: object, args: tuple[Tree, ...], *, prepared: bool) -> Subject:
    """Return what is to be exported.

    Raises
    ------
    OptionError
        When the target is none that can be exported, or its arguments are not those that it takes.
    """
    if isinstance(target, Run):
        return _run(target, args, prepared=prepared)
    if isinstance(target, Layer):
        return _net(target, args)
    if not callable(target):
        raise OptionError("what is exported", target, "a run, a network, or a function of arrays")
    return _function(target, args)


def hosted(run: Run, tree: Tree) -> Tree:
    """Return a tree of the run's arrays as host arrays."""
    return tree_map(run.backend.to_host, tree)


def _run(run: Run, args: tuple[Tree, ...], *, prepared: bool) -> Subject:
    if len(args) > 1:
        raise OptionError("arguments beside a run", len(args), "one example of its inputs, or none")
    preparation = table.preparation_of(run, wanted=prepared)
    params, state = hosted(run, run.params), hosted(run, run.state)
    numbers = {} if preparation is None else table.arrays_of(preparation)
    names = (_named(params), _named(state, "state"), _named(numbers, "preparation"), ("x",))
    return Subject(
        _forward(run, preparation),
        (params, state, numbers, _example(run, preparation, args)),
        names,
        (True, True, True, False),
        table.meaning(preparation),
        {f"note {i}": note for i, note in enumerate(table.notes(preparation), start=1)},
    )


def _forward(run: Run, preparation: Preparation | None) -> Callable[..., Array]:
    """Return the network as a function of its parameters, with what is done around it."""

    def forward(params: Tree, state: Tree, numbers: Tree, x: Array) -> Array:
        if preparation is not None:
            x = array_namespace(x).astype(table.inputs(numbers, x), _dtype(params))
        y = run.net(params, x) if state is None else run.net.forward(params, state, x)[0]
        return y if preparation is None else table.outputs(preparation, numbers, y)

    return forward


def _dtype(params: Tree) -> Dtype:
    arrays = leaves(params)
    return arrays[0].dtype if arrays else find_backend("numpy").dtype("float32")


def _example(run: Run, preparation: Preparation | None, args: tuple[Tree, ...]) -> Array:
    """Return an input: the one that was given, or zeros, in the dtype that the network takes."""
    host = find_backend("numpy")
    kind = _dtype(hosted(run, run.params))
    if preparation is not None:
        kind = host.dtype("float64")
    elif run.net.integers:
        kind = host.dtype("int32")
    return host.asarray(args[0] if args else host.namespace.zeros((2, *run.features)), dtype=kind)


def _net(net: Layer, args: tuple[Tree, ...]) -> Subject:
    if len(args) not in (2, 3):
        do = "Pass its parameters and an example of its inputs: export_onnx(path, net, params, x)."
        raise OptionError(
            "arguments of a network", len(args), "two: params, x; or three: params, state, x", do
        )
    if len(args) == 2:  # noqa: PLR2004
        return Subject(net, args, (_named(args[0]), ("x",)), (True, False))
    names = (_named(args[0]), _named(args[1], "state"), ("x",))
    return Subject(lambda *inner: net.forward(*inner)[0], args, names, (True, True, False))


def _function(f: Callable[..., Tree], args: tuple[Tree, ...]) -> Subject:
    held = tuple(isinstance(arg, dict | list | tuple) for arg in args)
    names = tuple(
        _named(arg, name if sum(held) > 1 else None) if tree else (name,)
        for arg, name, tree in zip(args, _arguments(f, len(args)), held, strict=True)
    )
    return Subject(f, args, names, held)


def _arguments(f: Callable[..., Tree], count: int) -> list[str]:
    """Return the names of the first arguments, as the function has them."""
    try:
        parameters: list[Any] = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [parameter.name for parameter in parameters if parameter.kind in kinds]
    return [*names[:count], *(f"x{i}" for i in range(len(names), count))]


def _named(tree: Tree, prefix: str | None = None) -> tuple[str, ...]:
    pairs = named_leaves(tree) if prefix is None else named_leaves(tree, prefix)
    return tuple(name for name, _ in pairs) if flatten(tree)[0] else ()
