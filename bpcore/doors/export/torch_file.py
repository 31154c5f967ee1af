"""`save_torch` and `load_torch`: weights to and from a torch.nn.Sequential, as safetensors; without torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bpcore.doors.export.torch_names import PLAIN, Place, places
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.ground.registry import on_host
from bpcore.parts.initializers import Zeros
from bpcore.parts.keys import key
from bpcore.parts.layers import Chain, Layer, Linear, computes_as
from bpcore.parts.losses import Loss, SquaredError
from bpcore.run.files.model_file import plain_content, read_tensors
from bpcore.run.files.whole_file import write_whole
from bpcore.run.result import Run, check_run
from bpcore.words.errors import FileError, OptionError, ShapeError, did_you_mean
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import leaves

__all__ = ["load_torch", "save_torch"]

Steps = tuple[Any, ...]
"""From the root of a tree to one of its arrays."""
COUNTED = "num_batches_tracked"
"""What torch's batch norm keeps beside the means, and uses where its momentum is None."""


def save_torch(path: str | os.PathLike[str], run: Run, /) -> Path:
    """Write a run's weights as the state dict of a torch.nn.Sequential, in a safetensors file.

    ``Sequential.load_state_dict(safetensors.torch.load_file(path))`` takes them. The layers that it can hold:
    linear, convolution 1-D and 2-D, batch norm, layer norm, embedding, and those without parameters:
    activations, dropout, pooling, flatten, and a reshape to an image of one channel.

    Parameters
    ----------
    path : path
        A file of that name is replaced, once the new one is whole.
    run : Run
        Of a `Chain`. Images have their channels last here and first in torch; the weights after a flatten
        are put into torch's order.

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        When a layer has no counterpart there.
    """
    check_run(run, "run of save_torch")
    tensors: dict[str, Array] = {}
    host = find_backend("numpy")
    for place in places(run.net, run.features):
        array = run.backend.to_host(_at(run.state if place.carried else run.params, place.path))
        tensors[place.name] = place.out(array)
        if place.name.endswith("running_var"):
            counted = place.name.removesuffix("running_var") + COUNTED
            tensors[counted] = host.asarray(0, dtype=host.dtype("int64"))
    return write_whole(Path(path), plain_content(tensors, {"format": "pt"}))


def load_torch(
    source: str | os.PathLike[str] | Mapping[str, Array],
    /,
    net: Layer,
    *,
    features: tuple[int, ...] | None = None,
    loss: Loss | None = None,
    backend: str | Backend | None = None,
) -> Run:
    """Read the weights of a torch.nn.Sequential into a network of the same layers.

    Parameters
    ----------
    source : path, or mapping of str to array
        A safetensors file of a state dict, or a state dict.
    net : Chain
        With a layer for each of the Sequential's, in order.
    features : tuple of int or None
        The shape of one sample, an image's with the channels last; None where the first layer with weights is
        linear.
    loss : Loss or None
        None means `SquaredError`.
    backend : str, Backend or None
        Where to put the weights; None means NumPy.

    Returns
    -------
    Run

    Raises
    ------
    FileError
        When a weight is missing, is not expected, or has another shape.
    ExportError
        When a layer has no counterpart in a torch.nn.Sequential.
    """
    given: object = source
    if not isinstance(given, Mapping | str | os.PathLike):
        wanted = "a path, or a state dict, as model.state_dict()"
        raise OptionError("source of load_torch", type(given).__name__, wanted)
    name = "the state dict" if isinstance(source, Mapping) else Path(source)
    tensors = _tensors(source)
    shape = features or _features(net, tensors)
    params, state = _empty(net, shape)
    where = find_backend(backend)
    read: dict[bool, dict[Steps, Array]] = {False: {}, True: {}}  # of the parameters, of the state
    for place in _known(name, net, shape, tensors):
        array = _checked(name, tensors, place, state if place.carried else params)
        read[place.carried][place.path] = _placed(array, where)
    state = _filled(state, read[True])
    return Run(
        net=net,
        params=_filled(params, read[False]),
        state=state if leaves(state) else None,
        loss=loss or SquaredError(),
        features=tuple(shape),
        backend=where,
    )


def _tensors(source: str | os.PathLike[str] | Mapping[str, Array]) -> dict[str, Array]:
    if isinstance(source, Mapping):
        found = {name: on_host(array) for name, array in source.items()}
    else:
        found = dict(read_tensors(Path(source)))
    return {name: array for name, array in found.items() if name.rpartition(".")[2] != COUNTED}


def _features(net: Layer, tensors: Mapping[str, Array]) -> tuple[int, ...]:
    """Return the inputs of the first layer, where it is linear."""
    prefix, layer = "", net
    while computes_as(layer, Chain):
        index = next((i for i, part in enumerate(layer.layers) if not isinstance(part, PLAIN)), None)
        if index is None:
            break
        prefix, layer = f"{prefix}{index}.", layer.layers[index]
    weight = tensors.get(f"{prefix}weight")
    if not isinstance(layer, Linear) or weight is None or len(weight.shape) != 2:  # noqa: PLR2004
        do = "As features=(28, 28, 1), channels last."
        raise OptionError("features", None, "the shape of one sample", do)
    return (int(weight.shape[1]),)


def _empty(net: Layer, shape: tuple[int, ...]) -> tuple[Tree, Tree]:
    try:
        params = net.init(key(0), shape)
    except ShapeError as error:
        raise OptionError("features", shape, f"what the network takes ({str(error).rstrip('.')})") from error
    like = leaves(params)[0] if leaves(params) else Zeros()(key(0), (1,))
    return params, net.init_state(shape, like=like)


def _known(
    name: object, net: Layer, shape: tuple[int, ...], tensors: Mapping[str, Array]
) -> tuple[Place, ...]:
    """Return the places, each of which there is a tensor for, and no tensor more."""
    found = places(net, shape)
    wanted = {place.name for place in found}
    for given in sorted(tensors):
        if given not in wanted:
            raise FileError(name, f"{given} is of no layer of {net}", did_you_mean(given, wanted).strip())
    missing = sorted(wanted - set(tensors))
    if missing:
        raise FileError(name, f"{missing[0]} is missing", "Give the network that the weights are of.")
    return found


def _checked(name: object, tensors: Mapping[str, Array], place: Place, tree: Tree) -> Array:
    """Return a tensor in our layout, after a look at its shape."""
    wanted, given = tuple(place.out(_at(tree, place.path)).shape), tensors[place.name]
    if tuple(given.shape) != wanted:
        what = f"{place.name} is {tuple(given.shape)}, wanted {wanted}"
        raise FileError(name, what, "Give the network that the weights are of.")
    return place.back(given)


def _at(tree: Any, path: tuple[Any, ...]) -> Array:
    for part in path:
        tree = tree[part]
    return tree


def _filled(tree: Tree, read: Mapping[Steps, Array], path: Steps = ()) -> Tree:
    """Return a tree with the arrays that were read."""
    if isinstance(tree, dict):
        return {name: _filled(part, read, (*path, name)) for name, part in tree.items()}
    if isinstance(tree, list):
        return [_filled(part, read, (*path, i)) for i, part in enumerate(tree)]
    return read[path]


def _placed(array: Array, where: Backend) -> Array:
    wide = str(array.dtype) == "float64" and where.float64
    return where.asarray(array, dtype=where.dtype("float64" if wide else "float32"))
